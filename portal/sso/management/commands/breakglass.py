"""Makes a one-time code for a person to sign in with while the identity provider is dead."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.sso import breaking_glass
from portal.sso.models import User
from registercodes import operator

REASON_LENGTH = 300


class Command(BaseCommand):
    help = "Prints a one-time code for somebody the portal knows: they may look, disable and read the audit. Audited."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="their user name, as the portal shows it")
        parser.add_argument("--reason", required=True, help="why; goes into the audit")

    def handle(self, *args: Any, **options: Any) -> None:
        reason = options["reason"].strip()
        if not 0 < len(reason) <= REASON_LENGTH or not reason.isprintable():
            raise CommandError(f"Say why, in one line of at most {REASON_LENGTH} characters.")
        person = User.objects.filter(username=options["person"]).first()
        if person is None:
            raise CommandError("The portal knows nobody of this name; only people who have signed in before.")
        if not person.is_active:
            raise CommandError("This person is deactivated.")
        code = breaking_glass.make(person, reason=reason, by=operator.name())
        who = f"{person} (e-mail {person.email or 'unknown'}, subject {person.subject})"  # names repeat
        self.stdout.write(f"For {who}, within {breaking_glass.MINUTES} minutes, at /sso/break-glass/: {code}")
