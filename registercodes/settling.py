"""Writes down what became of a call, and lets a value through only once that is committed.

The second half of issuing.py: pending moves to one honest state, together with
its event. What cannot be written is not shown, and the code is closed.
"""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, NotSupportedError, connection, transaction
from django.db.models import BigIntegerField, QuerySet
from django.utils import timezone

from registercodes import access, audit, keys, lifecycle
from registercodes.audit import Origin
from registercodes.database import DATABASE_AWAY
from registercodes.models import Action, Outcome, RegisterCode
from registercodes.prepared import Given, PreparedUpdate
from registercodes.secret import OneTimeValue
from registercodes.tat.client import Created
from registercodes.tat.errors import NotSent, Refused, TatError, Unknown

log = logging.getLogger("registercodes.issuing")

OUTCOME_SECONDS = 20.0  # how long a busy database is retried before the value is given up
OUTCOME_PAUSE = 0.25
# What another attempt may mend; NotSupportedError is PostgreSQL's for a plan older than its table.
PASSING = (*DATABASE_AWAY, NotSupportedError)
NOT_RECORDED = "not_recorded"  # told to the person, never saved: the row could not be written

State = RegisterCode.State

# The columns of an outcome, as they stand while a code is pending.
NO_OUTCOME = {
    **dict.fromkeys(("reason", "error_code", "code_id", "tencent_request_id"), ""),
    **dict.fromkeys(("value_fingerprint", "fingerprint_key"), ""),
    **dict.fromkeys(("expires_at", "disable_wanted_at")),
}


def settle(
    code: RegisterCode, answer: Created | TatError, *, sent_at: datetime, actor: Any, origin: Origin
) -> OneTimeValue | None:
    """The value, when a committed row says that it was issued; otherwise None, and ``code`` says why.

    Raises nothing: a code may exist by now, and whoever sees an exception would say that none does.
    """
    try:
        verdict = _verdict(answer, code=code, sent_at=sent_at)
        written = _persist(code, verdict, actor=actor, origin=origin)
    except Exception:
        log.critical("outcome_not_recorded", extra={"reference": code.reference}, exc_info=True)
        _abandon(code, answer, sent_at=sent_at, origin=origin)
        return None
    if written is None:
        log.critical("outcome_came_too_late", extra={"reference": code.reference})
        _abandon(code, answer, sent_at=sent_at, origin=origin)
        return None
    if written.state == State.WITHHELD:
        _close(code, origin=origin)
    return written.value if written.state == State.ISSUED else None


@dataclass(frozen=True)
class _Verdict:
    """What an answer means for the row: its new state, the event to write, the columns to set."""

    state: State
    action: Action
    outcome: Outcome
    columns: dict[str, Any]
    value: OneTimeValue | None = None


def _verdict(answer: Created | TatError, *, code: RegisterCode, sent_at: datetime) -> _Verdict:
    if isinstance(answer, Created):
        return _created(answer, code=code, sent_at=sent_at)
    if isinstance(answer, Refused):
        columns = {"error_code": answer.code, "tencent_request_id": answer.request_id}
        return _Verdict(State.REFUSED, Action.CODE_REFUSED, Outcome.FAILURE, columns)
    if isinstance(answer, NotSent):
        return _Verdict(State.NOT_SENT, Action.CODE_NOT_SENT, Outcome.FAILURE, {"reason": answer.reason})
    doubt = answer if isinstance(answer, Unknown) else Unknown("internal_error", alert=True)
    columns = {"reason": doubt.reason, "error_code": doubt.code, "tencent_request_id": doubt.request_id}
    return _Verdict(State.UNKNOWN, Action.CODE_UNKNOWN, Outcome.UNKNOWN, columns)


def _created(created: Created, *, code: RegisterCode, sent_at: datetime) -> _Verdict:
    columns: dict[str, Any] = {
        "code_id": created.code_id,
        "tencent_request_id": created.request_id,
        # Counted from the moment of sending: the true expiry is never earlier than what we promise.
        "expires_at": None if code.permanent else sent_at + timedelta(hours=code.effective_time),
    }
    if created.value is None:
        return _withheld(columns, reason="no_value")
    key = keys.current()
    columns |= {"value_fingerprint": created.value.fingerprint(key.fingerprint), "fingerprint_key": key.id}
    return _Verdict(State.ISSUED, Action.CODE_ISSUED, Outcome.SUCCESS, columns, created.value)


def _withheld(columns: dict[str, Any], *, reason: str) -> _Verdict:
    wanted = columns | {"reason": reason, "disable_wanted_at": timezone.now()}
    return _Verdict(State.WITHHELD, Action.CODE_WITHHELD, Outcome.FAILURE, wanted)


