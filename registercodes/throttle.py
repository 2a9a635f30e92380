"""Decides when the next call of an action may leave: one rate for all processes, kept in the database.

A cell-rate row (GCRA without burst) per account and action. Each caller
reserves the next free slot in a commit of its own and sleeps until it comes.
Who is late has lost the slot: it would arrive together with punctual ones.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from registercodes import database
from registercodes.models import CallBudget
from registercodes.prepared import planned_cursor

MICROSECONDS = 1_000_000
QUEUE_SECONDS = 5.0
# 21 slots at 19 a second span 1.053 s: a caller this late still leaves 20 to any one second.
LATE_SECONDS = 0.03
SLOTS_MAX = 3  # lost ones included; a machine that loses more does not reach the rate
AHEAD_MAX = 60 * MICROSECONDS  # no queue is that long: the clock was set back

# By hand: one statement where the ORM has three, and each is a round trip while the next caller waits.
SLOT = "CASE WHEN next_at > {now} AND next_at <= {now} + %(ahead)s THEN next_at ELSE {now} END"
WHICH = "account = %(account)s AND action = %(action)s"
TAKE = (
    f"UPDATE {CallBudget._meta.db_table} SET next_at = {SLOT} + %(interval)s "  # noqa: S608 (our own words)
    f"WHERE {WHICH} AND {SLOT} - {{now}} <= %(wait)s"
)
TAKEN = f"SELECT next_at - %(interval)s FROM {CallBudget._meta.db_table} WHERE {WHICH}"  # noqa: S608
SERVER_CLOCK = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
# Of this transaction alone: a slot that is due at once waits for no disk. If the server falls and forgets it, the next
# one begins at its clock again; slots that lie ahead are flushed, since their callers sleep through a short restart.
UNFLUSHED = (
    f"CASE WHEN next_at - %(interval)s <= {SERVER_CLOCK} THEN set_config('synchronous_commit', 'off', true) END"
)
TAKE_OF_SERVER = f"{TAKE.format(now=SERVER_CLOCK)} RETURNING next_at - %(interval)s, {SERVER_CLOCK}, {UNFLUSHED}"


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
    which = {"account": settings.TAT_ACCOUNT, "action": action}
    asked = which | {
        "interval": -(-MICROSECONDS // settings.TAT_RATE),  # rounded up: never a slot too many
        "wait": int(wait * MICROSECONDS),
        "ahead": AHEAD_MAX,
    }
    taken = _taken(asked)
    if taken is None:  # too long a queue, or the first call of all
        CallBudget.objects.bulk_create([CallBudget(**which)], ignore_conflicts=True)
        taken = _taken(asked)
    if taken is None:
        return None
    slot, now, read = taken
    seconds = (slot - now) / MICROSECONDS
    return Slot(wait=max(0.0, seconds), due=read + seconds)


def _taken(asked: dict[str, Any]) -> tuple[int, int, float] | None:
    """The slot, the clock all callers share and our own at that moment; None where no row was moved."""
    return _taken_of_server(asked) if connection.vendor == "postgresql" else _taken_of_file(asked)


def _taken_of_server(asked: dict[str, Any]) -> tuple[int, int, float] | None:
    """One statement that commits by itself: BEGIN and COMMIT cost as much again.

    It reads the clock for RETURNING once more, after any wait for the row: who stood behind a caller
    that was rolled back has then lost the slot, and does not leave together with the next one.
    """
    with transaction.atomic(durable=True):
        pass  # sends nothing, and refuses a transaction around: others would wait for its row
    with planned_cursor(connection) as cursor:
        cursor.execute(TAKE_OF_SERVER, asked)
        found = cursor.fetchone()
    return (*found[:2], time.monotonic()) if found else None


def _taken_of_file(asked: dict[str, Any]) -> tuple[int, int, float] | None:
    """The immediate transaction locks the file before the clock is read, which is this machine's."""
    with _unflushed(), transaction.atomic(durable=True), connection.cursor() as cursor:
        now, read = time.time_ns() // 1000, time.monotonic()
        cursor.execute(TAKE.format(now="%(now)s"), asked | {"now": now})
        if not cursor.rowcount:
            return None
        cursor.execute(TAKEN, asked)
        return (*cursor.fetchone(), now, read)


@contextmanager
def _unflushed() -> Iterator[None]:
    """Commits wait for no disk. What power takes from the file it takes from all who hold a slot: they run beside it.

    The connection writes the record too, so it is given up rather than left so.
    """
    if connection.in_atomic_block:  # a test's: SQLite refuses the switch inside a transaction
        yield
        return
    try:
        with connection.cursor() as cursor:
            cursor.execute(database.UNFLUSHED)
        yield
        with connection.cursor() as cursor:
            cursor.execute(database.FLUSHED)
    except BaseException:
        connection.close()
        raise
