"""The one path that issues a code: authorise, check, write it down, call, write down what happened, hand over.

It never asks the cloud for a code that no committed row asked for, never
repeats a create whose outcome is in doubt, and never returns a value that no
committed row says was issued.
"""

import logging
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import BigIntegerField, DateTimeField, QuerySet, UUIDField
from django.utils import timezone

from registercodes import audit, cloud, database, places, policies, prepared, replacing, rules, settling, throttle
from registercodes.audit import Origin
from registercodes.database import DATABASE_AWAY
from registercodes.models import Action, Outcome, RegisterCode, Team
from registercodes.prepared import Given, Prepared
from registercodes.rules import Asked, Problem
from registercodes.secret import OneTimeValue
from registercodes.tat.client import Created
from registercodes.tat.errors import NotSent, TatError, Unknown

log = logging.getLogger("registercodes.issuing")

CREATE = "CreateRegisterCode"
STALE_SECONDS = 5.0  # a process that slept longer between its row and its call does not send
REFERENCE_LENGTH = 7


@dataclass(frozen=True)
class Issued:
    """The only result that carries a value; the row that says so is committed."""

    code: RegisterCode
    value: OneTimeValue


@dataclass(frozen=True)
class NotIssued:
    """A row exists and no value is shown; ``code.state`` and ``code.reason`` say why."""

    code: RegisterCode


@dataclass(frozen=True)
class Replayed:
    """The same submission was sent before; ``same`` tells whether with the same parameters."""

    code: RegisterCode
    same: bool


@dataclass(frozen=True)
class Denied:
    """Rules, policy or quota said no: no row, no call."""

    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Busy:
    """Too many creates of this process wait for the cloud: no row, no call."""


Result = Issued | NotIssued | Replayed | Denied | Busy


