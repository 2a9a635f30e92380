"""Reads what auditors see at a glance: what happened of late, and what is still open. Bounded by days and indexes."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Q, Sum, TextField, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Left

from registercodes import history
from registercodes.admitting import Moment
from registercodes.models import Action, AuditEvent, Outcome, RegisterCode, Team

DAYS = 30
MOST = 8  # lines of a list
EVERYWHERE = 2**32  # addresses
OUTCOMES = (
    *(Action.CODE_ISSUED, Action.CODE_WITHHELD, Action.CODE_UNKNOWN),
    *(Action.CODE_REFUSED, Action.CODE_NOT_SENT, Action.CODE_DENIED),
)


@dataclass(frozen=True)
class Lately:
    """Counts of the last days, the oldest first, by (day, action) and by (day, team) of codes that were issued."""

    days: tuple[date, ...]
    outcomes: Counter[tuple[date, str]]
    issued: Counter[tuple[date, int]]


@dataclass(frozen=True)
class Cause:
    action: str
    cause: str
    count: int


@dataclass(frozen=True)
class Open:
    """What hosts may still do with a team's codes."""

    team: Team
    codes: int
    uses: int


def lately(*, today: date) -> Lately:
    """One pass over an index that holds day, action and team."""
    days = tuple(today - timedelta(days=DAYS - 1 - number) for number in range(DAYS))
    rows = (
        AuditEvent.objects.filter(at__gte=_midnight(days[0]))
        .alias(kind=Coalesce("action", Value("")))  # or the index of actions would be taken, over all times
        .filter(kind__in=OUTCOMES)
        .order_by()
        .annotate(day=Left(Cast("at", TextField()), 10))  # UTC on both databases; TruncDate calls Python per row
        .values_list("day", "action", "team_id")
        .annotate(count=Count("*"))
    )
    outcomes: Counter[tuple[date, str]] = Counter()
    issued: Counter[tuple[date, int]] = Counter()
    for text, action, team, count in rows:
        day = date.fromisoformat(text)
        outcomes[day, action] += count
        if action == Action.CODE_ISSUED and team:
            issued[day, team] += count
    return Lately(days, outcomes, issued)


def causes(*, today: date) -> list[Cause]:
    """Why things failed in the last days, the most frequent first."""
    since = _midnight(today - timedelta(days=DAYS - 1))
    rows = (
        history.narrowed(history.EVENTS, history.Question(since=since, outcome=Outcome.FAILURE))
        .order_by()
        .annotate(reason=KT("detail__reason"))
        .values_list("action", "error_code", "reason")
        .annotate(count=Count("*"))
    )
    counts: Counter[tuple[str, str]] = Counter()
    for action, error_code, reason, count in rows:
        # What policy refused begins with the team, which is counted elsewhere.
        counts[action, error_code or (reason or "").rpartition(":")[2]] += count
    return [Cause(action, cause, count) for (action, cause), count in counts.most_common(MOST)]


def still_open(moment: Moment) -> list[Open]:
    """Uses that are left of codes that hosts can enrol with, by what the cloud last said of each."""
    parts = [
        RegisterCode.objects.filter(usable)
        .order_by()
        .values_list("team_id")
        .annotate(number=Count("*"), uses=Sum(left, output_field=BigIntegerField()))
        for usable, left in moment.counted
    ]
    codes: Counter[int] = Counter()
    uses: Counter[int] = Counter()
    for team, number, open_uses in parts[0].union(*parts[1:], all=True):
        codes[team] += number
        uses[team] += int(open_uses)
    teams = Team.objects.in_bulk(list(codes))
    return [Open(teams[team], codes[team], open_uses) for team, open_uses in uses.most_common()]


def widest(moment: Moment) -> list[RegisterCode]:
    """Usable codes that most addresses may use, with how many as ``addresses``; of equals the newest."""
    found = _first(Q(ip_first__isnull=True), Value(EVERYWHERE), by=("-id",), moment=moment)
    if len(found) < MOST:
        width = F("ip_last") - F("ip_first") + 1
        found += _first(Q(ip_first__isnull=False), width, by=("-addresses", "-id"), moment=moment)
    return found[:MOST]


def _first(where: Q, addresses: Any, *, by: tuple[str, ...], moment: Moment) -> list[RegisterCode]:
    """Ids first: a sort that carries whole rows costs several times as much."""
    counted = RegisterCode.objects.annotate(addresses=ExpressionWrapper(addresses, output_field=BigIntegerField()))
    keys: list[int] = []
    for usable in moment.usable:
        keys += counted.filter(usable, where).order_by(*by).values_list("pk", flat=True)[:MOST]
    return list(counted.filter(pk__in=keys).order_by("-addresses", "-id")[:MOST])


def longest(moment: Moment) -> list[RegisterCode]:
    """Usable codes that last longest: the permanent ones, the oldest of them first, then by their end."""
    lasting, rest = moment.usable
    found = list(RegisterCode.objects.filter(lasting).order_by("id")[:MOST])
    if len(found) < MOST:
        by_end = F("expires_at").desc(nulls_first=True)
        found += RegisterCode.objects.filter(rest).order_by(by_end, "id")[: MOST - len(found)]
    return found


def _midnight(on: date) -> datetime:
    return datetime.combine(on, time(), tzinfo=UTC)
