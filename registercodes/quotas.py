"""Asks the cloud how many codes an account may still have, for a page that can do without the answer.

An answer is good for some minutes in this process. A cloud that did not answer
is left alone for a while, so that one stalled question does not become one per page.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from registercodes import cloud, places, throttle
from registercodes.database import DATABASE_AWAY
from registercodes.tat.errors import TatError

log = logging.getLogger("registercodes.quotas")

DESCRIBE: Final = "DescribeQuotas"
RESOURCE: Final = "REGISTER_CODE"
NEARLY: Final = 0.8
GOOD_SECONDS: Final = 300.0
SILENT_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 2.0
SLOT_SECONDS: Final = 0.5


@dataclass(frozen=True)
class Quota:
    region: str
    used: int
    total: int

    @property
    def is_nearly_full(self) -> bool:
        return self.total > 0 and self.used >= NEARLY * self.total


_known: dict[tuple[str, str], tuple[float, Quota]] = {}
_silent: dict[str, float] = {}  # endpoint: when it last did not answer
_lock = threading.Lock()


def of(regions: Iterable[str], *, clock: Callable[[], float] = time.monotonic) -> list[Quota]:
    """What is known of each region; raises nothing, and after one failure asks no further."""
    found = (_of(region, clock=clock) for region in regions)
    return [quota for quota in found if quota]


def forget() -> None:
    with _lock:
        _known.clear()
        _silent.clear()


def _of(region: str, *, clock: Callable[[], float]) -> Quota | None:
    endpoint, now = cloud.endpoint(), clock()
    with _lock:
        at, known = _known.get((endpoint, region), (-GOOD_SECONDS, None))
        is_silent = now - _silent.get(endpoint, -SILENT_SECONDS) < SILENT_SECONDS
    if is_silent or now - at < GOOD_SECONDS:
        return known
    asked = _ask(region)
    with _lock:
        if asked is None:
            _silent[endpoint] = clock()
        else:
            _known[(endpoint, region)] = (clock(), asked)
    return asked or known


def _ask(region: str) -> Quota | None:
    try:
        with places.place(DESCRIBE) as free:
            if not free or not throttle.take(DESCRIBE, wait=SLOT_SECONDS):
                return None
            client = cloud.client(deadline=LOOK_SECONDS)
            told = client.describe_quotas(region=region, resource_names=[RESOURCE], trace_id="attention")
    except (TatError, *DATABASE_AWAY):
        log.warning("quota_not_asked", extra={"region": region}, exc_info=True)
        return None
    return next((Quota(region, one.used, one.total) for one in told if one.resource == RESOURCE), None)
