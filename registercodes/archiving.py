"""Takes old events out of the database into a file that verifies, and says so in the record before any may go.

Nothing is dropped by default, nothing that the file does not prove, and nothing
before a checkpoint event tells the number and digest after which the record
will begin. Codes stay. Only the tables' owner can drop.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection, transaction

from registercodes import audit, extracts, files, keys, proving, triggers, verifying
from registercodes.exporting import Export
from registercodes.models import Action, AuditEvent, Outcome
from registercodes.verifying import Place, Seen


class NotArchived(Exception):
    """Nothing was archived, or nothing was dropped; the message says which and why."""


@dataclass(frozen=True)
class Archive:
    path: Path
    first: int
    last: Seen
    count: int


def write(*, before: datetime, path: Path) -> Archive:
    """Events from the record's first up to the last before the first that is not older than ``before``."""
    if path.exists() or extracts.manifest_of(path).exists():
        raise NotArchived(
            f"{path} or its manifest exists: an archive is never written over. A file without a manifest was left by a"
            " run that was cut off: it may be removed, since nothing is dropped before both are there."
        )
    found = proving.prove().found
    if found:  # or a damaged record would leave as a sound one
        raise NotArchived(f"The record is not whole, so nothing is archived. {found}")
    end = _last_before(before)
    events = AuditEvent.objects.filter(sequence__lte=end.sequence)
    export = Export(events, style="jsonl", filters={})
    with files.replaced(path) as file:
        for part in export:
            file.write(part)
    files.write(extracts.manifest_of(path), export.manifest())
    archive = Archive(path, export.first, end, export.count)
    _prove(archive)
    return archive


def _last_before(moment: datetime) -> Seen:
    """Of the events that stand before every one that is young: clocks differ, and no hole may be cut."""
    young = AuditEvent.objects.filter(at__gte=moment).order_by("sequence").values_list("sequence", flat=True).first()
    old = AuditEvent.objects.all() if young is None else AuditEvent.objects.filter(sequence__lt=young)
    found = old.order_by("-sequence").values_list("chain", "sequence", "digest").first()
    if found is None:
        raise NotArchived("Nothing on record is older than that.")
    return Seen(*found)


def _prove(archive: Archive) -> None:
    """From the file as it is on the disk: every row, every link, and that it ends where it should."""
    try:
        checked = extracts.check(archive.path)
    except extracts.CannotVerify as wrong:
        raise NotArchived(f"The archive does not verify: {wrong}") from None
    if checked.found:
        raise NotArchived(f"The archive does not verify: {checked.found}")
    place = Place(archive.first, None)
    found = verifying.walk(extracts.rows_in(archive.path), place=place, keys=keys.by_id())
    ended = Seen(place.chain, place.last, place.before or "")
    if found or ended != archive.last or place.count != archive.count:
        raise NotArchived(f"The archive does not verify: {found or 'it does not end where it should'}")


def checkpoint(archive: Archive, *, by: str, before: datetime, drop: bool) -> AuditEvent:
    """Put on record what was archived, where the rest begins, and whether the rows are to go."""
    with archive.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    last = archive.last
    detail = {
        "by": by,
        "before": audit.utc_text(before),
        "file": archive.path.name,
        "file_sha256": sha256,
        "count": archive.count,
        "first_sequence": archive.first,
        "last_sequence": last.sequence,
        "last_digest": last.digest,
        "last_chain": last.chain,
        "drop": drop,
    }
    with transaction.atomic():
        return audit.record(Action.AUDIT_ARCHIVED, Outcome.SUCCESS, detail=detail)


def drop(archive: Archive) -> int:
    """Remove the archived rows. The file is proven once more, and its end compared with the rows that go."""
    _prove(archive)
    with transaction.atomic():
        triggers.remove(connection)
        old = AuditEvent.objects.filter(sequence__lte=archive.last.sequence)
        still = old.order_by("-sequence").values_list("chain", "sequence", "digest").first()
        if still != (archive.last.chain, archive.last.sequence, archive.last.digest) or old.count() != archive.count:
            raise NotArchived("Nothing was dropped: the database holds other rows than the archive.")
        gone, _ = old.delete()
        triggers.install(connection)
    return gone
