"""Decides what became of a create whose outcome is unknown, by what the cloud shows; in doubt it disables nothing.

A mark at the end of a description decides alone, once the region was read to
its end. Looks decide nothing, unless a person says on record which code it is,
and an absence has to be seen twice. Every move is compare-and-set, together
with its event, so two syncs at once resolve a row once.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from registercodes import alarming, audit, rules, states
from registercodes.models import Action, AuditEvent, Outcome, RegisterCode, SyncRun, UpstreamCode

log = logging.getLogger("registercodes.resolving")

State = RegisterCode.State

BEFORE_CALL = timedelta(seconds=5)  # clocks differ
# A signed request stays valid for 300 s, and is signed at most 30 s after its row: queue, pause and deadline.
AFTER_CALL = timedelta(seconds=330)
CLOCKS_MAY_DIFFER = timedelta(seconds=300)  # a signature by a clock that far off is accepted
BETWEEN_PASSES = timedelta(minutes=10)
DEADLINE_COUNTED = 15  # seconds of the 30 above
LEFT_PENDING = "left_pending"
SETTLES = "settles"  # in an event's detail: the request that a code is what became of, in a person's judgement


@dataclass(frozen=True)
class Candidates:
    """Codes nobody claimed that may be what became of a request: by its mark, or only by their looks."""

    marked: tuple[UpstreamCode, ...]
    alike: tuple[UpstreamCode, ...]

    @property
    def decided(self) -> UpstreamCode | None:
        return self.marked[0] if len(self.marked) == 1 else None

    @property
    def every(self) -> tuple[UpstreamCode, ...]:
        return (*self.marked, *self.alike)


@dataclass(frozen=True)
class Ambiguous:
    """A request that only a person can settle, and what it may have become."""

    code: RegisterCode
    candidates: tuple[UpstreamCode, ...]


@dataclass(frozen=True)
class Judgement:
    """Which code a request became, by whom."""

    code: UpstreamCode
    by: str


def give_up(region: str, *, now: datetime) -> int:
    """Move what nobody will settle any more from pending to unknown. How many."""
    rows = _ours(region).filter(state=State.PENDING, created_at__lt=now - states.patience())
    return sum(_move_to_unknown(row, now=now) for row in rows)


def resolve(region: str, *, run: SyncRun, now: datetime) -> tuple[int, int]:
    """Settle the region's unknown rows by what ``run`` and those before it saw; how many were found, and absent."""
    found = absent = 0
    if not run.complete:  # what was not read may carry the mark as well: the one that was seen can be a copy
        return found, absent
    for row in _turned_up(region):
        code = candidates_of(row).decided
        found += bool(code and _move_to_found(row, code, now=now))
    for row in _ours(region).filter(state=State.UNKNOWN):
        candidates = candidates_of(row).every
        if judged := candidates and judgement_on(row, candidates):
            found += _move_to_found(row, judged.code, now=now, by=judged.by)
            continue
        passes = _passes_without(row, run=run)
        absent += bool(passes and not candidates and _move_to_absent(row, passes, now=now))
    return found, absent


def judgement_on(row: RegisterCode, candidates: Sequence[UpstreamCode]) -> Judgement | None:
    """What somebody entitled said first, of these codes, that the request became."""
    said = AuditEvent.objects.filter(
        action=Action.OUTSIDE_DISABLE_REQUESTED,
        account=row.account,
        region=row.region,
        code_id__in=[code.code_id for code in candidates],
        **{f"detail__{SETTLES}": row.reference},
    )
    first = said.order_by("sequence").values_list("code_id", "actor_name").first()
    if first is None:
        return None
    return Judgement(next(code for code in candidates if code.code_id == first[0]), by=first[1])


def ambiguous(rows: QuerySet[RegisterCode]) -> list[Ambiguous]:
    """Those of ``rows`` that no rule and nobody settles: without a mark, or with one that several codes carry."""
    unknown = rows.filter(state=State.UNKNOWN, account=settings.TAT_ACCOUNT).select_related("team")
    searched = [(row, candidates_of(row)) for row in unknown]
    open_ones = [(row, found) for row, found in searched if found.every and not found.decided]
    return [Ambiguous(row, found.every) for row, found in open_ones if judgement_on(row, found.every) is None]


def candidates_of(row: RegisterCode) -> Candidates:
    """What may have become of ``row``, whether the cloud still has it or not."""
    first, last = row.created_at - BEFORE_CALL, row.created_at + after_call()
    # Looks only keep a row from being absent: however wrong the cloud's clock may be, none of its codes is left out.
    inside = Q(created_at__range=(first - CLOCKS_MAY_DIFFER, last + CLOCKS_MAY_DIFFER))
    untold = Q(created_at=None, first_seen_at__gte=first)
    free = _unclaimed(row.region)
    named = list(free.filter(mark=row.reference).order_by("pk"))
    was_marked = rules.mark_in(row.description_sent) == row.reference
    marked = [code for code in named if was_marked and code.created_at and first <= code.created_at <= last]
    # Named by a mark that was never sent, or made when it cannot have been: for a person to judge.
    doubtful = [code for code in named if code not in marked]
    looks = free.filter(
        inside | untold,
        mark="",
        register_limit=row.register_limit,
        instance_name_prefix=row.instance_name_prefix,
    )
    alike = [code for code in looks.order_by("pk") if _same_network(code.ip_address_range, row.ip_address_range)]
    return Candidates(tuple(marked), (*doubtful, *alike))


