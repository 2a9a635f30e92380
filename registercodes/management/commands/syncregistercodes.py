"""Syncs the record with the cloud, once or for ever; the work is registercodes/syncing.py."""

import argparse
import re
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import close_old_connections

from registercodes import syncing
from registercodes.database import DATABASE_AWAY
from registercodes.stopping import Stop
from registercodes.syncing import Synced
from registercodes.tat.calls import REGION

INCOMPLETE = 1


def region(text: str) -> str:
    if not re.fullmatch(REGION, text):
        raise argparse.ArgumentTypeError("a region is lower-case letters, digits and hyphens")
    return text


def pause(text: str) -> float:
    seconds = float(text)
    if not 1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError("say 1 to 86400 seconds")
    return seconds


def told(synced: Synced) -> str:
    """One line: whether every code was seen, and what was done."""
    state = "complete" if synced.complete else f"not complete ({synced.why_not})"
    done = [f"{synced.seen} seen", f"{synced.changed} changed"]
    for name in ("unknown", "found", "absent"):
        number = getattr(synced, name)
        done += [f"{number} {name}"] if number else []
    done += [f"{synced.disabled} of {synced.wanted} wanted disables agreed"] if synced.wanted else []
    return f"{synced.region}: {state}; {', '.join(done)}"


def is_news(synced: Synced) -> bool:
    return not synced.complete or any((synced.changed, synced.unknown, synced.found, synced.absent, synced.wanted))


class Command(BaseCommand):
    help = (
        "Reads what codes the cloud has, resolves requests whose outcome is unknown and repeats disables that the "
        "cloud has not agreed to. Exit 0: every code of every region was seen; 1: not so, see the lines."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", action="append", default=[], type=region, help="repeatable; default: all")
        parser.add_argument("--every", type=pause, metavar="SECONDS", help="go on for ever, with this pause between")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["every"]:
            self.go_on(options["region"], pause=options["every"])
        elif not self.sync_once(options["region"]):
            raise CommandError("Not every code was seen.", returncode=INCOMPLETE)

    def sync_once(self, regions: list[str], *, news_only: bool = False) -> bool:
        complete = True
        try:
            for synced in syncing.sync(regions):
                if is_news(synced) or not news_only:
                    self.stdout.write(told(synced))
                    self.stdout.flush()
                complete &= synced.complete
        except DATABASE_AWAY:
            self.stderr.write("The portal's record cannot be read at the moment.")
            return False
        return complete

    def go_on(self, regions: list[str], *, pause: float) -> None:
        """Until TERM or Ctrl+C, which end it between two statements, or after the pass, and let the region go."""
        stop = Stop()
        stop.listen()
        try:
            while not stop.is_told:
                self.sync_once(regions, news_only=True)
                close_old_connections()  # a command has no request whose end would
                if not stop.is_told:
                    time.sleep(pause)
        except KeyboardInterrupt:
            return
