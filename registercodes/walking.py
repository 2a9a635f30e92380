"""Reads the record in order of its numbers, a chunk at a time: never all of it, never in one long transaction."""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from registercodes.database import unhurried
from registercodes.models import AuditEvent

CHUNK = 2000  # rows; larger ones are not read faster and stand in memory


def rows(
    *columns: Any,
    events: QuerySet[AuditEvent] | None = None,
    after: int | None = None,
    upto: int | None = None,
    chunk: int = CHUNK,
) -> Iterator[tuple[Any, ...]]:
    """``columns`` of each event of ``events``, as tuples, numbered above ``after`` and up to ``upto``.

    Each chunk begins at the number that the one before ended with: a second
    row of that number, where somebody dropped the unique index, is not skipped.
    """
    asked = (AuditEvent.objects.all() if events is None else events).order_by("sequence", "id")
    asked = asked if upto is None else asked.filter(sequence__lte=upto)
    part = asked if after is None else asked.filter(sequence__gt=after)
    seen: set[int] = set()
    while True:
        with unhurried():
            found = list(part.values_list(*columns, "sequence", "id")[: chunk + len(seen)])
        fresh = [row for row in found if row[-1] not in seen] if seen else found
        for row in fresh:
            yield row[:-2]
        if len(fresh) < chunk:
            return
        seen = _of_the_last_number(found)
        part = asked.filter(sequence__gte=found[-1][-2])


def _of_the_last_number(found: list[tuple[Any, ...]]) -> set[int]:
    last = found[-1][-2]
    seen: set[int] = set()
    for row in reversed(found):
        if row[-2] != last:
            break
        seen.add(row[-1])
    return seen
