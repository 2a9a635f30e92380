"""Decides which codes a person should look at, and why; riskiest first, never all of them.

One pass over the codes in question, however many. An alarm (hosts enrolled
with a code that nobody holds, a value reported as leaked) comes before any number.
"""

import enum
import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from registercodes import access, facts, outside, quotas, resolving, risk, rules, standing, states
from registercodes.facts import Told
from registercodes.models import Action, AuditEvent, RegisterCode, UpstreamCode
from registercodes.quotas import Quota
from registercodes.resolving import Ambiguous
from registercodes.risk import Reach
from registercodes.standing import Standing
from registercodes.wording import WIDE_PREFIX

MOST = 50
AMBIGUOUS_MOST = 10  # each is searched for on its own
OUTSIDE_MOST = 200
UNUSED_AFTER = timedelta(days=1)
WIDE = 2 ** (32 - WIDE_PREFIX)  # addresses; more than that is wide
State = RegisterCode.State


class Why(enum.StrEnum):
    """In the order in which they press."""

    ORPHAN = "orphan"
    REPORTED = "reported"
    DISABLING = "disabling"
    AMBIGUOUS = "ambiguous"
    UNKNOWN = "unknown"
    UNCONFIRMED = "unconfirmed"
    CREATOR = "creator"
    UNRESTRICTED = "unrestricted"
    PERMANENT = "permanent"
    WIDE = "wide"


@dataclass(frozen=True)
class Item:
    """One code, of ours or from outside, with every reason; the first of them says what to do."""

    whys: tuple[Why, ...]
    reach: Reach
    code: RegisterCode | None = None
    standing: Standing | None = None
    candidates: tuple[UpstreamCode, ...] = ()

    @property
    def called(self) -> str:
        """What a person can tell it by, in words read aloud."""
        return self.code.reference if self.code else self.standing.told.code_id

    @property
    def order(self) -> tuple[bool, int]:
        return bool({Why.ORPHAN, Why.REPORTED} & {*self.whys}), self.reach.risk


@dataclass(frozen=True)
class Attention:
    items: list[Item]
    more: int
    quotas: list[Quota] = field(default_factory=list)


def of(user: Any) -> Attention:
    """What this person may see of it: their teams', or everybody's with a role."""
    now, teams = timezone.now(), access.team_ids_seen(user)
    ambiguous = _ambiguous(teams)
    found = [*_of_ours(teams, ambiguous, now=now), *_of_outside(teams, now=now)]
    first = heapq.nlargest(MOST, found, key=lambda item: item.order)
    return Attention(first, len(found) - len(first), _full() if user.roles else [])


def whys_of(code: RegisterCode, *, now: datetime) -> tuple[Why, ...]:
    """By the code with all that is read beside it, as below; empty where nothing is amiss. Pure."""
    honest = states.state_of(code, upstream=code.upstream, as_of=code.as_of, now=now)
    hosts = (code.upstream.registered_count or 0) if code.upstream else 0
    found = {
        Why.ORPHAN: code.state in (State.FOUND, State.WITHHELD) and hosts > 0,
        Why.DISABLING: _is_still_to_disable(code, honest.state, now=now),
        Why.UNKNOWN: honest.state == states.State.UNKNOWN,
        Why.REPORTED: honest.state in states.ADMITTING and code.is_reported,
    }
    if honest.state in states.ADMITTING and honest.state != states.State.DISABLING:
        width = risk.width_of(code.ip_first, code.ip_last)
        unused = code.upstream is not None and hosts == 0 and now - code.created_at >= UNUSED_AFTER
        found |= {
            Why.UNCONFIRMED: honest.state == states.State.UNCONFIRMED,
            Why.CREATOR: not code.creator_is_in,
            Why.UNRESTRICTED: width is None,
            Why.PERMANENT: code.permanent,
            Why.WIDE: width is not None and width > WIDE and unused,
        }
    return tuple(why for why in Why if found.get(why))


def reach_of(code: RegisterCode, *, now: datetime) -> Reach:
    """By the cloud's word where there is one, by what was asked where there is none."""
    used = (code.upstream.registered_count or 0) if code.upstream else 0
    ends = states.expiry_of(code, code.upstream)
    if ends is None and not code.permanent:
        ends = code.created_at + timedelta(hours=code.effective_time)
    return Reach(
        uses=max(0, code.register_limit - used),
        seconds=None if ends is None else max(0.0, (ends - now).total_seconds()),
        addresses=risk.width_of(code.ip_first, code.ip_last),
    )


def _is_still_to_disable(code: RegisterCode, state: states.State, *, now: datetime) -> bool:
    wanted = code.disable_wanted_at is not None and code.disabled_at is None
    if code.state in (State.FOUND, State.WITHHELD):
        ends, gone = states.expiry_of(code, code.upstream), code.upstream and code.upstream.gone_at
        return wanted and not gone and (ends is None or ends > now)
    return wanted and state == states.State.DISABLING


