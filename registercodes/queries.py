"""Reads for pages: lists and timelines, in a pinned number of statements."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import BigIntegerField, DateTimeField, Exists, OuterRef, QuerySet
from django.utils import timezone

from registercodes import access, facts, listing
from registercodes.listing import Wanted
from registercodes.models import AuditEvent, RegisterCode, Team
from registercodes.prepared import Given, Prepared
from registercodes.rules import Asked

PAGE = 25
TWIN_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True)
class Section:
    """Some of one team's codes, and where the next page is (keyset: never a deep offset)."""

    team: Team
    codes: list[RegisterCode]
    older_url: str | None
    may_issue: bool


def sections_for(user: Any, *, wanted: Wanted) -> list[Section]:
    """The codes of the person's teams; pages go through the one team named."""
    teams = [team for team in access.teams_of(user) if not wanted.team or team.key == wanted.team]
    sections = [section(team, user=user, wanted=wanted) for team in teams]
    facts.attach([code for one in sections for code in one.codes])
    return sections


def section(team: Team, *, user: Any, wanted: Wanted) -> Section:
    wanted = wanted.of_team(team.key) if wanted.team else wanted.from_its_top(team.key)
    codes = list(listing.codes(team, wanted=wanted, user=user)[: PAGE + 1])
    more = len(codes) > PAGE
    codes = codes[:PAGE]
    for code in codes:
        code.team = team
    return Section(team, codes, listing.next_page(codes[-1], wanted=wanted) if more else None, team.active)


def shown(user: Any, *, wanted: Wanted, most: int, chunk: int = 500) -> Iterator[RegisterCode]:
    """Every code that the list would show on all its pages, with what the cloud said of each; at most ``most``."""
    for team in access.teams_of(user):
        if wanted.team and team.key != wanted.team:
            continue
        place, left = wanted.from_its_top(team.key), most
        while left > 0:
            codes = list(listing.codes(team, wanted=place, user=user)[: min(chunk, left)])
            facts.attach(codes)
            for code in codes:
                code.team = team
            yield from codes
            if len(codes) < chunk:
                break
            left -= len(codes)
            place = place.after(codes[-1])
        most = left


def creators(teams: list[Team]) -> list[Any]:
    """Who made codes of these teams, by name."""
    made = RegisterCode.objects.filter(created_by=OuterRef("pk"), team__in=teams)
    return sorted(get_user_model().objects.filter(Exists(made)), key=str) if teams else []


def twin_of(asked: Asked, *, user: Any, team: Team) -> str | None:
    """The reference of the person's own code with the same parameters: a second tab, or a second thought."""
    found = _twin(team=team.pk, user=user.pk, since=timezone.now() - TWIN_WINDOW, **asdict(asked))
    return found[0][0] if found else None


@Prepared
def _twin() -> QuerySet[RegisterCode]:
    twins = RegisterCode.objects.filter(
        team_id=Given("team", BigIntegerField()),
        created_by_id=Given("user", BigIntegerField()),
        created_at__gte=Given("since", DateTimeField()),
        state=RegisterCode.State.ISSUED,
        disable_wanted_at=None,
        **{field.name: Given(field.name, RegisterCode._meta.get_field(field.name)) for field in fields(Asked)},
    )
    return twins.values_list("reference")[:1]


def timeline(code: RegisterCode) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(register_code=code).order_by("sequence"))
