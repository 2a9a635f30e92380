"""Anchors: what to keep outside so that a cut tail, or a record rewritten with the key, can be shown.

An anchor in a file is never replaced by one that says less, nor by one of a
record which the old anchor contradicts.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from registercodes import audit, files, keys, sealing, verifying, witness
from registercodes.models import AuditEvent, AuditHead
from registercodes.verifying import COLUMNS, Seen
from registercodes.witness import Comparison, Verdict

KIND = "register code portal: audit anchor"


class Refused(Exception):
    """No anchor was made or kept; the message says why."""


@dataclass(frozen=True)
class Anchor:
    seen: Seen
    at: str

    @classmethod
    def read(cls, text: str) -> "Anchor":
        """Raises ``sealing.NotSealed``."""
        facts = sealing.opened(KIND, text)
        seen = verifying.seen_in(facts)
        if seen is None:
            raise sealing.NotSealed("it names no event")
        return cls(seen, str(facts.get("at", "")))

    def sealed(self) -> str:
        seen = self.seen
        facts = {"chain": seen.chain, "sequence": seen.sequence, "digest": seen.digest, "at": self.at}
        return sealing.seal(KIND, facts)


def take(*, now: datetime) -> Anchor:
    """An anchor of the record's end, which is looked at first: one of a forged end would vouch for it."""
    chain, sequence, digest = AuditHead.objects.values_list("chain", "sequence", "digest").get(id=1)
    row = AuditEvent.objects.filter(sequence=sequence).values_list(*COLUMNS).first()
    if row is None and sequence:
        raise Refused(f"sequence {sequence}: missing, although the head names it. Run manage.py verifyaudit.")
    if row:
        columns = dict(zip(COLUMNS, row, strict=True))
        found = columns.pop("digest")
        wrong = verifying.forgery(columns, found, keys=keys.by_id())
        if wrong or (columns["chain"], found) != (chain, digest):
            raise Refused(f"sequence {sequence}: {wrong or 'not what the head names'}. Run manage.py verifyaudit.")
    return Anchor(Seen(chain, sequence, digest), audit.utc_text(now))


def keep(anchor: Anchor, path: Path) -> None:
    """Put the anchor into a file, which has no anchor yet, or one that the record still bears out."""
    with _alone(path):
        if path.exists():
            _bear_out(path, anchor)
        files.write(path, anchor.sealed())


def _bear_out(path: Path, new: Anchor) -> None:
    try:
        old = Anchor.read(path.read_text())
    except (sealing.NotSealed, UnicodeDecodeError) as wrong:
        raise Refused(f"{path} is kept as it is: {wrong}.") from None
    verdict = witness.compare(old.seen).verdict
    if verdict in {Verdict.MISSING, Verdict.OTHER}:
        raise Refused(f"{path} is kept: it saw event {old.seen.sequence}, and {verdict.value}. Run verifyaudit.")
    if verdict is not Verdict.LOST and old.seen.sequence > new.seen.sequence:
        raise Refused(f"{path} is kept: it is newer, of event {old.seen.sequence}.")


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Two that run at once must not each find the other's anchor absent."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def loss(anchor: Anchor, comparison: Comparison) -> str:
    restore = comparison.restore
    at = restore.at if restore else 0
    return (
        f"{comparison.lost} events lost by the restore that event {at} admits: the anchor of {anchor.at} saw event"
        f" {anchor.seen.sequence} of chain {anchor.seen.chain}, of which the backup held no more than"
        f" event {anchor.seen.sequence - comparison.lost}."
    )
