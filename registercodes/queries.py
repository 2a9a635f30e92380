"""Reads for pages: lists and timelines, in a pinned number of statements."""

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.utils import timezone

from registercodes import access, facts
from registercodes.models import AuditEvent, RegisterCode, Team
from registercodes.rules import Asked

PAGE = 25
TWIN_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True)
class Section:
    """One team's newest codes, and where the next page is (keyset: never a deep offset)."""

    team: Team
    codes: list[RegisterCode]
    older_url: str | None
    may_issue: bool


def sections_for(user: Any, *, team_key: str = "", before: int | None = None) -> list[Section]:
    """The codes of the person's teams, newest first; ``before`` pages through the one team named."""
    teams = [team for team in access.teams_of(user) if not team_key or team.key == team_key]
    sections = [section(team, before=before if team_key else None) for team in teams]
    facts.attach([code for one in sections for code in one.codes])
    return sections


def section(team: Team, *, before: int | None) -> Section:
    rows = RegisterCode.objects.filter(team=team)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    codes = list(rows[: PAGE + 1])
    more = len(codes) > PAGE
    codes = codes[:PAGE]
    for code in codes:
        code.team = team
    older = f"?{urlencode({'team': team.key, 'before': codes[-1].pk})}" if more else None
    return Section(team, codes, older, team.active)


def twin_of(asked: Asked, *, user: Any, team: Team) -> RegisterCode | None:
    """The person's own code with the same parameters of the last minutes: a second tab, or a second thought."""
    since = timezone.now() - TWIN_WINDOW
    return RegisterCode.objects.filter(
        team=team,
        created_by=user,
        created_at__gte=since,
        state=RegisterCode.State.ISSUED,
        disable_wanted_at=None,
        **asdict(asked),
    ).first()


def timeline(code: RegisterCode) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(register_code=code).order_by("sequence"))
