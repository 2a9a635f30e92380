"""Decides when the next call of an action may leave: one rate for all processes, kept in the database.

A cell-rate row (GCRA without burst) per account and action. Each caller
reserves the next free slot in a commit of its own and sleeps until it comes.
Who is late has lost the slot: it would arrive together with punctual ones.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction

from registercodes.models import CallBudget

MICROSECONDS = 1_000_000
QUEUE_SECONDS = 5.0
# 21 slots at 19 a second span 1.053 s: a caller this late still leaves 20 to any one second.
LATE_SECONDS = 0.03
SLOTS_MAX = 3  # lost ones included; a machine that loses more does not reach the rate
AHEAD_MAX = 60 * MICROSECONDS  # no queue is that long: the clock was set back


@dataclass(frozen=True)
class Slot:
    """``wait``: seconds from the reservation; ``due``: the same moment on ``time.monotonic``."""

    wait: float
    due: float

    @property
    def is_lost(self) -> bool:
        return time.monotonic() - self.due > LATE_SECONDS


class Turn:
    """One caller's place in the queue of an action; ``queued`` counts the seconds it had to wait, at most ``wait``."""

    def __init__(
        self, action: str, *, wait: float = QUEUE_SECONDS, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._action = action
        self._wait = wait
        self._sleep = sleep
        self._slot: Slot | None = None
        self.queued = 0.0

    def comes(self) -> bool:
        """Wait for a slot; False when there is none in time."""
        for _ in range(SLOTS_MAX):
            self._slot = reserve(self._action, wait=self._wait - self.queued)
            if self._slot is None:
                return False
            self._sleep(max(0.0, self._slot.due - time.monotonic()))
            self.queued += self._slot.wait
            if not self._slot.is_lost:
                break
        return True

    def holds(self) -> bool:
        """Asked right before sending. A handshake may have outlasted the slot: then for another."""
        return (self._slot is not None and not self._slot.is_lost) or self.comes()


def take(action: str, *, wait: float = QUEUE_SECONDS) -> bool:
    """Wait for a slot, at most ``wait`` seconds; False when there is none in time."""
    return Turn(action, wait=wait).comes()


def reserve(action: str, *, wait: float) -> Slot | None:
    """The next free slot, or None, and nothing reserved, when it would be after ``wait``."""
    interval = -(-MICROSECONDS // settings.TAT_RATE)  # rounded up: never a slot too many
    with transaction.atomic(durable=True):
        budget = _locked(action)
        now, read = _now(), time.monotonic()
        slot = budget.next_at if now < budget.next_at <= now + AHEAD_MAX else now
        if slot - now > wait * MICROSECONDS:
            return None
        CallBudget.objects.filter(pk=budget.pk).update(next_at=slot + interval)
    seconds = (slot - now) / MICROSECONDS
    return Slot(wait=seconds, due=read + seconds)


def _locked(action: str) -> CallBudget:
    which = {"account": settings.TAT_ACCOUNT, "action": action}
    budget = CallBudget.objects.select_for_update().filter(**which).first()
    if budget is None:
        CallBudget.objects.bulk_create([CallBudget(**which)], ignore_conflicts=True)
        budget = CallBudget.objects.select_for_update().get(**which)
    return budget


def _now() -> int:
    """The clock all callers share: the server's, or this machine's where the database is a file on it."""
    if connection.vendor == "sqlite":
        return time.time_ns() // 1000
    with connection.cursor() as cursor:
        cursor.execute("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
        return int(cursor.fetchone()[0])
