"""Decides about codes that the cloud has and the portal did not make: whose they are, and that they be disabled.

Each decision is committed with its event before the cloud is asked. No
RegisterCode is invented for one: history says who asked for a code, and
nobody here did.
"""

import logging
import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from registercodes import access, audit, batches, disabling, places, recognising, resolving, rules, throttle
from registercodes.audit import NOWHERE, Origin
from registercodes.database import DATABASE_AWAY
from registercodes.lifecycle import DISABLE
from registercodes.models import Action, Outcome, OutsideCode, RegisterCode, Team, UpstreamCode
from registercodes.recognising import GONE

log = logging.getLogger("registercodes.outside")

SYNC_SLOT_SECONDS = 30.0


def codes() -> QuerySet[UpstreamCode]:
    """What the cloud has, or had, that no row of ours claims."""
    claims = RegisterCode.objects.filter(
        ~Q(code_id=""),  # the words of the index that answers this
        account=OuterRef("account"),
        region=OuterRef("region"),
        code_id=OuterRef("code_id"),
    )
    return UpstreamCode.objects.filter(~Exists(claims), account=settings.TAT_ACCOUNT)


def decided() -> QuerySet[OutsideCode]:
    return OutsideCode.objects.filter(account=settings.TAT_ACCOUNT)


def decision_on(code: UpstreamCode) -> OutsideCode:
    """What was decided so far; unsaved where nothing was."""
    which = {"account": code.account, "region": code.region, "code_id": code.code_id}
    return OutsideCode.objects.select_related("team").filter(**which).first() or OutsideCode(**which)


def code_to_close(user: Any, pk: int) -> UpstreamCode:
    """By administrators, and by the team that adopted it; for anybody else it is as if there were none."""
    code = codes().filter(pk=pk).first()
    decision = decision_on(code) if code else OutsideCode()
    is_member = access.is_member(user, decision.team_id or access.NO_TEAM)
    if code is None or not (is_member or user.is_administrator):
        raise access.NotThere("outside_code_not_found", asked=str(pk))
    return code


def code_to_adopt(user: Any, pk: int) -> UpstreamCode:
    access.must_administer(user, asked="outside_adopt")
    return code_to_close(user, pk)


def request_to_settle(user: Any, code: UpstreamCode, reference: str) -> RegisterCode:
    """The request that ``code`` may be what became of, for an administrator to say so; else as if there were none.

    Whoever adopted the code may be of another team than the request's.
    """
    access.must_administer(user, asked="request_to_settle")
    row = RegisterCode.objects.filter(account=code.account, reference=reference, state=RegisterCode.State.UNKNOWN)
    found = row.filter(region=code.region).first()
    candidates = resolving.candidates_of(found).every if found else []
    if found is None or code not in candidates:
        raise access.NotThere("request_not_to_settle", asked=reference[:40])
    judgement = resolving.judgement_on(found, candidates)
    if judgement and judgement.code != code:  # what was said first stands: no second code is disabled for it
        raise access.NotThere("request_already_judged", asked=reference[:40])
    return found


def adopt(code: UpstreamCode, *, team: Team, why: str, actor: Any, origin: Origin) -> None:
    """Give it to a team, from now on: it gets no creator, no value and no past by that."""
    with transaction.atomic(durable=True):
        decision = _locked(code)
        before = decision.team
        decision.team, decision.adopted_at, decision.adopted_by = team, timezone.now(), actor
        decision.adopted_why = why
        decision.save()
        detail = {"why": why, **({"from_team": before.key} if before else {})}
        _record(Action.OUTSIDE_ADOPTED, Outcome.SUCCESS, code, decision, actor=actor, origin=origin, detail=detail)


def disable(code: UpstreamCode, *, why: str, actor: Any, origin: Origin, settles: RegisterCode | None = None) -> bool:
    """Put the wish on record, then tell the cloud. True when it agreed now or before.

    ``settles``: the request that this code is what became of, in the person's judgement.
    """
    decision = request_disable(code, why=why, actor=actor, origin=origin, settles=settles)
    if decision.disabled_at:
        return True
    try:
        with places.place(DISABLE) as free:
            ask = partial(disabling.ask, region=code.region, trace_id=origin.request_id, wait=throttle.QUEUE_SECONDS)
            why_not = _judged(decision, ask([code.code_id]) if free else "busy")
        _note(decision, why_not, actor=actor, origin=origin)
    except DATABASE_AWAY:  # the wish stands on record, and a sync asks again
        log.error("outside_disable_not_recorded", extra={"code_id": code.code_id}, exc_info=True)
        return False
    return why_not in ("", GONE)


