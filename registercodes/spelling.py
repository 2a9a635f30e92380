"""Says whether SQLite stores an event's columns in the one spelling that the portal writes.

A digest covers what a column means; filters and charts compare the text that
stands there. PostgreSQL's types leave no two spellings. It changes nothing.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Model, TextField
from django.db.models.expressions import RawSQL

from registercodes.models import AuditEvent, RegisterCode

EVENTS = AuditEvent._meta.db_table
SECOND = "-".join(["[0-9]" * 4, "[0-9]" * 2, "[0-9]" * 2]) + " " + ":".join(["[0-9]" * 2] * 3)
MICROSECOND = SECOND + "." + "[0-9]" * 6

UNREADABLE_MOST = 5  # are told


class Misspelled(Exception):
    """A row that means what it should and is not written so."""

    def __init__(self, sequence: int) -> None:
        super().__init__(sequence)
        self.sequence = sequence


def _time(column: str, *, table: str = EVENTS) -> str:
    """Whole seconds have no fraction: text is compared as text."""
    name = f"{table}.{column}"
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


@dataclass(frozen=True)
class Unreadable:
    """A time that is none, of one event or of one code."""

    column: str
    event: int | None = None
    code: str = ""


def unreadable_times() -> list[Unreadable]:
    """The first few. It reads every row, so it is for when something failed already."""
    if connection.vendor != "sqlite":
        return []
    events = [Unreadable(column, event=key) for column, key in _without_time(AuditEvent, "sequence")]
    codes = [Unreadable(column, code=key) for column, key in _without_time(RegisterCode, "reference")]
    return [*events, *codes][:UNREADABLE_MOST]


def _without_time(model: type[Model], key: str) -> Iterator[tuple[str, Any]]:
    """SQLite counts a 30 February as a day of March: what it counts is compared with what stands there."""
    table = model._meta.db_table
    for field in model._meta.concrete_fields:
        if isinstance(field, DateTimeField):
            name = f"{table}.{field.column}"
            real = f"datetime(substr({name}, 1, 19), '+0 days') = substr({name}, 1, 19)"
            wrong = f"{name} IS NOT NULL AND NOT ({_time(field.column, table=table)} AND ifnull({real}, 0))"
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT {key} FROM {table} WHERE {wrong} ORDER BY id LIMIT {UNREADABLE_MOST}")  # noqa: S608 (our own words)
                yield from ((field.column, found) for (found,) in cursor.fetchall())
