"""Reads what codes the cloud has in a region, page by page, and writes down what changed; decides nothing about ours.

A row changes only when its facts do. Memory holds the ids of one region, however long their list is.
"""

import logging
import math
import re
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings

from registercodes import cloud, database, recognising, rules, throttle
from registercodes.models import RegisterCode, SyncRun, UpstreamCode
from registercodes.paging import PAGE, Ask, GoOn, Reader
from registercodes.tat.errors import NotSent
from registercodes.tat.records import Page, RegisterCodeInfo

log = logging.getLogger("registercodes.upstream")

NONE_OF_OURS = "none_of_ours"  # read to its end, and yet not complete: another account's list, or all were deleted
DESCRIBE = "DescribeRegisterCodes"
SLOT_SECONDS = 30.0
LOOK_SECONDS = 5.0  # of one page while a person waits
TEXT_MAX = 1_000  # longer is nothing the API accepts
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses the first, both databases the others
KEPT = timedelta(days=7)  # of passes; resolving needs two that are ten minutes apart
GONE_BATCH = 500

FACTS = (
    *("description", "instance_name_prefix", "register_limit", "registered_count", "ip_address_range", "enabled"),
    *("expires_at", "created_at", "updated_at", "mark"),
)


@dataclass(frozen=True)
class Pass:
    """One pass. ``run`` is None when not even one page could be read; ``why_not`` is empty when it is complete."""

    run: SyncRun | None
    why_not: str
    seen: int = 0
    changed: int = 0


def take_in(
    region: str,
    *,
    ask: Ask | None = None,
    clock: Callable[[], datetime] = database.now,
    go_on: GoOn = lambda: True,
    until: float | None = None,
) -> Pass:
    """Read the region once, to its end or until ``until``. A cloud that answers nothing changes nothing."""
    started, changed = clock(), 0

    def keep(codes: Sequence[RegisterCodeInfo]) -> None:
        nonlocal changed
        changed += _write(region, codes, at=clock())

    reader = Reader(ask or partial(_ask, region, trace_id=uuid.uuid4().hex, until=until), keep=keep, go_on=go_on)
    why_not = reader.read()
    if not reader.pages:
        return Pass(None, why_not)
    seen = reader.sweep.seen
    known = _known(region, seen)
    if not why_not and not known and recognising.expects_codes(region):
        log.error("none_of_our_codes_seen", extra={"region": region, "total": reader.sweep.total})
        why_not = NONE_OF_OURS
    if not why_not:
        changed += _mark_gone(region, seen, started=started, at=clock())
    run = SyncRun.objects.create(
        account=settings.TAT_ACCOUNT,
        region=region,
        started_at=started,
        finished_at=clock(),
        complete=not why_not,
        total=reader.sweep.total,
        known=known,
    )
    _forget_old_runs(run)
    return Pass(run, why_not, seen=len(seen), changed=changed)


def _ask(region: str, offset: int, *, trace_id: str, until: float | None) -> Page[RegisterCodeInfo]:
    left = math.inf if until is None else until - time.monotonic()
    if left <= 0 or not throttle.take(DESCRIBE, wait=min(SLOT_SECONDS, left)):
        raise NotSent("busy")
    client = cloud.client() if until is None else cloud.client(deadline=LOOK_SECONDS)
    return client.describe_register_codes(region=region, offset=offset, limit=PAGE, trace_id=trace_id)


# Writing: rows change only when facts do.


def _write(region: str, codes: Sequence[RegisterCodeInfo], *, at: datetime) -> int:
    """Bring the rows of one page up to date in at most two statements; how many were new or changed."""
    which = {"account": settings.TAT_ACCOUNT, "region": region}
    told = {code.code_id: facts_of(code) for code in codes}
    # Plain columns: making a hundred objects took longer than all the rest of a page.
    rows = UpstreamCode.objects.filter(**which, code_id__in=told)
    known = {code_id: known for code_id, *known in rows.values_list("code_id", "first_seen_at", "gone_at", *FACTS)}
    changed = [
        UpstreamCode(
            **which,
            **dict(zip(FACTS, facts, strict=True)),
            code_id=code_id,
            first_seen_at=known[code_id][0] if code_id in known else at,
            changed_at=at,
        )
        for code_id, facts in told.items()
        if code_id not in known or known[code_id][1:] != [None, *facts]
    ]
    if changed:
        UpstreamCode.objects.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["account", "region", "code_id"],
            update_fields=[*FACTS, "changed_at", "gone_at"],
        )
    return len(changed)


def facts_of(code: RegisterCodeInfo) -> tuple[object, ...]:
    """In the order of ``FACTS``."""
    description = _storable(code.description)
    return (
        description,
        _storable(code.instance_name_prefix),
        code.register_limit,
        code.registered_count,
        _storable(code.ip_address_range),
        code.enabled,
        code.expires_at,
        code.created_at,
        code.updated_at,
        rules.mark_in(description) or "",
    )


def _storable(text: str) -> str:
    return UNSTORABLE.sub(rules.LOST, text[:TEXT_MAX])


def _mark_gone(region: str, seen: set[str], *, started: datetime, at: datetime) -> int:
    """Note what a complete pass did not see; a row that somebody else saw since ``started`` is left alone."""
    rows = UpstreamCode.objects.filter(
        account=settings.TAT_ACCOUNT, region=region, gone_at=None, changed_at__lte=started
    )
    lost = [pk for pk, code_id in rows.values_list("pk", "code_id").iterator() if code_id not in seen]
    return sum(
        rows.filter(pk__in=lost[first : first + GONE_BATCH]).update(gone_at=at, changed_at=at)
        for first in range(0, len(lost), GONE_BATCH)
    )


def _known(region: str, seen: set[str]) -> int:
    ours = RegisterCode.objects.filter(account=settings.TAT_ACCOUNT, region=region).exclude(code_id="")
    return sum(code_id in seen for code_id in ours.order_by().values_list("code_id", flat=True).iterator())


def _forget_old_runs(run: SyncRun) -> None:
    """The newest complete one stays, however old it is: it is the "as of"."""
    runs = SyncRun.objects.filter(account=run.account, region=run.region)
    newest = runs.filter(complete=True).order_by("-started_at").values_list("pk", flat=True).first()
    runs.filter(started_at__lt=run.started_at - KEPT).exclude(pk=newest).delete()
