"""Decides whether the record in this database is whole, and says what it cannot tell. It changes nothing.

The walk stops at the head as it was when it began, so a portal goes on
writing meanwhile and no lock is held.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from django.db import connection

from registercodes import anchors, keys, matching, spelling, triggers, verifying, walking, witness
from registercodes.anchors import Anchor
from registercodes.matching import Mismatch
from registercodes.models import AuditEvent, AuditHead
from registercodes.spelling import Misspelled
from registercodes.verifying import COLUMNS, Break, Place, Row, Seen
from registercodes.witness import Verdict

# What Django raises of a time or JSON that is none (SQLite).
UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError)
MISSPELLED = "altered: a column means what was written and is spelled otherwise, so that filters miss it"
AHEAD = (
    "Event {sequence} is ahead of its time: those before and after it agree on an earlier one. A clock was fast, or"
    " somebody with the key says so; the chain holds all the same."
)
AHEAD_SHOWN = 20
SEQUENCE, DETAIL = COLUMNS.index("sequence"), COLUMNS.index("detail")


class CannotVerify(Exception):
    """What was asked for cannot be answered; the message says why."""


@dataclass(frozen=True)
class Report:
    """``found`` is the first bad row, or None; ``notes`` are what has to be said beside it."""

    found: Break | Mismatch | None
    count: int
    first: int
    last: Seen
    triggers_missing: tuple[str, ...]
    notes: tuple[str, ...]


def prove(
    *, anchor: Anchor | None = None, since: int | None = None, watch: Callable[[int, int], None] | None = None
) -> Report:
    """Walk the record from event ``since`` or its beginning. ``watch`` is told (rows done, rows to do)."""
    head = _head()
    place = _beginning(since, head)
    first = place.expected
    found: Break | Mismatch | None = _walked(place, head, watch) or _tail(place, head)
    notes = [AHEAD.format(sequence=sequence) for sequence in place.ahead[:AHEAD_SHOWN]]
    if found is None and anchor is not None:
        found, note = _against(anchor)
        notes += [note] if note else []
    if found is None and since is None:
        found = matching.mismatch()
    last = Seen(place.chain, place.last, place.before or "")
    return Report(found, place.count, first, last, tuple(triggers.missing(connection)), tuple(notes))


def _head() -> Seen:
    row = AuditHead.objects.filter(id=1).values_list("chain", "sequence", "digest").first()
    if row is None:
        raise CannotVerify(
            "the audit head's row is gone, so nothing says where the record ends; was it ever migrated?"
        )
    return Seen(*row)


def _beginning(since: int | None, head: Seen) -> Place:
    first = AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True).first()
    starts = [Seen("", 0, ""), *witness.checkpoints()]
    start = next((seen for seen in starts if first is not None and seen.sequence == first - 1), None)
    if start is None:  # events are missing after the last point that is known
        start = max(
            (seen for seen in starts if first is None or seen.sequence < first), key=_sequence, default=starts[0]
        )
    if since is None or since <= start.sequence + 1:
        return Place(start.sequence + 1, start.digest, start.chain)
    if since > head.sequence:
        raise CannotVerify(f"there is nothing from event {since} on: the record ends with event {head.sequence}")
    before = AuditEvent.objects.filter(sequence=since - 1).values_list("digest", "chain", "at").first()
    return Place(since, *before) if before else Place(since - 1, None)


def _sequence(seen: Seen) -> int:
    return seen.sequence


def _walked(place: Place, head: Seen, watch: Callable[[int, int], None] | None) -> Break | None:
    by_id = keys.by_id()
    total = head.sequence - place.last
    after = None if place.expected == 1 else place.last
    try:
        rows = _rows(after, head)
        return verifying.walk(_watched(rows, total, watch), place=place, keys=by_id)
    except Misspelled as wrong:
        return Break(wrong.sequence, MISSPELLED)
    except UNREADABLE:  # somewhere in a chunk: once more from there, row by row
        return _to_the_unreadable(place, head)


def _rows(after: int | None, head: Seen, *, chunk: int = walking.CHUNK) -> Iterator[Row]:
    rows = walking.rows(*COLUMNS, *spelling.columns(), after=after, upto=head.sequence, chunk=chunk)
    return spelling.checked(rows, sequence=SEQUENCE, detail=DETAIL)


def _to_the_unreadable(place: Place, head: Seen) -> Break | None:
    try:
        rows = _rows(place.last, head, chunk=1)
        return verifying.walk(rows, place=place, keys=keys.by_id())
    except Misspelled as wrong:
        return Break(wrong.sequence, MISSPELLED)
    except UNREADABLE as wrong:
        return Break(place.expected, f"altered: it cannot be read ({type(wrong).__name__})")


def _watched(rows: Iterable[Row], total: int, watch: Callable[[int, int], None] | None) -> Iterator[Row]:
    for done, row in enumerate(rows):
        if watch and done % walking.CHUNK == 0:
            watch(done, total)
        yield row
    if watch:
        watch(total, total)


def _tail(place: Place, head: Seen) -> Break | None:
    """The rows ended: does the record?"""
    if place.last < head.sequence:
        return Break(place.expected, f"missing: the head says that the record ends with event {head.sequence}")
    if place.last and (place.before, place.chain) != (head.digest, head.chain):
        return Break(place.last, "the head names another event of this number: the end was rewritten")
    beyond = _beyond_the_head(head.sequence + 1)
    return Break(beyond, "inserted: it comes after the end that the head names") if beyond else None


def _beyond_the_head(next_number: int) -> int | None:
    """In one statement: a portal may be writing. On SQLite a number may be text, which comes after all numbers."""
    events, heads = AuditEvent._meta.db_table, AuditHead._meta.db_table
    statement = (
        f"SELECT min(e.sequence) FROM {events} e WHERE e.sequence > (SELECT sequence FROM {heads} WHERE id = 1)"  # noqa: S608
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
    if not row or row[0] is None:
        return None
    return row[0] if isinstance(row[0], int) else next_number


def _against(anchor: Anchor) -> tuple[Break | None, str]:
    """The break that the anchor shows, or what has to be said of a difference that is no tampering."""
    seen = anchor.seen
    comparison = witness.compare(seen)
    if comparison.verdict is Verdict.SAME:
        return None, f"The anchor of {anchor.at} saw the same event {seen.sequence}."
    if comparison.verdict is Verdict.LOST:
        return None, anchors.loss(anchor, comparison)
    if comparison.verdict is Verdict.ARCHIVED:
        raise CannotVerify(
            f"the anchor of {anchor.at} saw event {seen.sequence}, which was archived since: take a newer anchor,"
            " or look at the archive with --export"
        )
    if comparison.verdict is Verdict.MISSING:
        last = AuditEvent.objects.order_by("-sequence").values_list("sequence", flat=True).first() or 0
        return Break(last + 1, f"missing: the anchor of {anchor.at} saw event {seen.sequence}"), ""
    if not seen.sequence:
        return Break(1, f"of another record than the anchor of {anchor.at}"), ""
    return Break(seen.sequence, f"rewritten, here or before: the anchor of {anchor.at} saw another event"), ""
