"""Archives old audit events into a file that verifies; drops them only when told to, as the tables' owner."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailed
from django.utils import timezone

from registercodes import archiving, operator
from registercodes.management.dates import day_or_moment


class Command(BaseCommand):
    help = (
        "Writes events older than DATE to FILE (JSON Lines) with FILE.manifest.json beside it, and a checkpoint event."
        " Nothing is deleted without --drop, which needs the owner of the tables. Check the file with verifyaudit"
        " --export, and keep it: it is the record from then on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--before", type=day_or_moment, required=True, metavar="DATE", help="a day (UTC) or a moment"
        )
        parser.add_argument("--file", type=Path, required=True, metavar="FILE", help="must not exist yet")
        parser.add_argument("--drop", action="store_true", help="remove the archived events from the database")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["before"] > timezone.now():
            raise CommandError("--before lies in the future: the record of the present is never archived.")
        try:
            self.archive(before=options["before"], path=options["file"], drop=options["drop"])
        except archiving.NotArchived as why:
            raise CommandError(str(why)) from None
        except OSError as wrong:
            raise CommandError(f"{wrong.filename or options['file']}: {wrong.strerror}") from None

    def archive(self, *, before: datetime, path: Path, drop: bool) -> None:
        archive = archiving.write(before=before, path=path)
        event = archiving.checkpoint(archive, by=operator.name(), before=before, drop=drop)
        said = (
            f"{path}: {archive.count} events, {archive.first} to {archive.last.sequence}; checkpoint {event.sequence}."
        )
        self.stdout.write(said)
        if not drop:
            return
        try:
            gone = archiving.drop(archive)
        except DatabaseFailed as refused:
            raise CommandError(f"Archived, but nothing was dropped; run it as the tables' owner: {refused}") from None
        self.stdout.write(
            f"{gone} events dropped from the database; the record begins with {archive.last.sequence + 1}."
        )
