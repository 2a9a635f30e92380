"""Runs the whole thing on this machine: database, sample teams, sandbox API and portal. Development only.

With --sso people sign in at a real OpenID Connect provider, started beside them, instead of with one click.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal import assets
from portal.endpoints import is_loopback
from portal.sso import sample_provider
from registercodes import ownership, teams
from registercodes.models import Team

STATE = "run/sandbox.sqlite3"
PAUSE = 0.1
Servers = dict[str, subprocess.Popen[Any]]
SYNC_SECONDS = 5


class Command(BaseCommand):
    help = "Migrates, makes sample teams, starts the sandbox API, serves the portal with gunicorn and keeps syncing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address and port of the portal")
        parser.add_argument("--state", default=STATE, help="file the sandbox keeps its codes in")
        parser.add_argument(
            "--sso", nargs="?", type=int, const=sample_provider.PORT, help="sign in at a sample provider on this port"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError("PORTAL_MODE is production: the demo signs people in without a proof.")
        with_sandbox = is_loopback(settings.TAT_ENDPOINT)
        self.refuse_a_taken(options["bind"], moved_by="--bind host:port")
        if with_sandbox:
            self.refuse_a_taken(urlsplit(settings.TAT_ENDPOINT).netloc)
        if options["sso"]:
            self.refuse_a_provider_that_cannot_start(options["sso"])
        if not ownership.unstamped():
            ownership.must_be_ours()  # before the first statement that changes anything
        call_command("migrate", verbosity=0, interactive=False)
        self.make_sample_teams()
        self.collect_static()
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        state = options["state"] if with_sandbox else ""
        servers = self.start_servers(bind=options["bind"], sso=options["sso"], state=state)
        try:
            self.wait_for_an_end(servers)
        except KeyboardInterrupt:
            pass  # Ctrl+C, or a TERM from whoever started us
        finally:
            self.stop(servers.values())

    def refuse_a_taken(self, address: str, *, moved_by: str = "") -> None:
        """Whatever answers there, a stranger's sandbox included, would pass for ours."""
        parts = urlsplit(f"//{address}")
        with contextlib.suppress(OSError), socket.create_connection((parts.hostname, parts.port or 80), timeout=1):
            advice = f' DEMO="{moved_by}" moves ours.' if moved_by else ""
            raise CommandError(f"Something listens on {address} already.{advice}")

    def refuse_a_provider_that_cannot_start(self, port: int) -> None:
        self.refuse_a_taken(sample_provider.address(port), moved_by="--sso port")
        if problem := sample_provider.problem():
            raise CommandError(problem)

    def wait_for_an_end(self, servers: Servers) -> None:
        """One is of no use without the other; our status is that of the first to end."""
        while True:
            for name, server in servers.items():
                if server.poll() is not None:
                    raise CommandError(f"The {name} ended by itself.", returncode=max(server.returncode, 1))
            time.sleep(PAUSE)

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
        if not made.exists() or made.stat().st_mtime < newest or assets.problems():
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)

    def start_servers(self, *, bind: str, sso: int | None, state: str) -> Servers:
        """No `state`: somebody else's sandbox is used. No `sso`: people sign in with one click."""
        servers: Servers = {}
        if state:
            servers["sandbox"] = self.start_sandbox(state)
        if sso:
            servers["provider"] = sample_provider.start(port=sso, portals=sample_provider.portals_at(bind))
        servers["portal"] = self.start_portal(bind, variables=sample_provider.environment(sso) if sso else {})
        if state:
            servers["sync"] = self.start_sync()
        return servers

    def start_sandbox(self, state: str) -> subprocess.Popen[bytes]:
        """The sandbox's own process, from the standard library alone."""
        port = urlsplit(settings.TAT_ENDPOINT).port or 80
        command = [sys.executable, "-m", "registercodes.sandbox", "--port", str(port), "--state", state]
        return subprocess.Popen(command, cwd=settings.BASE_DIR)  # noqa: S603 (our own interpreter and words)

    def start_portal(self, bind: str, *, variables: dict[str, str]) -> subprocess.Popen[bytes]:
        self.stdout.write(f"\nThe portal is at http://{bind}/  (Ctrl+C stops it)\n\n")
        self.stdout.flush()
        command = [sys.executable, "-m", "gunicorn", "--bind", bind, "portal.wsgi"]
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=os.environ | variables)  # noqa: S603

    def start_sync(self) -> subprocess.Popen[bytes]:
        """So that codes move by themselves; says only what is new, and gives way while the portal starts."""
        command = [sys.executable, "manage.py", "syncregistercodes", "--every", str(SYNC_SECONDS)]
        quietly = {**os.environ, "LOG_LEVEL": "ERROR"}  # it comes up before the sandbox does
        return subprocess.Popen(command, cwd=settings.BASE_DIR, env=quietly, preexec_fn=lambda: os.nice(15))  # noqa: S603

    def stop(self, servers: Iterable[subprocess.Popen[Any]]) -> None:
        for server in servers:
            server.terminate()
        for server in servers:
            server.wait()
