"""Asks the cloud which hosts registered with a code, for a page that can do without the answer; keeps none of it.

An answer is good for a moment in this process. A cloud that did not answer is left alone for as long, so that
one stalled look-up does not become one per page.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from registercodes import cloud, places, throttle
from registercodes.database import DATABASE_AWAY
from registercodes.models import RegisterCode
from registercodes.tat.errors import TatError
from registercodes.tat.records import Page, RegisterInstanceInfo

log = logging.getLogger("registercodes.hosts")

DESCRIBE: Final = "DescribeRegisterInstances"
SHOWN: Final = 100  # the most one call gives
GOOD_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 3.0
SLOT_SECONDS: Final = 1.0
KEPT: Final = 500  # codes


@dataclass(frozen=True)
class Hosts:
    """The first of them, how many there are, and when the cloud said so; ``rows`` None: it could not be asked."""

    rows: tuple[RegisterInstanceInfo, ...] | None
    total: int = 0
    at: object = None

    @property
    def more(self) -> int:
        return max(self.total - len(self.rows or ()), 0)


NOT_ASKED: Final = Hosts(None)
_known: dict[tuple[str, str, str], tuple[float, Hosts]] = {}
_silent: dict[str, float] = {}  # endpoint: when it last did not answer
_lock = threading.Lock()


def of(code: RegisterCode, *, clock: Callable[[], float] = time.monotonic) -> Hosts:
    """The hosts that used ``code``; raises nothing."""
    endpoint, now = cloud.endpoint(), clock()
    key = (endpoint, code.region, code.code_id)
    with _lock:
        at, hosts = _known.get(key, (-GOOD_SECONDS, NOT_ASKED))
        if now - at < GOOD_SECONDS:
            return hosts
        if now - _silent.get(endpoint, -GOOD_SECONDS) < GOOD_SECONDS:
            return NOT_ASKED
    found = _ask(code)
    with _lock:
        if found is NOT_ASKED:
            _silent[endpoint] = clock()
        else:
            if len(_known) >= KEPT:
                _known.clear()
            _known[key] = (clock(), found)
    return found


def forget() -> None:
    """What was asked before, in this process: somebody wants to know anew."""
    with _lock:
        _known.clear()
        _silent.clear()


def _ask(code: RegisterCode) -> Hosts:
    try:
        with places.place(DESCRIBE) as free:
            if not free or not throttle.take(DESCRIBE, wait=SLOT_SECONDS):
                return NOT_ASKED
            page = cloud.client(deadline=LOOK_SECONDS).describe_register_instances(
                region=code.region,
                filters={"register-code-id": [code.code_id]},
                limit=SHOWN,
                trace_id=code.reference,
            )
    except (TatError, *DATABASE_AWAY):
        log.warning("hosts_not_asked", extra={"reference": code.reference}, exc_info=True)
        return NOT_ASKED
    return _read(page, code_id=code.code_id)


def _read(page: Page[RegisterInstanceInfo], *, code_id: str) -> Hosts:
    """A cloud that ignores the filter tells of other codes' hosts: those are not this one's."""
    rows = tuple(row for row in page.items if row.code_id == code_id)[:SHOWN]
    total = max(page.total, len(rows)) if len(rows) == len(page.items) else len(rows)
    return Hosts(rows, total, timezone.now())
