"""Decides when the next call of an action may leave: one rate for all processes, kept in the database.

A cell-rate row (GCRA without burst) per account and action. Each caller
reserves the next free slot in a commit of its own and sleeps until it comes.
"""

import time
from collections.abc import Callable

from django.conf import settings
from django.db import connection, transaction

from registercodes.models import CallBudget

MICROSECONDS = 1_000_000
QUEUE_SECONDS = 5.0


def take(action: str, *, wait: float = QUEUE_SECONDS, sleep: Callable[[float], None] = time.sleep) -> float | None:
    """Wait for a slot, at most ``wait`` seconds. Returns the seconds waited, None when there is none in time."""
    delay = reserve(action, wait=wait)
    if delay is None:
        return None
    sleep(delay)
    return delay


def reserve(action: str, *, wait: float) -> float | None:
    """Seconds until the slot reserved, or None, and nothing reserved, when it would be after ``wait``."""
    interval = MICROSECONDS // settings.TAT_RATE
    with transaction.atomic(durable=True):
        budget = _locked(action)
        now = _now()
        slot = max(now, budget.next_at)
        if slot - now > wait * MICROSECONDS:
            return None
        CallBudget.objects.filter(pk=budget.pk).update(next_at=slot + interval)
    return (slot - now) / MICROSECONDS


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
