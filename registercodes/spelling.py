"""Says whether SQLite stores an event's columns in the one spelling that the portal writes.

A digest covers what a column means; filters and charts compare the text that
stands there. PostgreSQL's types leave no two spellings. It changes nothing.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection
from django.db.models import TextField
from django.db.models.expressions import RawSQL

from registercodes.models import AuditEvent

EVENTS = AuditEvent._meta.db_table
SECOND = "-".join(["[0-9]" * 4, "[0-9]" * 2, "[0-9]" * 2]) + " " + ":".join(["[0-9]" * 2] * 3)
MICROSECOND = SECOND + "." + "[0-9]" * 6


class Misspelled(Exception):
    """A row that means what it should and is not written so."""

    def __init__(self, sequence: int) -> None:
        super().__init__(sequence)
        self.sequence = sequence


def _time(column: str) -> str:
    """Whole seconds have no fraction: text is compared as text."""
    name = f"{EVENTS}.{column}"
    fraction = f"{name} GLOB '{MICROSECOND}' AND {name} NOT GLOB '*.000000'"
    return f"typeof({name}) = 'text' AND ({name} GLOB '{SECOND}' OR {fraction})"


# The detail as it stands, or nothing where another column is misspelled: one value more a row, and none converted.
STORED = RawSQL(  # noqa: S611 (our own words)
    f"CASE WHEN {_time('at')} AND ({EVENTS}.expires_at IS NULL OR {_time('expires_at')})"
    f" AND ({EVENTS}.permanent IS NULL OR {EVENTS}.permanent IN (0, 1)) THEN {EVENTS}.detail END",
    (),
    output_field=TextField(),
)
_written = json.JSONEncoder().encode  # as Django writes a JSON column


def columns() -> tuple[Any, ...]:
    """What to read of each row beside its columns."""
    return (STORED,) if connection.vendor == "sqlite" else ()


def checked(rows: Iterable[tuple[Any, ...]], *, sequence: int, detail: int) -> Iterator[tuple[Any, ...]]:
    """Rows without what ``columns`` added. Raises ``Misspelled`` after a row: what else is wrong comes first."""
    if not columns():
        yield from rows
        return
    for row in rows:
        yield row[:-1]
        if row[-1] != ("{}" if row[detail] == {} else _written(row[detail])):
            raise Misspelled(row[sequence])
