"""Says, after a restore from a backup, that there was one: it restores nothing itself."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailed

from registercodes import operator, restoring, sealing, witness
from registercodes.anchors import Anchor


class Command(BaseCommand):
    help = (
        "Run once after restoring the database from a backup, before the portal starts: begins a new chain with an"
        " event that says so, or numbers used again would pass for the lost ones. Run it as the database's owner."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reason", required=True, help="why it was restored, and from what; goes into the audit")
        parser.add_argument(
            "--anchor", type=Path, metavar="FILE", help="the newest anchor kept outside; says what was lost"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        if not reason:
            raise CommandError("Say why; it goes into the audit.")
        anchor = self.anchor_in(options["anchor"])
        if anchor and restoring.contradicts(anchor):
            raise CommandError(
                f"Nothing was written: the anchor saw another event {anchor.seen.sequence} of this very chain. That is"
                " no backup of this record, or one that was changed."
            )
        try:
            event = restoring.admit(reason=reason, by=operator.name(), anchor=anchor)
        except DatabaseFailed as refused:
            raise CommandError(f"Nothing was written; run it as the tables' owner: {refused}") from None
        self.stdout.write(f"Event {event.sequence} begins chain {event.chain}.")
        comparison = witness.compare(anchor.seen) if anchor else None
        if comparison and comparison.lost:
            self.stdout.write(f"{comparison.lost} events were lost, as far as the anchor had seen them.")

    def anchor_in(self, path: Path | None) -> Anchor | None:
        try:
            return Anchor.read(path.read_text()) if path else None
        except (sealing.NotSealed, UnicodeDecodeError, OSError) as wrong:
            raise CommandError(f"{path}: {wrong}.") from None
