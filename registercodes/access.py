"""Decides who may see and do what. Strangers get 404, members without the right 403; no answer means no."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db.models import BigIntegerField, DateTimeField, QuerySet
from django.http import Http404
from django.utils import timezone

from registercodes import audit
from registercodes.audit import Origin
from registercodes.database import DATABASE_AWAY
from registercodes.models import Action, Membership, RegisterCode, Team
from registercodes.prepared import Given, Prepared

log = logging.getLogger("registercodes.access")

NO_TEAM = 0  # asked for like any other, so that a code that does not exist costs the same statements
ASKED_MAX = 40


class Refusal(Exception):
    """What a signed-in person may not; ``reason`` is for the record, ``asked`` is what they asked for."""

    def __init__(self, reason: str, *, asked: str) -> None:
        super().__init__(reason)
        self.reason, self.asked = reason, asked


class NotThere(Refusal, Http404):
    """Not theirs, or nobody's: which of the two is not told."""


class MayNot(Refusal, PermissionDenied):
    """They may see it and not do this."""


class TeamSwitchedOff(MayNot):
    """One's own team, which makes no codes at present: its page says that rather than "not yours"."""


def current_memberships(*, checked_since: Given | None = None) -> QuerySet[Membership]:
    """Memberships that a sign-in or re-check confirmed recently, of people who are not deactivated."""
    return Membership.objects.filter(checked_at__gte=checked_since or lapsed_before(), user__is_active=True)


def lapsed_before() -> datetime:
    return timezone.now() - timedelta(days=settings.MEMBERSHIP_DAYS)


_OF = Given("user", BigIntegerField())
_IN = Given("team", BigIntegerField())
_LAPSED = Given("lapsed_before", DateTimeField())


@Prepared
def _teams() -> QuerySet[Team]:
    return Team.objects.filter(memberships__user_id=_OF, memberships__checked_at__gte=_LAPSED)


@Prepared
def _memberships() -> QuerySet[Membership]:
    return current_memberships(checked_since=_LAPSED).filter(user_id=_OF, team_id=_IN).values_list("pk")


@Prepared
def _memberships_to_issue() -> QuerySet[Membership]:
    current = current_memberships(checked_since=_LAPSED)
    return current.filter(user_id=_OF, team_id=_IN, team__active=True).values_list("pk")


def teams_of(user: Any) -> list[Team]:
    """By name. Read once per request (``user`` is the request's own); what decides over a value asks ``may_issue``."""
    if not hasattr(user, "_teams"):
        user._teams = _teams(user=user.pk, lapsed_before=lapsed_before()) if user.is_active else []
    return user._teams


def is_member(user: Any, team_id: int) -> bool:
    return bool(_memberships(user=user.pk, team=team_id, lapsed_before=lapsed_before()))


def may_issue(user: Any, team: Team) -> bool:
    """Asked of the database anew each time: rights are read again before a value is shown."""
    return bool(_memberships_to_issue(user=user.pk, team=team.pk, lapsed_before=lapsed_before()))


def may_close(user: Any, code: RegisterCode) -> bool:
    return is_member(user, code.team_id) or user.is_administrator


def team_to_issue_for(user: Any, key: str) -> Team:
    team = next((team for team in teams_of(user) if team.key == key), None)
    if team is None:
        raise NotThere("team_not_found", asked=key)
    if not team.active:
        raise TeamSwitchedOff("team_inactive", asked=key)
    return team


def code_to_see(user: Any, reference: str) -> RegisterCode:
    """A stranger's code and one that does not exist are the same to ask for: answer, statements and event."""
    beside = ("team", "created_by", "replaces", "replaced_by")
    code = RegisterCode.objects.select_related(*beside).filter(reference=reference).first()
    may_look = is_member(user, code.team_id if code else NO_TEAM) or user.is_auditor or user.is_administrator
    if code is None or not may_look:
        raise NotThere("code_not_found", asked=reference)
    return code


