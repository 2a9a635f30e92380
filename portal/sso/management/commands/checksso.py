"""Asks the configured identity provider and says what is right and wrong, one line each."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.environment import is_base_url
from portal.sso import checking
from portal.sso.finding import WRONG


class Command(BaseCommand):
    help = "Says what is right and wrong with single sign-on. Status 1 when anything is wrong. Changes nothing."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--base-url", help="the portal's address; https and the first of ALLOWED_HOSTS unless given"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        base_url = (options["base_url"] or self.base_url()).rstrip("/")
        if not is_base_url(base_url):
            raise CommandError("--base-url must be such as https://portal.example.com")
        wrong = 0
        for finding in checking.findings(base_url=base_url):
            self.stdout.write(f"{finding.kind:<5} {finding.text}")
            self.stdout.flush()  # the next step may wait
            wrong += finding.kind == WRONG
        if wrong:
            raise CommandError(f"{wrong} wrong.")

    def base_url(self) -> str:
        host = settings.ALLOWED_HOSTS[0]
        if host.startswith((".", "*")):
            raise CommandError("ALLOWED_HOSTS begins with a pattern: say --base-url https://portal.example.com")
        return f"http://{host}:8000" if settings.DEVELOPMENT else f"https://{host}"
