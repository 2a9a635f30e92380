"""Says in words what a code is good for and how it stands; decides nothing."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from registercodes import rules
from registercodes.rules import Asked
from registercodes.states import Honest, State

WIDE_PREFIX = 16  # 65 536 addresses: wider deserves a second look
HOURS_A_YEAR = 8766
# RFC 1918, carrier-grade NAT (RFC 6598), loopback, link-local.
NEVER_PUBLIC = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
)


@dataclass(frozen=True)
class ShownState:
    """A short label, the tone it is drawn in (ok, busy, warn, bad, idle), and a sentence."""

    label: str
    tone: str
    explained: str
    as_of: datetime | None = None  # when the cloud last said so; None: by our own record


def moment(at: datetime) -> str:
    """``Fri 27 Nov 2026 18:00 UTC``: no order of digits to guess, the zone always said."""
    return format_date(at.astimezone(UTC), "D j M Y H:i") + " UTC"


def short_moment(at: datetime, *, now: datetime) -> str:
    """``18:00 UTC`` of today, ``27 Nov 18:00 UTC`` of another day."""
    at, now = at.astimezone(UTC), now.astimezone(UTC)
    return format_date(at, "H:i" if at.date() == now.date() else "j M H:i") + " UTC"


def duration(hours: int) -> str:
    """Hours, and the nearest larger unit when that says more."""
    words = ngettext("%(count)s hour", "%(count)s hours", hours) % {"count": grouped(hours)}
    if hours >= HOURS_A_YEAR:
        return f"{words} ({_('about %(years).1f years') % {'years': hours / HOURS_A_YEAR}})"
    if hours >= 48 and hours % 24 == 0:
        days = hours // 24
        return f"{words} ({ngettext('%(count)s day', '%(count)s days', days) % {'count': grouped(days)}})"
    return words


def grouped(number: int) -> str:
    """With spaces that no line breaks at."""
    return f"{number:,}".replace(",", "\u00a0")


def network(text: str) -> str:
    """A well-formed range in words: which network it means and how many addresses."""
    means = rules.network_of(text)
    if means is None:
        return _("any address")
    if means.prefixlen == 0:
        return _("any address (0.0.0.0/0)")
    if means.num_addresses == 1:
        return str(means.network_address)
    count = _("%(count)s addresses") % {"count": grouped(means.num_addresses)}
    return f"{means} ({count})"


def sentence(asked: Asked, *, until: datetime | None) -> str:
    """What a code is good for. ``until`` None: by its hours when finite, for ever when permanent."""
    limit = asked.register_limit
    parts = [
        ngettext("Up to %(count)s host in %(region)s", "Up to %(count)s hosts in %(region)s", limit)
        % {"count": grouped(limit), "region": asked.region}
    ]
    if asked.instance_name_prefix:
        parts.append(_("named %(prefix)s…") % {"prefix": asked.instance_name_prefix})
    parts.append(_("from %(network)s") % {"network": network(asked.ip_address_range)})
    return ", ".join([*parts, _lasting(asked, until)]) + "."


def _lasting(asked: Asked, until: datetime | None) -> str:
    if asked.permanent:
        return _("for ever, until someone disables it")
    if until is None:
        return _("for %(duration)s") % {"duration": duration(asked.effective_time)}
    return _("until %(moment)s") % {"moment": moment(until)}


def expiry(asked: Asked, *, start: datetime | None = None) -> datetime | None:
    """When a code made at ``start`` (now) ends; None for a permanent one."""
    if asked.permanent:
        return None
    return (start or datetime.now(UTC)) + timedelta(hours=asked.effective_time)


def warnings(asked: Asked) -> list[str]:
    """What an attentive colleague would say before pressing the button."""
    said = []
    means = rules.network_of(asked.ip_address_range)
    if means is None or means.prefixlen == 0:
        said.append(_("Any host that has the value can enrol: no IP range restricts it."))
    elif is_private(means):
        said.append(
            _("This range is private. The cloud compares the public address a host goes out with: none may match.")
        )
    if means and means.prefixlen and str(means) != asked.ip_address_range and "/" in asked.ip_address_range:
        said.append(
            _("%(typed)s means the whole network %(network)s.")
            % {"typed": asked.ip_address_range, "network": network(asked.ip_address_range)}
        )
    elif means and 0 < means.prefixlen < WIDE_PREFIX:
        said.append(_("This range is very wide: %(network)s.") % {"network": network(asked.ip_address_range)})
    if asked.permanent:
        said.append(_("A permanent code never expires: it stays a key to the fleet until someone disables it."))
    return said


def is_private(means: ipaddress.IPv4Network) -> bool:
    """Addresses that never arrive from the Internet."""
    return any(means.subnet_of(never_public) for never_public in NEVER_PUBLIC)


def shown_state(honest: Honest, *, disabled: bool) -> ShownState:
    """The state in words; ``disabled``: the cloud agreed to disable the code."""
    label, tone, explained = _told(honest, disabled=disabled)
    return ShownState(label, tone, explained, honest.as_of)


def _told(honest: Honest, *, disabled: bool) -> tuple[str, str, str]:
    if honest.state == State.WITHHELD:
        closed = _("It is disabled.") if disabled else _("The cloud has not agreed to disable it yet.")
        return _("Withheld"), "bad", _("The cloud made a code whose value was shown to nobody.") + " " + closed
    if honest.state == State.DISABLED and not honest.by_us:
        said = _("The cloud says that no host can enrol with it, and not why. It was not disabled here.")
        return _("Not enabled"), "idle", said
    return _states()[honest.state]


def state_label(state: State) -> str:
    return _states().get(state, (_("Withheld"),))[0]


def countdown(until: datetime, *, now: datetime) -> str:
    """Time left, in the two largest units; the page's script goes on with the same words (templates/_left.html)."""
    minutes = int((until - now).total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    if minutes < 0:
        return _("over")
    if days:
        return _("{d} d {h} h left").format(d=grouped(days), h=hours)
    if hours:
        return _("{h} h {m} min left").format(h=hours, m=minutes % 60)
    return _("{m} min left").format(m=minutes) if minutes else _("less than a minute left")


def _states() -> dict[State, tuple[str, str, str]]:
    return {
        State.ACTIVE: (_("Active"), "ok", _("Hosts can enrol with it.")),
        State.EXPIRES_SOON: (_("Expires soon"), "warn", _("Hosts can enrol with it, and not for much longer.")),
        State.EXPIRED: (_("Expired"), "idle", _("Its time is over; no further host can enrol.")),
        State.USED_UP: (_("Used up"), "idle", _("As many hosts enrolled as it allows; no further one can.")),
        State.DISABLING: (
            _("Disabling"),
            "bad",
            _("It should be disabled, and the cloud has not agreed yet: hosts can still enrol."),
        ),
        State.DISABLED: (_("Disabled"), "idle", _("The cloud has disabled it; no further host can enrol.")),
        State.DELETED_UPSTREAM: (
            _("Deleted upstream"),
            "idle",
            _("The cloud no longer has it; no further host can enrol."),
        ),
        State.UNCONFIRMED: (
            _("Unconfirmed"),
            "warn",
            _("Its value was shown once, and nobody has said that it is stored."),
        ),
        State.STILL_WORKING: (_("Still working"), "busy", _("The cloud has not answered yet.")),
        State.UNKNOWN: (
            _("Unknown"),
            "bad",
            _("It is not known whether the cloud made a code. Nobody has its value."),
        ),
        State.FOUND: (
            _("Found and disabled"),
            "idle",
            _("The cloud had made it; nobody saw its value and it was disabled."),
        ),
        State.ABSENT: (_("Never made"), "idle", _("The cloud has no such code.")),
        State.REFUSED: (_("Refused"), "idle", _("The cloud refused; no code was created.")),
        State.NOT_SENT: (_("Not sent"), "idle", _("Nothing was sent to the cloud; no code was created.")),
    }
