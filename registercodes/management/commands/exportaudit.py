"""Exports the audit record, or follows it, for the operator; who exported what is itself on record."""

import logging
import sys
import time
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseFailed
from django.db.models import QuerySet

from registercodes import exporting, extracts, files, following, operator
from registercodes.exporting import Export
from registercodes.following import Stopped
from registercodes.management.dates import day_or_moment, end_of
from registercodes.models import Action, AuditEvent, Team
from registercodes.stopping import Stop

PAUSE = 1.0


class Command(BaseCommand):
    help = (
        "Writes audit events as CSV or JSON Lines, with a sealed manifest beside a file, which verifyaudit --export"
        " checks. With --follow it hands out every event as it comes. Exporting is itself audited."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(exporting.STYLES), default="jsonl")
        parser.add_argument("--since", type=int, metavar="N", help="from event N on")
        parser.add_argument("--from", type=day_or_moment, dest="start", metavar="DATE", help="a day (UTC) or a moment")
        parser.add_argument("--to", type=end_of, dest="end", metavar="DATE", help="up to this day's end, or a moment")
        parser.add_argument(
            "--action", action="append", choices=Action.values, metavar="ACTION", help="may be repeated"
        )
        parser.add_argument("--team", metavar="KEY", help="of one team")
        parser.add_argument(
            "--output", type=Path, metavar="FILE", help="with FILE.manifest.json beside it (default: stdout)"
        )
        parser.add_argument("--follow", action="store_true", help="all events as they come, as JSON Lines on stdout")
        parser.add_argument(
            "--cursor", type=Path, metavar="FILE", help="with --follow: where it is, to go on from there"
        )
        parser.add_argument("--once", action="store_true", help="with --follow: end when all is handed out")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.follow(options) if options["follow"] else self.export(options)
        except OSError as wrong:
            raise CommandError(f"{wrong.filename or 'output'}: {wrong.strerror}") from None
        except DatabaseFailed as broken:
            raise CommandError(f"The database does not answer: {broken}") from None

    def export(self, options: dict[str, Any]) -> None:
        if options["cursor"] or options["once"]:
            raise CommandError("--cursor and --once go with --follow.")
        events, filters = self.chosen(options)
        export = Export(events, style=options["format"], filters=filters)
        path = options["output"]
        output = self.raw_output() if path is None else None
        export.announce(by=operator.name())
        if output:
            self.copy(export, output)
            return
        with files.replaced(path) as file:
            self.copy(export, file)
        files.write(extracts.manifest_of(path), export.manifest())
        self.stdout.write(f"{path}: {export.count} events; {extracts.manifest_of(path).name} beside it.")

    def chosen(self, options: dict[str, Any]) -> tuple[QuerySet[AuditEvent], dict[str, Any]]:
        """What was asked for, as a queryset and in words for the manifest and the audit."""
        since, start, end = options["since"], options["start"], options["end"]
        events, filters = AuditEvent.objects.all(), {}
        if since is not None:
            events, filters["since"] = events.filter(sequence__gte=since), since
        if start:
            events, filters["from"] = events.filter(at__gte=start), start.isoformat()
        if end:
            events, filters["before"] = events.filter(at__lt=end), end.isoformat()
        if options["action"]:
            events, filters["action"] = events.filter(action__in=options["action"]), options["action"]
        if options["team"]:
            team = Team.objects.filter(key=options["team"]).first()
            if team is None:
                raise CommandError(f"There is no team {options['team']}.")
            events, filters["team"] = events.filter(team=team), team.key
        return events, filters

    def copy(self, export: Export, file: IO[bytes]) -> None:
        for part in export:
            file.write(part)
        file.flush()

    def raw_output(self) -> IO[bytes]:
        """For the rows alone: log lines, of this very export too, go to stderr then."""
        for handler in logging.getLogger().handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stdout:
                handler.setStream(sys.stderr)
        return sys.stdout.buffer

    def follow(self, options: dict[str, Any]) -> None:
        wrong = [name for name in ("since", "start", "end", "action", "team", "output") if options[name]]
        if wrong or options["format"] != "jsonl":
            raise CommandError("--follow hands out everything, as JSON Lines on stdout: no filter, format or output.")
        if options["cursor"] is None:
            raise CommandError("--follow needs --cursor FILE.")
        stop = Stop()
        stop.listen()
        try:
            self.hand_out(options["cursor"], once=options["once"], stop=stop)
        except KeyboardInterrupt:
            pass  # the cursor says where to go on
        except Stopped as why:
            raise CommandError(str(why)) from None

    def hand_out(self, path: Path, *, once: bool, stop: Stop) -> None:
        cursor = following.read_cursor(path)
        after = following.start(cursor)
        output = self.raw_output()
        if cursor is None:  # who goes on from a cursor goes on with the same export
            exporting.announce_follower(by=operator.name(), after=after)
        while not stop.is_told:
            for batch in following.batches(after, seen=cursor):
                output.write(exporting.jsonl_text(batch).encode())
                output.flush()
                after = batch[-1][exporting.SEQUENCE]
                cursor = following.seen_at(batch[-1])
                following.write_cursor(path, cursor)
                if stop.is_told:
                    return
            if once or stop.is_told:
                return
            time.sleep(PAUSE)
            after = following.start(cursor) if cursor else after  # restored meanwhile, under the same numbers
