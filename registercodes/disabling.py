"""Tells the cloud, many codes in one call, what is on record as wanted disabled; never disables what no row wants.

An id that the cloud no longer has admits nobody either, and counts as disabled
once the account is proven.
"""

import logging
import math
import time
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from django.conf import settings

from registercodes import batches, cloud, lifecycle, recognising, throttle
from registercodes.audit import NOWHERE, Origin
from registercodes.lifecycle import DISABLE
from registercodes.models import RegisterCode
from registercodes.recognising import GONE
from registercodes.tat.errors import NotSent, Refused, Unknown, reason_of

log = logging.getLogger("registercodes.lifecycle")

SLOT_SECONDS = 30.0


def retry_wanted(region: str) -> tuple[int, int]:
    """Ask again for every disable of the region that the cloud has not agreed to; how many it did, of how many."""
    wanted = list(
        RegisterCode.objects.filter(
            account=settings.TAT_ACCOUNT, region=region, disable_wanted_at__isnull=False, disabled_at=None
        )
        .exclude(code_id="")
        .select_related("team")
        .order_by("disable_wanted_at", "pk")
    )
    left = push_all(wanted)
    return len(wanted) - len(left), len(wanted)


def push_all(
    codes: Sequence[RegisterCode], *, actor: Any = None, origin: Origin = NOWHERE, until: float = math.inf
) -> dict[int, str]:
    """Push wishes of one region that are on record; by primary key, why the cloud did not agree to some.

    After ``until``, on ``time.monotonic``, nothing more is asked: the wishes stay for a sync.
    """
    left: dict[int, str] = {}
    for first in range(0, len(codes), batches.MOST):
        trace_id = origin.request_id or uuid.uuid4().hex
        for code, why_not in _push(codes[first : first + batches.MOST], trace_id=trace_id, until=until):
            if why_not and why_not != GONE:
                left[code.pk] = why_not
                lifecycle.note_failure(code, why_not, actor=actor, origin=origin)
            else:
                lifecycle.note_disabled(code, actor=actor, origin=origin, was_gone=bool(why_not))
    if left:
        log.warning("disables_left", extra={"count": len(left), "reason": next(iter(left.values()))})
    return left


def _push(codes: Sequence[RegisterCode], *, trace_id: str, until: float) -> Iterator[tuple[RegisterCode, str]]:
    """Each code with why it is not disabled, empty where it is."""
    in_time = partial(_in_time, region=codes[0].region, trace_id=trace_id, until=until)
    for code, why_not in batches.answers(codes, ask=in_time):
        yield code, recognising.judged(code, why_not, expires_at=code.expires_at)


def _in_time(code_ids: Sequence[str], *, region: str, trace_id: str, until: float) -> str:
    left = until - time.monotonic()
    return "busy" if left <= 0 else ask(code_ids, region=region, trace_id=trace_id, wait=min(SLOT_SECONDS, left))


def ask(code_ids: Sequence[str], *, region: str, trace_id: str, wait: float) -> str:
    """Empty when the cloud agreed; else the vendor's code or our reason. ``wait``: seconds for a turn."""
    if not throttle.take(DISABLE, wait=wait):
        return "busy"
    try:
        cloud.client().disable_register_codes(region=region, code_ids=code_ids, trace_id=trace_id)
    except (NotSent, Refused, Unknown) as failure:
        return reason_of(failure)
    return ""
