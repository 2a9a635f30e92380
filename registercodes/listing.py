"""Decides which codes a list shows and in what order: filters, search, and the state that SQL can tell.

``told`` is ``states.state_of`` in SQL, over our row, the cloud's last word and a fixed moment; a test holds the two
together over one literal table. Active codes come first, and what is over after them, each newest first. The moment
travels in the address of the next page: a code that ends in between is neither skipped nor shown twice.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from registercodes import states
from registercodes.models import RegisterCode, SyncRun, Team, UpstreamCode
from registercodes.states import State

SEARCH_MAX = 130  # a description, with room for blanks around it
SOON = timedelta(days=1)
# "Expires soon" depends on the length of a life; a list is asked for what ends within a day instead.
FILTERS = tuple(state for state in State if state != State.EXPIRES_SOON)
ENDS_WITHIN_A_DAY = "soon"
OPEN = (State.ACTIVE, State.UNCONFIRMED, State.DISABLING, State.STILL_WORKING, State.UNKNOWN)  # shown first


@dataclass(frozen=True)
class Wanted:
    """What a person asked a list for; anything it cannot be asked for is as if it was not there."""

    team: str = ""
    state: str = ""
    region: str = ""
    mine: bool = False
    by: int | None = None
    words: str = ""
    before: int | None = None
    is_past_open: bool = False
    at: datetime = field(default_factory=timezone.now)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.state or self.region or self.mine or self.by or self.words)

    @property
    def query(self) -> str:
        """The same list from its top, for an address."""
        said = {
            "team": self.team,
            "state": self.state,
            "region": self.region,
            "mine": "1" if self.mine else "",
            "by": self.by or "",
            "q": self.words,
        }
        return urlencode({name: text for name, text in said.items() if text})

    def of_team(self, key: str) -> "Wanted":
        return replace(self, team=key)

    def from_its_top(self, key: str) -> "Wanted":
        return replace(self, team=key, before=None, is_past_open=False)

    def after(self, last: RegisterCode) -> "Wanted":
        return replace(self, before=last.pk, is_past_open=bool(last.is_over))


def wanted_in(asked: Any) -> Wanted:
    """Read from a query string; never complains."""
    at = whole(asked.get("at", ""))
    state, region = asked.get("state", ""), asked.get("region", "")
    return Wanted(
        team=asked.get("team", ""),
        state=state if state in (*FILTERS, ENDS_WITHIN_A_DAY) else "",
        region=region if region.isascii() and region.isprintable() and len(region) <= 40 else "",
        mine=asked.get("mine") == "1",
        by=whole(asked.get("by", "")),
        words=asked.get("q", "").replace("\x00", "").strip()[:SEARCH_MAX],
        before=whole(asked.get("before", "")),
        is_past_open=asked.get("rest") == "1",
        at=_moment(at) if at else timezone.now(),
    )


def whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _moment(seconds: int) -> datetime:
    """Of a page before; one that nobody can have been given is as good as now."""
    now = timezone.now()
    return datetime.fromtimestamp(seconds, UTC) if 0 <= now.timestamp() - seconds < SOON.total_seconds() else now


def codes(team: Team, *, wanted: Wanted, user: Any) -> QuerySet[RegisterCode]:
    """The team's, from the place that ``wanted`` stands at; each with ``told`` and ``is_over``."""
    rows = with_told(RegisterCode.objects.filter(team=team), at=wanted.at)
    rows = rows.annotate(is_over=Case(When(told__in=OPEN, then=0), default=1)).order_by("is_over", "-pk")
    rows = _narrowed(rows, wanted=wanted, user=user)
    if wanted.before is None:
        return rows
    if wanted.is_past_open:
        return rows.filter(is_over=1, pk__lt=wanted.before)
    return rows.filter(Q(is_over=1) | Q(pk__lt=wanted.before))


def next_page(last: RegisterCode, *, wanted: Wanted) -> str:
    place = {"at": int(wanted.at.timestamp()), **({"rest": 1} if last.is_over else {}), "before": last.pk}
    return f"?{'&'.join(filter(None, [wanted.query, urlencode(place)]))}"


def _narrowed(rows: QuerySet[RegisterCode], *, wanted: Wanted, user: Any) -> QuerySet[RegisterCode]:
    if wanted.state == ENDS_WITHIN_A_DAY:
        rows = rows.filter(told__in=(State.ACTIVE, State.UNCONFIRMED), ends__lte=wanted.at + SOON)
    elif wanted.state:
        rows = rows.filter(told=wanted.state)
    if wanted.region:
        rows = rows.filter(region=wanted.region)
    if wanted.mine:
        rows = rows.filter(created_by=user)
    if wanted.by:
        rows = rows.filter(created_by=wanted.by)
    return rows.filter(_has(wanted.words)) if wanted.words else rows


def _has(words: str) -> Q:
    """A code id is what people paste whole, a reference too, perhaps with its mark."""
    return (
        Q(description__icontains=words)
        | Q(instance_name_prefix__icontains=words)
        | Q(code_id__icontains=words)
        | Q(reference__icontains=words.removeprefix("~"))
    )


# The state in SQL.


def with_told(rows: QuerySet[RegisterCode], *, at: datetime) -> QuerySet[RegisterCode]:
    same = {"account": OuterRef("account"), "region": OuterRef("region")}
    theirs = UpstreamCode.objects.filter(**same, code_id=OuterRef("code_id"))
    passes = SyncRun.objects.filter(**same, complete=True).order_by("-started_at")
    rows = rows.annotate(
        ends=Coalesce(Subquery(theirs.values("expires_at")[:1]), "expires_at", output_field=DateTimeField()),
        as_of_pass=Subquery(passes.values("started_at")[:1]),
    )
    return rows.annotate(told=Case(*_whens(theirs, at=at), default=F("state"), output_field=CharField()))


def _whens(theirs: QuerySet[UpstreamCode], *, at: datetime) -> list[When]:
    """In the order of ``states``: what closes a code for good first, what admits hosts last."""
    made, expired = Q(code_id__gt=""), Q(ends__lte=at)
    gone = Exists(theirs.filter(gone_at__isnull=False))
    never_seen = Q(as_of_pass__gt=F("settled_at") + states.SEEN_AFTER) & ~Exists(theirs)
    full = Q(
        registered_count__gte=Coalesce("register_limit", OuterRef("register_limit"), output_field=BigIntegerField())
    )
    is_closed = Q(disabled_at__isnull=False) | (made & gone) | expired
    issued = Q(state="issued")
    return [
        When(Q(state="pending", created_at__gte=at - states.patience()), then=Value(State.STILL_WORKING)),
        When(state="pending", then=Value(State.UNKNOWN)),
        When(Q(state="found") & ~is_closed, then=Value(State.DISABLING)),
        When(issued & (Q(gone) | never_seen), then=Value(State.DELETED_UPSTREAM)),
        When(issued & Q(disabled_at__isnull=False), then=Value(State.DISABLED)),
        When(issued & expired, then=Value(State.EXPIRED)),
        When(issued & Q(disable_wanted_at__isnull=False), then=Value(State.DISABLING)),
        When(issued & Exists(theirs.filter(full)), then=Value(State.USED_UP)),
        When(issued & Exists(theirs.filter(enabled=False)), then=Value(State.DISABLED)),
        When(issued & Q(confirmed_at=None), then=Value(State.UNCONFIRMED)),
        When(issued, then=Value(State.ACTIVE)),
    ]