# Codes of ours.


def _of_ours(teams: list[int] | None, ambiguous: dict[int, Ambiguous], *, now: datetime) -> Iterator[Item]:
    passes = standing.last_passes()
    for code in _in_question(teams, now=now).iterator(chunk_size=500):
        code.upstream = (
            Told(*(getattr(code, f"told_{name}") for name in facts.NAMES)) if code.told_changed_at else None
        )
        heard = [passes.get(code.region), code.upstream and code.upstream.changed_at]
        code.as_of = max(filter(None, heard), default=None)
        whys = whys_of(code, now=now)
        if found := ambiguous.get(code.pk):
            whys = (Why.AMBIGUOUS, *(why for why in whys if why != Why.UNKNOWN))
        if whys:
            yield Item(whys, reach_of(code, now=now), code=code, candidates=found.candidates if found else ())


def _in_question(teams: list[int] | None, *, now: datetime) -> QuerySet[RegisterCode]:
    """Whatever may have a reason: the reasons themselves are told apart in one place, above."""
    unsettled = Q(state=State.UNKNOWN) | Q(state=State.PENDING, created_at__lt=now - states.patience())
    lasts = Q(expires_at=None) | Q(expires_at__gt=now)
    is_in = access.current_memberships().filter(user=OuterRef("created_by"), team=OuterRef("team"))
    reported = AuditEvent.objects.filter(action=Action.VALUE_REPORTED, register_code__isnull=False)
    reported = reported.values("register_code")
    odd = (
        *(Q(confirmed_at=None), Q(permanent=True), Q(ip_first=None), Q(ip_last__gt=F("ip_first") + WIDE - 1)),
        *(Q(disable_wanted_at__isnull=False), ~Exists(is_in), Q(pk__in=reported)),
    )
    usable = Q(state=State.ISSUED, disabled_at=None) & lasts
    nobody_holds = Q(state__in=[State.FOUND, State.WITHHELD])
    told = UpstreamCode.objects.filter(
        account=OuterRef("account"), region=OuterRef("region"), code_id=OuterRef("code_id")
    )
    columns = {f"told_{name}": Subquery(told.values(name)[:1]) for name in facts.NAMES}
    rows = RegisterCode.objects.filter(account=settings.TAT_ACCOUNT).select_related("team").order_by("pk")
    if teams is not None:
        rows = rows.filter(team__in=teams)
    any_odd = Q()
    for one in odd:
        any_odd |= one
    told_of = {"creator_is_in": Exists(is_in), "is_reported": Exists(reported.filter(register_code=OuterRef("pk")))}
    return rows.filter(unsettled | nobody_holds | (usable & any_odd)).annotate(**told_of, **columns)


def _ambiguous(teams: list[int] | None) -> dict[int, Ambiguous]:
    """Of the newest unknown requests: each costs two statements."""
    rows = RegisterCode.objects.filter(state=State.UNKNOWN, account=settings.TAT_ACCOUNT)
    if teams is not None:
        rows = rows.filter(team__in=teams)
    newest = list(rows.order_by("-pk").values_list("pk", flat=True)[:AMBIGUOUS_MOST])
    found = resolving.ambiguous(RegisterCode.objects.filter(pk__in=newest)) if newest else []
    return {one.code.pk: one for one in found}


# Codes from outside: those that a team adopted, and those that somebody wants disabled.


def _of_outside(teams: list[int] | None, *, now: datetime) -> Iterator[Item]:
    decisions = outside.decided().filter(disabled_at=None).order_by("-pk")
    if teams is not None:
        decisions = decisions.filter(team__in=teams)
    for one in standing.of_decisions(decisions, most=OUTSIDE_MOST):
        if one.is_open and (whys := _whys_of_outside(one, now=now)):
            yield Item(whys, one.reach, standing=one)


def _whys_of_outside(one: Standing, *, now: datetime) -> tuple[Why, ...]:
    if one.decision.disable_wanted_at:
        return (Why.DISABLING,)
    bounds = rules.bounds_of(one.told.ip_address_range) if one.is_range else None
    width = risk.width_of(*(bounds or (None, None)))
    since = one.told.created_at or one.told.first_seen_at
    found = {
        Why.UNRESTRICTED: width is None,
        Why.PERMANENT: one.told.expires_at is None,
        Why.WIDE: (width or 0) > WIDE and not one.told.registered_count and now - since >= UNUSED_AFTER,
    }
    return tuple(why for why in Why if found.get(why))


def _full() -> list[Quota]:
    """Regions with codes alone are asked about, the fullest first."""
    rows = UpstreamCode.objects.filter(account=settings.TAT_ACCOUNT, gone_at=None)
    regions = rows.values("region").annotate(number=Count("*")).order_by("-number", "region")
    return [quota for quota in quotas.of([row["region"] for row in regions]) if quota.is_nearly_full]
