"""What may happen to a code after issuing: stored and disabled, each with its intent on record first."""

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone

from registercodes import audit, cloud, places, recognising, throttle
from registercodes.audit import NOWHERE, Origin
from registercodes.database import DATABASE_AWAY
from registercodes.models import Action, Outcome, RegisterCode
from registercodes.recognising import GONE
from registercodes.tat.errors import NotSent, Refused, Unknown, reason_of

log = logging.getLogger("registercodes.lifecycle")

DISABLE = "DisableRegisterCodes"


def confirm_stored(code: RegisterCode, *, actor: Any, origin: Origin) -> bool:
    """Note that the person keeps the value; False when that was noted before or there was none."""
    with transaction.atomic():
        moved = RegisterCode.objects.filter(
            pk=code.pk, state=RegisterCode.State.ISSUED, confirmed_at__isnull=True
        ).update(confirmed_at=timezone.now())
        if moved:
            audit.record(Action.CODE_CONFIRMED, Outcome.SUCCESS, code=code, actor=actor, team=code.team, origin=origin)
    return bool(moved)


def disable(code: RegisterCode, *, actor: Any, origin: Origin) -> bool:
    """Put the wish on record, then tell the cloud. True when the cloud agreed now or before."""
    request_disable(code, actor=actor, origin=origin)
    return push_disable(code, actor=actor, origin=origin)


def request_disable(code: RegisterCode, *, actor: Any, origin: Origin) -> None:
    """Commit the wish once; asking again is fine and writes nothing. Raises only while nothing is committed."""
    now = timezone.now()
    with transaction.atomic(durable=True):
        moved = (
            RegisterCode.objects.filter(pk=code.pk, disable_wanted_at__isnull=True)
            .exclude(code_id="")
            .update(disable_wanted_at=now, disabled_by=actor)
        )
        if moved:
            audit.record(
                Action.CODE_DISABLE_REQUESTED, Outcome.UNKNOWN, code=code, actor=actor, team=code.team, origin=origin
            )
        code.refresh_from_db()


def push_disable(code: RegisterCode, *, actor: Any = None, origin: Origin = NOWHERE) -> bool:
    """Tell the cloud what is on record as wanted. A failure leaves the wish, and a note of why it is not met."""
    if code.disabled_at:
        return True
    with places.place(DISABLE) as free:
        asked = free and _slot_free()
        why_not = _why_not(code.region, code.code_id, trace_id=origin.request_id) if asked else "busy"
    try:
        why_not = recognising.judged(code, why_not, expires_at=code.expires_at)
        if why_not and why_not != GONE:
            note_failure(code, why_not, actor=actor, origin=origin)
        else:
            note_disabled(code, actor=actor, origin=origin, was_gone=bool(why_not))
    except DATABASE_AWAY:  # the wish stands on record: asked again, the cloud's answer is the same
        log.error("disable_outcome_not_recorded", extra={"reference": code.reference}, exc_info=True)
        return False
    return why_not in ("", GONE)


def note_disabled(code: RegisterCode, *, actor: Any, origin: Origin, was_gone: bool = False) -> None:
    """``was_gone``: the cloud had no such code any more, which admits nobody either."""
    with transaction.atomic():
        now = timezone.now()
        moved = RegisterCode.objects.filter(
            pk=code.pk, disable_wanted_at__isnull=False, disabled_at__isnull=True
        ).update(disabled_at=now)
        if moved:
            code.disabled_at = now
            audit.record(
                Action.CODE_DISABLED,
                Outcome.SUCCESS,
                code=code,
                actor=actor,
                team=code.team,
                origin=origin,
                detail={"was_gone": True} if was_gone else {},
            )


def note_failure(code: RegisterCode, why_not: str, *, actor: Any, origin: Origin) -> None:
    """Folded like a denial: a person may press again for as long as the cloud says no."""
    if actor is None:
        return
    audit.record_folded(
        Action.CODE_DISABLE_REQUESTED,
        actor=actor,
        reason=f"{code.reference}:{why_not}",
        code=code,
        team=code.team,
        origin=origin,
        detail={"why_not": why_not},
    )


def disable_unrecorded(code: RegisterCode, *, code_id: str) -> bool:
    """Best effort for a code whose outcome could not be written; the only disable without a record before it.

    Takes no budget slot either: the database that keeps the budget is what failed. Raises nothing, so that
    the person is told of the code. True when the cloud agreed.
    """
    try:
        # "Not found" of a code this young says nothing.
        agreed = not _why_not(code.region, code_id, trace_id=code.request_id)
    except Exception:
        log.exception("disable_failed_unexpectedly", extra={"reference": code.reference})
        agreed = False
    log.warning("disabled_without_record", extra={"reference": code.reference, "agreed": agreed})
    return agreed


def _slot_free() -> bool:
    """The wish is on record already: a busy database only means later."""
    try:
        return throttle.take(DISABLE)
    except DATABASE_AWAY:
        log.warning("budget_away", extra={"action": DISABLE}, exc_info=True)
        return False


def _why_not(region: str, code_id: str, *, trace_id: str) -> str:
    """Empty when the cloud agreed; else the vendor's code or our reason."""
    try:
        cloud.client().disable_register_codes(region=region, code_ids=[code_id], trace_id=trace_id)
    except Refused as refusal:
        return refusal.code
    except (NotSent, Unknown) as failure:
        log.warning("disable_failed", extra={"code_id": code_id, "reason": failure.reason})
        return reason_of(failure)
    return ""
