"""Runs the whole thing on this machine: database, sample teams, sandbox API and portal. Development only."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from registercodes import teams
from registercodes.models import Team

STATE = "run/sandbox.sqlite3"


class Command(BaseCommand):
    help = "Migrates, makes sample teams, starts the sandbox API and serves the portal with gunicorn."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address and port of the portal")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("PORTAL_MODE is production: the demo signs people in without a proof.")
        call_command("migrate", verbosity=0, interactive=False)
        self.make_sample_teams()
        self.collect_static()
        sandbox = self.start_sandbox()
        try:
            self.serve(options["bind"])
        finally:
            sandbox.terminate()
            sandbox.wait(timeout=10)

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

    def start_sandbox(self) -> subprocess.Popen[bytes]:
        """The sandbox's own process, from the standard library alone."""
        Path(settings.BASE_DIR, "run").mkdir(exist_ok=True)
        port = urlsplit(settings.TAT_ENDPOINT).port or 80
        command = [sys.executable, "-m", "registercodes.sandbox", "--port", str(port), "--state", STATE]
        return subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603 (our own interpreter and words)

    def serve(self, bind: str) -> None:
        from django.db import connections

        connections.close_all()
        self.stdout.write(f"\nThe portal is at http://{bind}/  (Ctrl+C stops it)\n")
        self.stdout.flush()
        command = [sys.executable, "-m", "gunicorn", "--bind", bind, "portal.wsgi"]
        try:
            finished = subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ, check=False)  # noqa: S603
        except KeyboardInterrupt:
            return
        sys.exit(finished.returncode)