def after_call() -> timedelta:
    return AFTER_CALL + timedelta(seconds=max(settings.TAT_DEADLINE - DEADLINE_COUNTED, 0))


def _same_network(one: str, other: str) -> bool:
    """The network counts, not its spelling; what is no range at all is like nothing of ours."""
    if rules.check_ip_address_range(one):
        return False
    return rules.bounds_of(one) == rules.bounds_of(other)


def _ours(region: str) -> QuerySet[RegisterCode]:
    rows = RegisterCode.objects.filter(account=settings.TAT_ACCOUNT, region=region)
    return rows.select_related("team").order_by("pk")


def _unclaimed(region: str) -> QuerySet[UpstreamCode]:
    claims = RegisterCode.objects.filter(
        ~Q(code_id=""),  # the words of the index that answers this
        account=OuterRef("account"),
        region=OuterRef("region"),
        code_id=OuterRef("code_id"),
    )
    return UpstreamCode.objects.filter(~Exists(claims), account=settings.TAT_ACCOUNT, region=region)


def _turned_up(region: str) -> QuerySet[RegisterCode]:
    """Rows without an outcome, or thought never made, whose mark some code carries."""
    marked = UpstreamCode.objects.filter(
        account=OuterRef("account"), region=OuterRef("region"), mark=OuterRef("reference")
    )
    return _ours(region).filter(Exists(marked), state__in=[State.UNKNOWN, State.ABSENT], code_id="")


def _passes_without(row: RegisterCode, *, run: SyncRun) -> tuple[SyncRun, SyncRun] | None:
    """Two passes that prove an absence, when ``run`` is the second; each complete and of an account that is ours."""
    passes = SyncRun.objects.filter(
        account=row.account,
        region=row.region,
        complete=True,
        known__gt=0,
        started_at__gte=row.created_at + after_call(),
        finished_at__lte=run.started_at - BETWEEN_PASSES,
    )
    first = passes.order_by("started_at").first() if run.known else None
    return (first, run) if first else None


# Moves: each in one commit with its events.


def _move_to_unknown(row: RegisterCode, *, now: datetime) -> bool:
    columns = {"state": State.UNKNOWN, "reason": LEFT_PENDING, "settled_at": now}
    with transaction.atomic():
        if not _moved(row, columns, was=State.PENDING):
            return False
        audit.record(Action.CODE_UNKNOWN, Outcome.UNKNOWN, code=row, team=row.team, detail={"reason": LEFT_PENDING})
    return True


def _move_to_found(row: RegisterCode, code: UpstreamCode, *, now: datetime, by: str = "") -> bool:
    """Nobody holds its value: wanted disabled in the same commit. ``by``: whose judgement it is, if not the mark's."""
    hosts = code.registered_count or 0
    columns = {
        "state": State.FOUND,
        "code_id": code.code_id,
        "expires_at": None if row.permanent else code.expires_at,
        "settled_at": now,
        "disable_wanted_at": now,
    }
    detail = {**({"by": "person", "person": by} if by else {"by": "mark"}), **alarming.detail_of(hosts)}
    try:
        with transaction.atomic():
            if not _moved(row, columns, was=row.state):
                return False
            audit.record(Action.CODE_FOUND, Outcome.SUCCESS, code=row, team=row.team, detail=detail)
            audit.record(Action.CODE_DISABLE_REQUESTED, Outcome.UNKNOWN, code=row, team=row.team)
    except IntegrityError:  # another row claimed the id meanwhile
        log.warning("found_code_is_taken", extra={"reference": row.reference, "code_id": code.code_id})
        return False
    alarming.say(row, hosts=hosts)
    return True


def _move_to_absent(row: RegisterCode, passes: tuple[SyncRun, SyncRun], *, now: datetime) -> bool:
    detail = {"passes": [run.started_at.isoformat() for run in passes]}
    with transaction.atomic():
        if not _moved(row, {"state": State.ABSENT, "settled_at": now}, was=State.UNKNOWN):
            return False
        audit.record(Action.CODE_ABSENT, Outcome.FAILURE, code=row, team=row.team, detail=detail)
    return True


def _moved(row: RegisterCode, columns: dict[str, object], *, was: str) -> bool:
    if not RegisterCode.objects.filter(pk=row.pk, state=was, code_id="").update(**columns):
        return False
    for name, value in columns.items():
        setattr(row, name, value)
    return True
