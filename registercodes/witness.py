"""Compares what somebody outside once saw of the record with what it says now: anchors, cursors, checkpoints.

The one answer that excuses a difference is an event of the record itself which
says that it was restored from a backup, and from where.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from registercodes import keys, verifying
from registercodes.models import Action, AuditEvent, AuditHead
from registercodes.verifying import Seen


class Verdict(Enum):
    SAME = "the record still says so"
    LOST = "the record was restored from a backup made before that, and says so"
    ARCHIVED = "the event was archived and dropped: nothing here can tell"
    MISSING = "the record ends before that"
    OTHER = "the record says otherwise"


@dataclass(frozen=True)
class Restore:
    """An admission: events of ``old`` after ``old.sequence`` are gone; event ``at`` says so."""

    at: int
    old: Seen
    known_of: Seen | None  # what the operator's own anchor had seen, of a chain that is nowhere else on record


@dataclass(frozen=True)
class Comparison:
    verdict: Verdict
    restore: Restore | None = None
    lost: int = 0


def compare(seen: Seen) -> Comparison:
    row = AuditEvent.objects.filter(sequence=seen.sequence).values_list("chain", "digest").first()
    if row == (seen.chain, seen.digest) or seen in checkpoints() or seen == _before_the_first():
        return Comparison(Verdict.SAME)
    restore = admission(seen)
    if restore:
        return Comparison(Verdict.LOST, restore, seen.sequence - restore.old.sequence)
    if row is not None:
        return Comparison(Verdict.OTHER)
    first = AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True).first()
    if first and max(seen.sequence, 1) < first:
        return Comparison(Verdict.ARCHIVED)
    return Comparison(Verdict.MISSING if seen.sequence else Verdict.OTHER)


def _before_the_first() -> Seen:
    """Before its first event a record is known by its chain alone."""
    first = AuditEvent.objects.filter(sequence=1).values_list(*verifying.COLUMNS).first()
    if first is None:
        return Seen(AuditHead.objects.values_list("chain", flat=True).get(id=1), 0, "")
    columns = dict(zip(verifying.COLUMNS, first, strict=True))
    return verifying.restored_from(columns) or Seen(columns["chain"], 0, "")


def admission(seen: Seen) -> Restore | None:
    """The restore that explains why what was seen is no longer there."""
    for restore in restores():
        gone = seen.sequence > restore.old.sequence
        known = restore.known_of
        if gone and (seen.chain == restore.old.chain or (known and known.chain == seen.chain)):
            return restore
    return None


def restores() -> Iterator[Restore]:
    for columns in authentic(Action.CHAIN_RESTORED):
        old = verifying.restored_from(columns)
        if old:
            yield Restore(columns["sequence"], old, verifying.seen_in(columns["detail"].get("anchor")))


def checkpoints() -> Iterator[Seen]:
    """Ends of what was archived to be dropped, oldest first: the record may begin right after one of them."""
    for columns in authentic(Action.AUDIT_ARCHIVED):
        detail = columns["detail"]
        if not isinstance(detail, dict) or detail.get("drop") is not True:
            continue  # nobody was told that these rows would go
        seen = verifying.seen_in(detail, chain="last_chain", sequence="last_sequence", digest="last_digest")
        if seen:
            yield seen


def authentic(action: Action) -> Iterator[dict[str, Any]]:
    """Events of one kind whose digests prove that the portal wrote them."""
    for row in AuditEvent.objects.filter(action=action).order_by("sequence").values_list(*verifying.COLUMNS):
        columns = dict(zip(verifying.COLUMNS, row, strict=True))
        if not verifying.forgery(columns, columns.pop("digest"), keys=keys.by_id()):
            yield columns
