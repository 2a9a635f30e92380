"""Says whether the audit record is whole: exit 0, or 1 with the first bad row, or 2 when it cannot tell."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import Error as DatabaseFailed

from registercodes import extracts, proving, sealing, witness
from registercodes.anchors import Anchor
from registercodes.management.progress import Progress
from registercodes.proving import CannotVerify, Report

WHOLE, BROKEN, UNANSWERED = 0, 1, 2
WITHOUT_ANCHOR = (
    "Without an anchor from outside this cannot tell: whether events at the end were cut off and the head's row set"
    " back with them, or whether somebody who has AUDIT_KEY or one of its fallbacks wrote the whole record anew. Keep"
    " anchors (manage.py anchoraudit) or the log lines, which hold each event's digest, on another machine."
)
AFTER_ANCHOR = (
    "Of the events after {sequence}, which the anchor did not see, this cannot tell: whether some were cut off at the"
    " end and the head's row set back with them, or whether somebody who has AUDIT_KEY or one of its"
    " fallbacks wrote them anew."
)
RESTORED = (
    "Event {at} says that the record was restored from a backup: what chain {old.chain} held after event"
    " {old.sequence} is gone."
)
SINCE = "Events before {since} were not looked at, but that event {before} is the one it is chained to."


class Command(BaseCommand):
    help = (
        "Walks the audit record and finds edits, removals, insertions, swaps and backdating. Exit 0: whole."
        " Exit 1: the first bad row, as `sequence N: reason`. Exit 2: it could not be verified."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--anchor", type=Path, metavar="FILE", help="what anchoraudit once wrote, kept elsewhere")
        parser.add_argument("--since", type=int, metavar="N", help="begin with event N")
        parser.add_argument(
            "--export", type=Path, metavar="FILE", help="verify an export or an archive, not the database"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["export"] and (options["anchor"] or options["since"]):
            self.end("--export looks at the file alone: it goes with neither --anchor nor --since")
        try:
            status = self.verify_file(options["export"]) if options["export"] else self.verify_record(options)
        except (CannotVerify, OSError, UnicodeDecodeError) as why:
            self.end(str(why))
        except DatabaseFailed as broken:
            self.end(f"the database does not answer: {broken}".strip())
        if status:
            sys.exit(status)

    def verify_record(self, options: dict[str, Any]) -> int:
        anchor = self.anchor_in(options["anchor"])
        watch = Progress(sys.stderr, label="Verifying")
        report = proving.prove(anchor=anchor, since=options["since"], watch=watch)
        if report.triggers_missing:
            names = ", ".join(report.triggers_missing)
            self.stdout.write(
                f"triggers missing or changed: {names}; run manage.py migrate. The chain was verified all the same."
            )
        if report.found:
            self.stdout.write(str(report.found))
            return BROKEN
        self.say_whole(report, anchor)
        return WHOLE

    def anchor_in(self, path: Path | None) -> Anchor | None:
        try:
            return Anchor.read(path.read_text()) if path else None
        except sealing.NotSealed as wrong:
            raise CannotVerify(f"{path} is no anchor to go by: {wrong}") from None

    def say_whole(self, report: Report, anchor: Anchor | None) -> None:
        last = report.last
        ends = f"events {report.first} to {last.sequence}, chain {last.chain}, digest {last.digest}"
        self.stdout.write(f"whole: {report.count} events" + (f", {ends}" if report.count else ""))
        for note in report.notes:
            self.stdout.write(note)
        if report.first > 1:
            self.stdout.write(SINCE.format(since=report.first, before=report.first - 1))
        if anchor is None:
            for restore in witness.restores():
                self.stdout.write(RESTORED.format(at=restore.at, old=restore.old))
            self.stdout.write(WITHOUT_ANCHOR)
        else:
            self.stdout.write(AFTER_ANCHOR.format(sequence=anchor.seen.sequence))

    def verify_file(self, path: Path) -> int:
        checked = extracts.check(path)
        if checked.found:
            self.stdout.write(checked.found)
            return BROKEN
        for line in checked.said:
            self.stdout.write(line)
        return WHOLE

    def end(self, why: str) -> None:
        self.stderr.write(f"cannot verify: {why}")
        sys.exit(UNANSWERED)
