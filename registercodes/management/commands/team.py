"""Makes, changes and lists teams: the operator's command, since a team's group grants rights."""

import argparse
import shlex
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from registercodes import operator, teams
from registercodes.models import Team


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def yes_or_no(text: str) -> bool:
    if text not in {"yes", "no"}:
        raise argparse.ArgumentTypeError("say yes or no")
    return text == "yes"


def quota(text: str) -> int | None:
    return None if text == "none" else int(text)


def complaints(wrong: ValidationError) -> list[str]:
    """One line for each column; what concerns no single one stands without a name."""
    return [
        " ".join(said) if name == NON_FIELD_ERRORS else f"{name}: {' '.join(said)}"
        for name, said in wrong.message_dict.items()
    ]


def policy_of(team: Team) -> str:
    """In the words that would set it."""
    return " ".join(
        f"--{name.replace('_', '-')} {shlex.quote(as_typed(getattr(team, name)))}" for name in teams.POLICY
    )


def as_typed(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    return ",".join(value) if isinstance(value, list) else str(value)


OPTIONS: dict[str, dict[str, Any]] = {
    "name": {"help": "as people read it"},
    "sso-group": {"help": "the identity provider's group, exactly; whoever is in it may issue for the team"},
    "active": {"type": yes_or_no, "help": "yes or no: may codes be made"},
    "regions": {"type": words, "help": "comma-separated; empty = all"},
    "max-register-limit": {"type": int, "help": "hosts per code, 1 to 10000"},
    "max-hours": {"type": int, "help": "1 to 99999"},
    "permanent-allowed": {"type": yes_or_no, "help": "yes or no"},
    "ip-range-required": {"type": yes_or_no, "help": "yes or no"},
    "allowed-networks": {"type": words, "help": "comma-separated IPv4 networks; empty = any"},
    "widest-prefix": {"type": int, "help": "0 to 32: the widest range allowed, such as 16 for /16"},
    "description-required": {"type": yes_or_no, "help": "yes or no"},
    "codes-per-day": {"type": quota, "help": "codes per UTC day, or none"},
}


class Command(BaseCommand):
    help = "Makes, changes and lists teams. Every change is audited with your operating-system name."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, parser_class=argparse.ArgumentParser)
        actions.add_parser("list", help="list teams")
        create = actions.add_parser("create", help="make a team")
        change = actions.add_parser("change", help="change a team")
        change.add_argument("--reason", required=True, help="why; goes into the audit")
        for action in (create, change):
            action.add_argument("key", help="the team's short name in addresses, such as web")
            for name, described in OPTIONS.items():
                needed = action is create and name in {"name", "sso-group"}
                action.add_argument(f"--{name}", required=needed, default=argparse.SUPPRESS, **described)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "list":
            self.list_teams()
            return
        facts = {name: options[name] for name in (*teams.IDENTITY, *teams.POLICY) if name in options}
        try:
            team = self.apply(options, facts)
        except ValidationError as wrong:
            raise CommandError("\n".join(complaints(wrong))) from None
        self.stdout.write(f"{team.key}: {options['action']}d.")

    def apply(self, options: dict[str, Any], facts: dict[str, Any]) -> Team:
        by = operator.name()
        if options["action"] == "create":
            return teams.create(facts=facts, by=by)
        key = facts.pop("key")
        if not facts:
            raise CommandError("Name at least one thing to change.")
        try:
            return teams.change(key=key, facts=facts, reason=options["reason"], by=by)
        except Team.DoesNotExist:
            raise CommandError(f"There is no team {key}.") from None

    def list_teams(self) -> None:
        for team in Team.objects.all():
            state = "" if team.active else " (inactive)"
            self.stdout.write(f"{team.key}\t{team.name}{state}\tgroup {team.sso_group}")
            self.stdout.write(f"\t{policy_of(team)}")
        if not Team.objects.exists():
            self.stdout.write("No teams yet: manage.py team create KEY --name NAME --sso-group GROUP")
