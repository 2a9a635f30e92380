"""The page of what needs attention: in words why, and one thing to do."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from registercodes import access, wording
from registercodes import attention as attending
from registercodes.attention import Item, Why
from registercodes.models import Team
from registercodes.risk import Reach


@dataclass(frozen=True)
class Deed:
    """A link, or a press of its own where ``is_press``; ``is_closing`` is drawn as such."""

    label: str
    url: str
    is_press: bool = False
    is_closing: bool = False


@dataclass(frozen=True)
class Shown:
    item: Item
    team: Team | None
    reasons: list[tuple[str, str, str]]  # label, tone, why it matters
    reach: str
    deed: Deed | None


@require_safe
def attention(request: HttpRequest) -> HttpResponse:
    access.must_look_after_codes(request.user, asked="attention")
    found = attending.of(request.user)
    context = {
        "shown": [_shown(request, item) for item in found.items],
        "more": found.more,
        "quotas": found.quotas,
        "sees_all": bool(request.user.roles),
    }
    return render(request, "registercodes/attention.html", context)


def _shown(request: HttpRequest, item: Item) -> Shown:
    team = item.code.team if item.code else item.standing.decision.team
    reasons = [_reason(why) for why in item.whys]
    return Shown(item, team, reasons, reach_words(item.reach), _deed(request, item, team))


def _deed(request: HttpRequest, item: Item, team: Team | None) -> Deed | None:
    """The one right thing that this person may do."""
    user, first = request.user, item.whys[0]
    mine = {team.pk for team in access.teams_of(user)}
    may_close = user.is_administrator or (team is not None and team.pk in mine)
    disable = _("Ask the cloud again") if first == Why.DISABLING else _("Disable")
    if item.standing:
        url = reverse("registercodes:outside_disable", args=[item.standing.pk])
        return Deed(disable, url, is_closing=True) if may_close else None
    code = item.code
    record = Deed(_("Open its record"), reverse("registercodes:card", args=[code.reference]))
    if first in (Why.AMBIGUOUS, Why.UNKNOWN) or not may_close or code.disabled_at:
        return record
    if first == Why.UNCONFIRMED and code.created_by_id == user.pk and getattr(request, "may_create", True):
        url = reverse("registercodes:stored", args=[code.reference])
        return Deed(_("I have stored it"), url, is_press=True)
    return Deed(disable, reverse("registercodes:disable", args=[code.reference]), is_closing=True)


def reach_words(reach: Reach) -> str:
    """The three things that the order is made of."""
    uses = ngettext("%(count)s more host", "%(count)s more hosts", reach.uses) % {"count": wording.grouped(reach.uses)}
    if reach.addresses is None:
        width = _("from any address")
    else:
        width = ngettext("from %(count)s address", "from %(count)s addresses", reach.addresses) % {
            "count": wording.grouped(reach.addresses)
        }
    return ", ".join([uses, _lasting(reach.seconds), width])


def _lasting(seconds: float | None) -> str:
    if seconds is None:
        return _("without end")
    if seconds <= 0:
        return _("its time is over")
    if seconds < timedelta(hours=1).total_seconds():
        return _("for less than an hour")
    return _("until %(moment)s") % {"moment": wording.moment(timezone.now() + timedelta(seconds=seconds))}


def _reason(why: Why) -> tuple[str, str, str]:
    return _reasons()[why]


def _reasons() -> dict[Why, Any]:
    return {
        Why.ORPHAN: (
            _("Hosts without an owner"),
            "bad",
            _("Hosts enrolled with it, though its value was shown to nobody here. Look at them in the cloud now."),
        ),
        Why.REPORTED: (
            _("Reported as leaked"),
            "bad",
            _("Somebody saw its value where it should not be. Disable it now, and replace it where it is needed."),
        ),
        Why.DISABLING: (
            _("Not disabled yet"),
            "bad",
            _("It should be disabled, and the cloud has not agreed: hosts can still enrol."),
        ),
        Why.AMBIGUOUS: (
            _("Ambiguous"),
            "bad",
            _(
                "Several codes, or one without a sure sign, may be what became of this request. "
                "Nothing is disabled until somebody has looked."
            ),
        ),
        Why.UNKNOWN: (
            _("Unknown"),
            "warn",
            _("The cloud may have made a code that nobody holds. The next syncs look for it."),
        ),
        Why.UNCONFIRMED: (
            _("Unconfirmed"),
            "warn",
            _("Nobody has said that its value is stored. If it was lost, or went astray, close the code."),
        ),
        Why.CREATOR: (
            _("Its maker is gone"),
            "warn",
            _("Who made it is no longer in the team, or has not been seen for long, and may still hold its value."),
        ),
        Why.UNRESTRICTED: (
            _("Unrestricted"),
            "warn",
            _("No IP range restricts it: whoever gets hold of its value can enrol from anywhere."),
        ),
        Why.PERMANENT: (_("Permanent"), "warn", _("It never expires: a key to the fleet until someone disables it.")),
        Why.WIDE: (
            _("Wide and unused"),
            "warn",
            _("Its range is very wide, and no host has used it for a day: a narrower code may do."),
        ),
    }
