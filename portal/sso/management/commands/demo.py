"""Runs the whole thing on this machine: database, sample teams, sandbox API and portal. Development only."""

import signal
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from registercodes import ownership, teams
from registercodes.models import Team

STATE = "run/sandbox.sqlite3"


class Command(BaseCommand):
    help = "Migrates, makes sample teams, starts the sandbox API and serves the portal with gunicorn."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address and port of the portal")
        parser.add_argument("--state", default=STATE, help="file the sandbox keeps its codes in")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("PORTAL_MODE is production: the demo signs people in without a proof.")
        if not ownership.unstamped():
            ownership.must_be_ours()  # before the first statement that changes anything
        call_command("migrate", verbosity=0, interactive=False)
        self.make_sample_teams()
        self.collect_static()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        servers = [self.start_sandbox(options["state"]), self.start_portal(options["bind"])]
        try:
            servers[-1].wait()
        except KeyboardInterrupt:
            pass  # Ctrl+C, or a TERM from whoever started us
        finally:
            self.stop(servers)

    def make_sample_teams(self) -> None:
        from portal.sso.development import SAMPLE_TEAMS

        for facts in SAMPLE_TEAMS:
            if not Team.objects.filter(key=facts["key"]).exists():
                teams.create(facts=facts, by="demo")

    def collect_static(self) -> None:
        """Only when a source is newer: hashing and compressing takes longer than starting."""
        made = settings.STATIC_ROOT / "staticfiles.json"
        sources = [*settings.BASE_DIR.joinpath("static").rglob("*"), *settings.BOOTSTRAP.joinpath("css").glob("*")]
        newest = max(source.stat().st_mtime for source in sources)
        if not made.exists() or made.stat().st_mtime < newest:
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)

    def start_sandbox(self, state: str) -> subprocess.Popen[bytes]:
        """The sandbox's own process, from the standard library alone."""
        port = urlsplit(settings.TAT_ENDPOINT).port or 80
        command = [sys.executable, "-m", "registercodes.sandbox", "--port", str(port), "--state", state]
        return subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603 (our own interpreter and words)

    def start_portal(self, bind: str) -> subprocess.Popen[bytes]:
        self.stdout.write(f"\nThe portal is at http://{bind}/  (Ctrl+C stops it)\n\n")
        self.stdout.flush()
        command = [sys.executable, "-m", "gunicorn", "--bind", bind, "portal.wsgi"]
        return subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603

    def stop(self, servers: list[subprocess.Popen[bytes]]) -> None:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()