def code_to_close(user: Any, reference: str) -> RegisterCode:
    code = code_to_see(user, reference)
    if not may_close(user, code):
        raise MayNot("code_may_not_close", asked=reference)
    return code


def codes_to_close(user: Any, references: Sequence[str]) -> list[RegisterCode]:
    """All of them, or none: one that is not theirs answers like one that does not exist."""
    teams = {team.pk for team in teams_of(user)}
    found = list(RegisterCode.objects.select_related("team").filter(reference__in=references))
    sees_all = user.is_auditor or user.is_administrator
    mine = [code for code in found if sees_all or code.team_id in teams]
    if len(mine) < len(references):
        lacking = next(one for one in references if one not in {code.reference for code in mine})
        raise NotThere("code_not_found", asked=lacking)
    for code in mine:
        if not (code.team_id in teams or user.is_administrator):
            raise MayNot("code_may_not_close", asked=code.reference)
    return sorted(mine, key=lambda code: references.index(code.reference))


def code_to_replace(user: Any, reference: str) -> RegisterCode:
    """By whoever may make codes for its team: an administrator without that closes it only."""
    code = code_to_see(user, reference)
    if code.team_id not in {team.pk for team in teams_of(user)}:
        raise MayNot("code_may_not_replace", asked=reference)
    if not code.team.active:
        raise TeamSwitchedOff("team_inactive", asked=reference)
    return code


def code_to_confirm(user: Any, reference: str) -> RegisterCode:
    """Only who was shown a value can say that it is stored."""
    code = code_to_see(user, reference)
    if code.created_by_id != user.pk:
        raise MayNot("code_may_not_confirm", asked=reference)
    return code


def must_administer(user: Any, *, asked: str) -> None:
    if not user.is_administrator:
        raise MayNot("not_an_administrator", asked=asked)


def must_look_after_codes(user: Any, *, asked: str) -> None:
    """Whoever is in a team or has a role; others have no code to look at."""
    if not (user.roles or teams_of(user)):
        raise MayNot("in_no_team", asked=asked)


def team_ids_seen(user: Any) -> list[int] | None:
    """The teams whose codes the person may look at; None: all of them."""
    return None if user.roles else [team.pk for team in teams_of(user)]


def note(refusal: Refusal, *, user: Any, origin: Origin) -> None:
    """On record, folded by its reason alone: what was asked for is the person's word and could be new each time.

    A database that is busy must not turn the refusal into an error.
    """
    detail = {"asked": refusal.asked[:ASKED_MAX]}
    try:
        audit.record_folded(Action.USER_DENIED, actor=user, reason=refusal.reason, origin=origin, detail=detail)
    except DATABASE_AWAY:
        log.warning("denial_not_recorded", extra={"reason": refusal.reason}, exc_info=True)


def renew_memberships(user: Any, groups: set[str], *, at: datetime) -> tuple[set[str], set[str]]:
    """Make the person's memberships those of ``groups``, exactly, as of ``at``. Returns team keys (gained, lost).

    For sign-in and re-check only, inside their transaction.
    """
    had = dict(Membership.objects.filter(user=user).values_list("team_id", "team__key"))
    has = dict(Team.objects.filter(sso_group__in=groups - {""}).values_list("pk", "key"))
    Membership.objects.filter(user=user, team__in=had.keys() - has.keys()).delete()
    Membership.objects.filter(user=user, team__in=had.keys() & has.keys()).update(checked_at=at)
    Membership.objects.bulk_create(
        [Membership(user=user, team_id=pk, checked_at=at) for pk in sorted(has.keys() - had.keys())],
        update_conflicts=True,  # two sign-ins of one person at once
        unique_fields=["team", "user"],
        update_fields=["checked_at"],
    )
    user.__dict__.pop("_teams", None)
    return set(has.values()) - set(had.values()), set(had.values()) - set(has.values())