def request_disable(
    code: UpstreamCode, *, why: str, actor: Any, origin: Origin, settles: RegisterCode | None = None
) -> OutsideCode:
    """Commit the wish once; asking again is fine and writes nothing, but for a judgement that is new."""
    with transaction.atomic(durable=True):
        decision = _locked(code)
        is_new = not decision.disable_wanted_at
        if is_new:
            decision.disable_wanted_at, decision.disable_wanted_by = timezone.now(), actor
            decision.disable_why = why
            decision.save()
        if is_new or (settles and resolving.judgement_on(settles, [code]) is None):
            detail = {"why": why, **({resolving.SETTLES: settles.reference} if settles else {})}
            how = {"actor": actor, "origin": origin, "detail": detail}
            _record(Action.OUTSIDE_DISABLE_REQUESTED, Outcome.UNKNOWN, code, decision, **how)
    return decision


def retry_wanted(region: str) -> tuple[int, int]:
    """Ask again for every disable of the region that the cloud has not agreed to; how many it did, of how many."""
    wanted = list(
        decided()
        .filter(region=region, disable_wanted_at__isnull=False, disabled_at=None)
        .select_related("team")
        .order_by("disable_wanted_at", "pk")
    )
    ask = partial(disabling.ask, region=region, trace_id=uuid.uuid4().hex, wait=SYNC_SLOT_SECONDS)
    done = 0
    for first in range(0, len(wanted), batches.MOST):
        for decision, why_not in batches.answers(wanted[first : first + batches.MOST], ask=ask):
            done += _note(decision, _judged(decision, why_not), actor=None, origin=NOWHERE)
    return done, len(wanted)


def references_named(found: Iterable[UpstreamCode]) -> dict[str, RegisterCode]:
    """Rows of ours that the marks in these descriptions name: whoever wrote a mark, it proves nothing."""
    marks = {code.mark for code in found if code.mark}
    rows = RegisterCode.objects.filter(reference__in=marks).select_related("team") if marks else ()
    return {row.reference: row for row in rows}


def _locked(code: UpstreamCode) -> OutsideCode:
    which = {"account": code.account, "region": code.region, "code_id": code.code_id}
    OutsideCode.objects.bulk_create([OutsideCode(**which)], ignore_conflicts=True)
    return OutsideCode.objects.select_for_update(of=("self",)).select_related("team").get(**which)


def _judged(decision: OutsideCode, why_not: str) -> str:
    """Another account has none of these codes either, and says of each that it is not found."""
    told = UpstreamCode.objects.filter(account=decision.account, region=decision.region, code_id=decision.code_id)
    expires_at = told.values_list("expires_at", flat=True).first() if why_not == GONE else None
    return recognising.judged(decision, why_not, expires_at=expires_at)


def _note(decision: OutsideCode, why_not: str, *, actor: Any, origin: Origin) -> bool:
    """One that a proven account no longer has admits nobody either."""
    if why_not and why_not != GONE:
        log.warning("outside_disable_left", extra={"code_id": decision.code_id, "reason": why_not})
        if actor is not None:
            _note_failure(decision, why_not, actor=actor, origin=origin)
        return False
    with transaction.atomic():
        left = OutsideCode.objects.filter(pk=decision.pk, disable_wanted_at__isnull=False, disabled_at=None)
        if left.update(disabled_at=timezone.now()):
            detail = {"was_gone": True} if why_not else {}
            audit.record(
                Action.OUTSIDE_DISABLED,
                Outcome.SUCCESS,
                actor=actor,
                team=decision.team,
                origin=origin,
                detail=detail,
                **_names(decision),
            )
    return True


def _note_failure(decision: OutsideCode, why_not: str, *, actor: Any, origin: Origin) -> None:
    audit.record_folded(
        Action.OUTSIDE_DISABLE_REQUESTED,
        actor=actor,
        reason=f"{decision.pk}:{why_not}",
        team=decision.team,
        origin=origin,
        detail={"why_not": why_not},
        **_names(decision),
    )


def _record(
    action: Action,
    outcome: Outcome,
    code: UpstreamCode,
    decision: OutsideCode,
    *,
    actor: Any,
    origin: Origin,
    detail: dict[str, Any],
) -> None:
    """The cloud's words are copied, so that the event stands on its own; never into the columns of what was asked."""
    told = {
        "description": code.description[: rules.DESCRIPTION_MAX],
        "register_limit": code.register_limit,
        "registered_count": code.registered_count,
        "ip_address_range": code.ip_address_range[: rules.DESCRIPTION_MAX],
        "expires_at": code.expires_at.isoformat() if code.expires_at else None,
    }
    more = {"actor": actor, "team": decision.team, "origin": origin, "detail": detail | {"told": told}}
    audit.record(action, outcome, **more, **_names(decision))


def _names(decision: OutsideCode) -> dict[str, str]:
    return {"account": decision.account, "region": decision.region, "code_id": decision.code_id}
