"""Writes an anchor: where the audit record ends now, sealed, to be kept on another machine."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from registercodes import anchors


class Command(BaseCommand):
    help = (
        "Writes an anchor of the audit record's end, for verifyaudit --anchor. Keep it where neither the database's"
        " owner nor the portal can write. An anchor in a file is never replaced by one that says less."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--file", type=Path, metavar="FILE", help="write there, whole or not at all (default: stdout)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            anchor = anchors.take(now=timezone.now())
            if options["file"] is None:
                self.stdout.write(anchor.sealed(), ending="")
                return
            anchors.keep(anchor, options["file"])
        except anchors.Refused as why:
            raise CommandError(str(why)) from None
        except OSError as wrong:
            raise CommandError(f"{options['file']}: {wrong.strerror}") from None
        self.stdout.write(f"{options['file']}: event {anchor.seen.sequence} of chain {anchor.seen.chain}.")
