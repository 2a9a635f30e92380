"""Decides how much a team may ask for: narrows the API's rules, never widens them. Same Problem type."""

import ipaddress
from datetime import UTC, datetime, time

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from registercodes import rules
from registercodes.models import RegisterCode, Team
from registercodes.rules import Asked, Problem, gettext_noop


def regions_of(team: Team) -> tuple[str, ...]:
    """The configured regions the team may use, in the configured order."""
    return tuple(region for region in settings.TAT_REGIONS if not team.regions or region in team.regions)


def check(asked: Asked, team: Team) -> list[Problem]:
    """Every way in which the team's policy refuses ``asked``; the day's quota is counted under lock elsewhere."""
    found = [
        _check_region(asked, team),
        _check_limit(asked, team),
        _check_validity(asked, team),
        _check_description(asked, team),
        _check_range(asked, team),
    ]
    return [problem for problem in found if problem]


def _check_region(asked: Asked, team: Team) -> Problem | None:
    if asked.region in regions_of(team):
        return None
    return Problem("region", "policy", gettext_noop("Your team may not make codes in this region."))


def _check_limit(asked: Asked, team: Team) -> Problem | None:
    if asked.register_limit <= team.max_register_limit:
        return None
    message = gettext_noop("Your team may enrol at most %(most)d hosts with one code.")
    return Problem("register_limit", "policy", message, {"most": team.max_register_limit})


def _check_validity(asked: Asked, team: Team) -> Problem | None:
    if asked.permanent:
        if team.permanent_allowed:
            return None
        return Problem("effective_time", "policy", gettext_noop("Your team may not make permanent codes."))
    if asked.effective_time <= team.max_hours:
        return None
    message = gettext_noop("Your team's codes may last at most %(most)d hours.")
    return Problem("effective_time", "policy", message, {"most": team.max_hours})


def _check_description(asked: Asked, team: Team) -> Problem | None:
    if asked.description or not team.description_required:
        return None
    return Problem("description", "policy", gettext_noop("Your team asks for a description."))


def _check_range(asked: Asked, team: Team) -> Problem | None:
    """Expects a well-formed range: the rules come first. ``/0`` is no restriction, as is no range."""
    if rules.check_ip_address_range(asked.ip_address_range):
        return None
    network = rules.network_of(asked.ip_address_range) or ipaddress.IPv4Network("0.0.0.0/0")
    if network.prefixlen == 0 and (team.ip_range_required or team.widest_prefix or team.allowed_networks):
        return Problem("ip_address_range", "policy", gettext_noop("Your team asks for an IP range."))
    if network.prefixlen < team.widest_prefix:
        message = gettext_noop("Your team allows /%(widest)d or narrower.")
        return Problem("ip_address_range", "policy", message, {"widest": team.widest_prefix})
    if not team.allowed_networks or any(
        network.subnet_of(ipaddress.IPv4Network(allowed, strict=False)) for allowed in team.allowed_networks
    ):
        return None
    message = gettext_noop("Your team allows addresses in %(networks)s only.")
    return Problem("ip_address_range", "policy", message, {"networks": ", ".join(team.allowed_networks)})


def used_today(team: Team, *, now: datetime | None = None) -> int:
    """Codes counted against the quota of the UTC day ``now`` lies in."""
    now = now or timezone.now()
    midnight = datetime.combine(now.astimezone(UTC).date(), time(), tzinfo=UTC)
    return RegisterCode.objects.filter(team=team, created_at__gte=midnight, state__in=RegisterCode.COUNTED).count()


def closed_problem(team: Team) -> Problem | None:
    """Asked under the team's lock too: it may have been switched off since access was checked."""
    return None if team.active else Problem("", "inactive", gettext_noop("Your team may not make codes at present."))


def left_today(team: Team) -> int | None:
    """None without a quota. Binding inside the transaction that holds the team's lock; elsewhere a hint."""
    return None if team.codes_per_day is None else max(0, team.codes_per_day - used_today(team))


def quota_problem(team: Team, *, left: int | None) -> Problem | None:
    if left is None or left > 0:
        return None
    message = gettext_noop("Your team's quota for today (%(most)d) is used up; the day changes at 00:00 UTC.")
    return Problem("", "quota", message, {"most": team.codes_per_day})


def notes(team: Team, *, left: int | None) -> list[str]:
    """What to know about the team before filling in the form."""
    if left is None:
        return []
    words = ngettext(
        "%(left)d of %(most)d code left today.", "%(left)d of %(most)d codes left today.", team.codes_per_day
    )
    return [words % {"left": left, "most": team.codes_per_day} + " " + gettext("The day changes at 00:00 UTC.")]