class _TeamMayNot(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def issue(
    *,
    actor: Any,
    team: Team,
    asked: Asked,
    submission: uuid.UUID,
    origin: Origin,
    replaces: RegisterCode | None = None,
) -> Result:
    """Make one register code for ``team``, at most once per ``submission``; perhaps in place of another.

    The caller has checked access; rules, policy and quota are checked here,
    since a form is an interface and not a guard. A database that cannot be
    written raises ``OperationalError`` or ``InterfaceError`` before any call is made.
    """
    if _is_known(submission):
        return _replayed(submission, actor=actor, asked=asked, origin=origin)
    problems = rules.check(asked, regions=tuple(settings.TAT_REGIONS)) or policies.check(asked, team)
    if problems:
        return deny(problems, actor=actor, team=team, origin=origin)
    with places.place(CREATE) as free:
        if not free:
            return Busy()
        try:
            written = _write_down(
                actor=actor, team=team, asked=asked, submission=submission, origin=origin, replaces=replaces
            )
        except _TeamMayNot as no:
            return deny([no.problem], actor=actor, team=team, origin=origin)
        if written is None:
            return _replayed(submission, actor=actor, asked=asked, origin=origin)
        sent_at, answer = _call(written)
    code = written.code
    value = settling.settle(code, answer, sent_at=sent_at, actor=actor, origin=origin)
    return Issued(code, value) if value else NotIssued(code)


# Before the call.


def deny(problems: list[Problem], *, actor: Any, team: Team, origin: Origin) -> Denied:
    """Note on record, folded, that policy or quota refused what a person asked for."""
    reasons = sorted({f"{problem.field or 'team'}.{problem.code}" for problem in problems})
    audit.record_folded(
        Action.CODE_DENIED, actor=actor, team=team, reason=f"{team.key}:{','.join(reasons)}", origin=origin
    )
    return Denied(tuple(problems))


def _is_known(submission: uuid.UUID) -> bool:
    return bool(_sent_before(submission=submission))


@Prepared
def _sent_before() -> QuerySet[RegisterCode, tuple[int]]:
    return RegisterCode.objects.filter(submission=Given("submission", UUIDField())).order_by().values_list("pk")


def _replayed(submission: uuid.UUID, *, actor: Any, asked: Asked, origin: Origin) -> Replayed:
    code = RegisterCode.objects.select_related("team").get(submission=submission)
    same = code.asked == asked
    try:
        audit.record_once(
            Action.CODE_REPLAYED,
            Outcome.FAILURE,
            code=code,
            actor=actor,
            team=code.team,
            origin=origin,
            detail={"same_parameters": same},
        )
    except DATABASE_AWAY:  # a code may live: that has to be said, noted or not
        log.error("replay_not_recorded", extra={"reference": code.reference}, exc_info=True)
    return Replayed(code, same=same)


@dataclass(frozen=True)
class _Written:
    """A committed request; ``at`` on ``boot_seconds``, taken before the commit: a process may stop right after it."""

    code: RegisterCode
    at: float


def _write_down(
    *,
    actor: Any,
    team: Team,
    asked: Asked,
    submission: uuid.UUID,
    origin: Origin,
    replaces: RegisterCode | None,
) -> _Written | None:
    """Commit the request and its event under the team's lock; None when the submission is already there."""
    try:
        with transaction.atomic(durable=True):
            [locked] = _locked(pk=team.pk, machine=timezone.now())
            problem = policies.closed_problem(locked) or policies.quota_problem(
                locked, left=policies.left_today(locked)
            )
            if problem:
                raise _TeamMayNot(problem)
            code = _new_row(actor=actor, team=locked, asked=asked, submission=submission, origin=origin)
            detail = _linked(code, replaces, team=locked) if replaces else {}
            prepared.insert(code)
            audit.record(
                Action.CODE_REQUESTED,
                Outcome.UNKNOWN,
                code=code,
                actor=actor,
                team=locked,
                origin=origin,
                detail=detail,
            )
            written = _Written(code, at=boot_seconds())
    except IntegrityError:
        # Duplicate submission, reference collision or a trigger: only the first has a row to show.
        if not _is_known(submission):
            raise
        return None
    return written


@Prepared
def _locked() -> QuerySet[Team]:
    """no_key: other writers, holding the audit head, insert events that refer to the team (else: deadlocks)."""
    clocked = Team.objects.annotate(asked_at=database.now_beside(Given("machine", DateTimeField())))
    return clocked.filter(pk=Given("pk", BigIntegerField())).select_for_update(no_key=True)


def _linked(code: RegisterCode, old: RegisterCode, *, team: Team) -> dict[str, str]:
    """Put ``code`` in the place of ``old``, as it is now: the team's lock lets one do so at a time."""
    found = RegisterCode.objects.select_related("replaced_by").get(pk=old.pk)
    problem = replacing.problem_of(found, team=team)
    if problem:
        raise _TeamMayNot(problem)
    code.replaces = old
    return {"replaces": old.reference}


def _new_row(*, actor: Any, team: Team, asked: Asked, submission: uuid.UUID, origin: Origin) -> RegisterCode:
    reference = "".join(secrets.choice(rules.MARK_ALPHABET) for _ in range(REFERENCE_LENGTH))
    first, last = rules.bounds_of(asked.ip_address_range) or (None, None)
    return RegisterCode(
        reference=reference,
        account=settings.TAT_ACCOUNT,
        team=team,
        team_name=team.name,
        created_by=actor,
        created_by_name=str(actor),
        submission=submission,
        region=asked.region,
        description=asked.description,
        description_sent=rules.with_mark(asked.description, reference),
        instance_name_prefix=asked.instance_name_prefix,
        register_limit=asked.register_limit,
        effective_time=asked.effective_time,
        permanent=asked.permanent,
        ip_address_range=asked.ip_address_range,
        ip_first=first,
        ip_last=last,
        client_ip=origin.client_ip,
        user_agent=origin.user_agent,
        request_id=origin.request_id,
        # Read as it was locked: by the clock that a sync goes by, whatever this host says.
        created_at=team.asked_at,  # type: ignore[attr-defined]
    )


# The call.


def _call(written: _Written) -> tuple[datetime, Created | TatError]:
    """Wait for a slot, then make the one call. Whatever is raised becomes an answer: the row must be settled."""
    turn = throttle.Turn(CREATE)
    why_not = _without_turn(turn.comes, code=written.code)
    sent_at = timezone.now()
    if why_not:
        return sent_at, NotSent(why_not)

    def fresh() -> bool:
        held = not _without_turn(turn.holds, code=written.code)
        return held and boot_seconds() - written.at - turn.queued <= STALE_SECONDS

    return sent_at, _ask_cloud(written.code, fresh=fresh)


def _without_turn(asked: Callable[[], bool], *, code: RegisterCode) -> str:
    """Why the budget gives no slot; empty when it does."""
    try:
        return "" if asked() else "busy"
    except DATABASE_AWAY:
        log.warning("budget_away", extra={"reference": code.reference}, exc_info=True)
        return "busy"
    except Exception:
        log.exception("budget_unusable", extra={"reference": code.reference})
        connection.close_if_unusable_or_obsolete()  # a plan may be older than the table
        return "no_budget"


def _ask_cloud(code: RegisterCode, *, fresh: Callable[[], bool]) -> Created | TatError:
    parameters = rules.api_parameters(code.asked, description=code.description_sent)
    try:
        return cloud.client().create_register_code(
            region=code.region, parameters=parameters, trace_id=code.request_id, fresh=fresh
        )
    except TatError as failure:
        return failure
    except Exception:
        log.exception("create_failed_unexpectedly", extra={"reference": code.reference})
        return Unknown("internal_error", alert=True)


def boot_seconds() -> float:
    """A clock that goes on while the machine sleeps, which CLOCK_MONOTONIC does not (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