def _unbelievable(verdict: _Verdict) -> _Verdict:
    """The cloud named an id that is another row's: nothing it said here can be believed."""
    columns = {"reason": "code_id_taken", "tencent_request_id": verdict.columns["tencent_request_id"]}
    return _Verdict(State.UNKNOWN, Action.CODE_UNKNOWN, Outcome.UNKNOWN, columns)


def _close(code: RegisterCode, *, origin: Origin) -> None:
    """Disable a withheld code now if that is possible; its wish is committed, and its card offers to ask again."""
    try:
        lifecycle.push_disable(code, origin=origin)
    except Exception:
        log.warning("disable_left_undone", extra={"reference": code.reference}, exc_info=True)


def _abandon(code: RegisterCode, answer: Created | TatError, *, sent_at: datetime, origin: Origin) -> None:
    """The row stays as it is. ``code`` tells the person what is known, and is never saved."""
    code.unrecorded = True
    if isinstance(answer, Created):
        _withhold(code, answer, origin=origin)
        return
    known = _verdict(answer, code=code, sent_at=sent_at)
    for name, value in {**known.columns, "state": known.state}.items():
        setattr(code, name, value)


def _withhold(code: RegisterCode, created: Created, *, origin: Origin) -> None:
    """Nobody will see this value: try to close the code; a sync records what became of it."""
    code.state, code.reason = State.WITHHELD, NOT_RECORDED
    if created.value:
        created.value.forget()
    if _take_back(code, created, origin=origin):
        code.disabled_at = timezone.now()


def _take_back(code: RegisterCode, created: Created, *, origin: Origin) -> bool:
    """Disable it, on record when a row has its id after all; True when the cloud agreed."""
    try:
        known = RegisterCode.objects.select_related("team").filter(pk=code.pk, code_id=created.code_id).first()
        if known:
            return lifecycle.disable(known, actor=None, origin=origin)
    except Exception:
        log.warning("disable_not_recorded", extra={"reference": code.reference}, exc_info=True)
    return lifecycle.disable_unrecorded(code, code_id=created.code_id)


def _persist(code: RegisterCode, verdict: _Verdict, *, actor: Any, origin: Origin) -> _Verdict | None:
    """Commit the outcome, retrying a busy database; None when something else settled the row before us."""
    give_up = time.monotonic() + OUTCOME_SECONDS
    settled_at = timezone.now()  # the same in every attempt, so that one whose COMMIT was not answered is known by it
    while True:
        try:
            written = _write_outcome(code, verdict, settled_at=settled_at, actor=actor, origin=origin)
            return written or _recognised(code, verdict, settled_at=settled_at)
        except IntegrityError:
            if verdict.state == State.UNKNOWN:
                raise
            log.critical("code_id_is_taken", extra={"reference": code.reference})
            verdict = _unbelievable(verdict)
        except PASSING:
            if time.monotonic() > give_up:
                raise
            connection.close_if_unusable_or_obsolete()
            time.sleep(OUTCOME_PAUSE)


def _write_outcome(
    code: RegisterCode, verdict: _Verdict, *, settled_at: datetime, actor: Any, origin: Origin
) -> _Verdict | None:
    with transaction.atomic(durable=True):
        if verdict.state == State.ISSUED and not access.may_issue(actor, code.team):
            verdict = _withheld(verdict.columns, reason="rights_gone")
        # All of them: those of an attempt that was rolled back are still on ``code``.
        columns = {**NO_OUTCOME, **verdict.columns, "state": verdict.state, "settled_at": settled_at}
        if not _pending_moved(pk=code.pk, **columns):
            return None
        for name, value in columns.items():
            setattr(code, name, value)
        audit.record(
            verdict.action,
            verdict.outcome,
            code=code,
            actor=actor,
            team=code.team,
            origin=origin,
            detail={"reason": code.reason} if code.reason else {},
        )
        if verdict.state == State.WITHHELD:
            audit.record(Action.CODE_DISABLE_REQUESTED, Outcome.UNKNOWN, code=code, team=code.team, origin=origin)
    return verdict


@PreparedUpdate
def _pending_moved() -> tuple[QuerySet[RegisterCode], Iterable[str]]:
    pending = RegisterCode.objects.filter(pk=Given("pk", BigIntegerField()), state=State.PENDING)
    return pending, (*NO_OUTCOME, "state", "settled_at")


def _recognised(code: RegisterCode, verdict: _Verdict, *, settled_at: datetime) -> _Verdict | None:
    """Our own outcome, committed by an attempt whose answer was lost; None when something else settled the row."""
    ours = RegisterCode.objects.filter(
        pk=code.pk, settled_at=settled_at, code_id=verdict.columns.get("code_id", "")
    ).values_list("state", flat=True)
    state = ours.first()
    if state is None:
        return None
    log.warning("commit_was_not_answered", extra={"reference": code.reference})
    return replace(verdict, state=State(state))
