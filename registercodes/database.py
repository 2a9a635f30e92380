"""Decides which exceptions mean that the database is busy or away, and what time it is for all who share it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import DateTimeField, Expression, Func
from django.utils import timezone

# Any other exception is a fault of ours and stays visible.
DATABASE_AWAY = (OperationalError, InterfaceError)

# SQLite's: whether a commit waits until it is on the disk. The settings begin each connection with the first.
FLUSHED = "PRAGMA synchronous=FULL"
UNFLUSHED = "PRAGMA synchronous=NORMAL"


def now() -> datetime:
    """The server's clock, or this machine's where the database is a file on it; never a transaction's start."""
    if connection.vendor == "sqlite":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def now_beside(machine: Expression) -> Expression:
    """The same clock as ``now``, for a column of a statement that is made anyway; ``machine`` is this machine's."""
    if connection.vendor == "sqlite":
        return machine
    return Func(function="clock_timestamp", output_field=DateTimeField())


@contextmanager
def unhurried() -> Iterator[None]:
    """Statements that read much of the record: what bounds those of pages must not cut them. Keep it short."""
    if connection.vendor == "sqlite":
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")
        yield
