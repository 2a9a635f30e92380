"""Hands out events as they come: each at least once, none left out, in order; where it is stands in a file.

The chain's lock makes them visible in the order of their numbers, so the next
one is always the cursor's number plus one, or something is wrong.
"""

from collections.abc import Iterator
from pathlib import Path

from registercodes import files, sealing, verifying, walking, witness
from registercodes.exporting import COLUMNS, DIGEST, SEQUENCE, Row
from registercodes.models import AuditEvent
from registercodes.verifying import Seen
from registercodes.witness import Verdict

KIND = "register code portal: audit cursor"
BATCH = 1000
CHAIN, PREVIOUS = COLUMNS.index("chain"), COLUMNS.index("previous_digest")


class Stopped(Exception):
    """Going on would leave events out, or hand out those of another record; the message says why."""


def read_cursor(path: Path) -> Seen | None:
    """None while there is no file; raises ``Stopped`` for one that is no cursor."""
    try:
        seen = verifying.seen_in(sealing.opened(KIND, path.read_text()))
    except FileNotFoundError:
        return None
    except (sealing.NotSealed, UnicodeDecodeError) as wrong:
        raise Stopped(f"{path} is no cursor to go on from: {wrong}") from None
    if seen is None:
        raise Stopped(f"{path} is no cursor to go on from: it names no event")
    return seen


def write_cursor(path: Path, seen: Seen) -> None:
    facts = {"chain": seen.chain, "sequence": seen.sequence, "digest": seen.digest}
    files.write(path, sealing.seal(KIND, facts))


def start(cursor: Seen | None) -> int:
    """The number after which to go on. Raises ``Stopped`` where the record is not the one that was followed."""
    if cursor is None:
        first = AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True).first()
        return (first or 1) - 1
    comparison = witness.compare(cursor)
    if comparison.verdict is Verdict.SAME:
        return cursor.sequence
    if comparison.restore:  # what was handed out after the backup is of a chain of its own
        return comparison.restore.at - 1
    raise Stopped(f"the cursor stands at event {cursor.sequence}, and {comparison.verdict.value}")


def batches(after: int, *, seen: Seen | None = None) -> Iterator[list[Row]]:
    """All there is after a number, now; raises ``Stopped`` at a gap, after what comes before it.

    ``seen``: what was handed out last, to which the next row is chained, or another record came in between.
    """
    before = seen.digest if seen and seen.sequence == after else None
    rows = walking.rows(*COLUMNS, after=after, chunk=BATCH)
    batch: list[Row] = []
    for row in rows:
        if row[SEQUENCE] != after + 1:
            yield from [batch] if batch else []
            raise Stopped(f"sequence {after + 1}: missing")
        if before is not None and row[PREVIOUS] != before:
            yield from [batch] if batch else []
            raise Stopped(f"sequence {after + 1}: not chained to the event that was handed out before it")
        after, before = row[SEQUENCE], row[DIGEST]
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield from [batch] if batch else []


def seen_at(row: Row) -> Seen:
    return Seen(row[CHAIN], row[SEQUENCE], row[DIGEST])
