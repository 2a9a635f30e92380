"""Decides which long-dead codes may be deleted in the cloud, where they eat its quota; never one that is active.

Rows of ours stay: the record of a code outlives it. The cloud is asked about
every id once more right before, and the wish is on record before the call.
"""

import itertools
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThan
from django.utils import timezone

from registercodes import audit, batches, cloud, throttle
from registercodes.audit import Origin
from registercodes.database import DATABASE_AWAY
from registercodes.lifecycle import GONE
from registercodes.models import Action, Outcome, OutsideCode, RegisterCode, UpstreamCode
from registercodes.tat.errors import NotSent, Refused, TatError, Unknown, reason_of

log = logging.getLogger("registercodes.cleaning")

DELETE: Final = "DeleteRegisterCodes"
DESCRIBE: Final = "DescribeRegisterCodes"
DAYS: Final = 30
MOST: Final = 2 * batches.MOST  # of one press
PATIENCE_SECONDS: Final = 25.0
ACTIVE: Final = "active"
NOT_DEAD: Final = "not_dead"


@dataclass(frozen=True)
class Cleaned:
    """``why_not`` is empty where the cloud has the code no more."""

    code: UpstreamCode
    why_not: str


def dead(*, days: int) -> QuerySet[UpstreamCode]:
    """Expired that long ago, or disabled; where nobody knows since when, unchanged for that long."""
    before = timezone.now() - timedelta(days=days)
    same = {"account": OuterRef("account"), "region": OuterRef("region"), "code_id": OuterRef("code_id")}
    ours = RegisterCode.objects.filter(~Q(code_id=""), disabled_at__lt=before, **same)
    theirs = OutsideCode.objects.filter(disabled_at__lt=before, **same)
    # The cloud says "not enabled" of an expired code too, and that says nothing of when it was disabled.
    unexplained = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    by_the_cloud = unexplained & Q(LessThan(Coalesce("updated_at", "changed_at"), before))
    is_disabled = Q(enabled=False) & (Q(Exists(ours)) | Q(Exists(theirs)) | by_the_cloud)
    rows = UpstreamCode.objects.filter(account=settings.TAT_ACCOUNT, gone_at=None)
    return rows.filter(Q(expires_at__lt=before) | is_disabled).order_by("region", "pk")


def clean(keys: Sequence[int], *, days: int, actor: Any, origin: Origin) -> list[Cleaned]:
    """Delete those of ``keys`` that are dead still; each of them with what became of it."""
    until = time.monotonic() + PATIENCE_SECONDS
    chosen = UpstreamCode.objects.in_bulk(list(keys)[:MOST])
    rows = list(dead(days=days).filter(pk__in=chosen))
    alive = chosen.keys() - {row.pk for row in rows}
    cleaned = [Cleaned(chosen[key], NOT_DEAD) for key in sorted(alive)]
    for _, of_region in itertools.groupby(rows, key=lambda row: row.region):
        codes = list(of_region)
        for first in range(0, len(codes), batches.MOST):
            batch = codes[first : first + batches.MOST]
            cleaned += _clean(batch, actor=actor, origin=origin, until=until)
    return cleaned


def _clean(batch: list[UpstreamCode], *, actor: Any, origin: Origin, until: float) -> list[Cleaned]:
    region = batch[0].region
    found = _looked_up(batch, origin=origin, until=until)
    if found is None:
        return [Cleaned(code, "not_asked") for code in batch]
    cleaned = [Cleaned(code, ACTIVE) for code in batch if found.get(code.code_id)]
    cleaned += [Cleaned(code, "") for code in batch if code.code_id not in found]
    doomed = [code for code in batch if found.get(code.code_id) is False]
    if doomed:
        _record(Action.CODES_DELETE_REQUESTED, Outcome.UNKNOWN, doomed, actor=actor, origin=origin)
        ask = partial(_delete, region=region, trace_id=origin.request_id, until=until)
        cleaned += [Cleaned(code, "" if why == GONE else why) for code, why in batches.answers(doomed, ask=ask)]
    try:
        _write_down(cleaned, doomed=doomed, actor=actor, origin=origin)
    except DATABASE_AWAY:  # the wish is on record, and the next sync sees what is gone
        log.error("clean_up_not_recorded", extra={"region": region}, exc_info=True)
    return cleaned


def _looked_up(batch: Sequence[UpstreamCode], *, origin: Origin, until: float) -> dict[str, bool] | None:
    """Which of them the cloud still has, and whether each is enabled; None when it could not be asked."""
    ids = [code.code_id for code in batch]
    if not _slot_free(DESCRIBE, until=until):
        return None
    try:
        page = cloud.client().describe_register_codes(region=batch[0].region, code_ids=ids, trace_id=origin.request_id)
    except TatError:
        log.warning("clean_up_not_asked", extra={"region": batch[0].region}, exc_info=True)
        return None
    return {code.code_id: code.enabled for code in page.items if code.code_id in set(ids)}


def _delete(code_ids: Sequence[str], *, region: str, trace_id: str, until: float) -> str:
    """Empty when the cloud agreed; else the vendor's code or our reason."""
    if not _slot_free(DELETE, until=until):
        return "busy"
    try:
        cloud.client().delete_register_codes(region=region, code_ids=code_ids, trace_id=trace_id)
    except (NotSent, Refused, Unknown) as failure:
        return reason_of(failure)
    return ""


def _slot_free(action: str, *, until: float) -> bool:
    left = until - time.monotonic()
    return left > 0 and throttle.take(action, wait=left)


def _write_down(cleaned: list[Cleaned], *, doomed: list[UpstreamCode], actor: Any, origin: Origin) -> None:
    now = timezone.now()
    gone = [one.code for one in cleaned if not one.why_not]
    keys = {code.pk for code in doomed}
    kept = {one.code.code_id: one.why_not for one in cleaned if one.why_not and one.code.pk in keys}
    with transaction.atomic():
        UpstreamCode.objects.filter(pk__in=[code.pk for code in gone], gone_at=None).update(
            gone_at=now, changed_at=now
        )
        deleted = [code for code in gone if code.pk in keys]
        if deleted:
            _record(Action.CODES_DELETED, Outcome.SUCCESS, deleted, actor=actor, origin=origin)
        if kept:
            left = [code for code in doomed if code.code_id in kept]
            _record(Action.CODES_DELETED, Outcome.FAILURE, left, actor=actor, origin=origin, why_not=kept)


def _record(
    action: Action,
    outcome: Outcome,
    codes: Iterable[UpstreamCode],
    *,
    actor: Any,
    origin: Origin,
    **more: Any,
) -> None:
    codes = list(codes)
    detail = {"code_ids": [code.code_id for code in codes], **more}
    with transaction.atomic():
        audit.record(action, outcome, actor=actor, origin=origin, region=codes[0].region, detail=detail)
