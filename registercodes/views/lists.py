"""The lists of codes a person lands on, and the same list as a file."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from registercodes import access, listing, queries, tabular, wording
from registercodes.listing import Wanted
from registercodes.models import Team

CSV_MOST = 5_000


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The codes of one's teams; a role without a team lands on what the role is for."""
    wanted = listing.wanted_in(request.GET)
    sections = queries.sections_for(request.user, wanted=wanted)
    if stopped := _nothing_to_list(request, wanted):
        return stopped
    teams = [section.team for section in sections]
    context = {"sections": sections, "roles": sorted(request.user.roles), "wanted": wanted}
    return render(request, "registercodes/home.html", context | (_filters(teams, wanted) if teams else {}))


@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """What the list shows, on all its pages, for a spreadsheet."""
    wanted = listing.wanted_in(request.GET)
    if stopped := _nothing_to_list(request, wanted):
        return stopped
    codes = list(queries.shown(request.user, wanted=wanted, most=CSV_MOST + 1))
    answer = HttpResponse(tabular.as_csv(codes, most=CSV_MOST), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="register-codes-{timezone.now():%Y-%m-%d-%H%M}.csv"'
    return answer


def _nothing_to_list(request: HttpRequest, wanted: Wanted) -> HttpResponse | None:
    teams = access.teams_of(request.user)
    if wanted.team and wanted.team not in {team.key for team in teams}:
        raise Http404
    if teams or request.user.roles:
        return None
    problem = {"groups_problem": getattr(request, "groups_problem", "")}
    return render(request, "registercodes/no_team.html", problem, status=403)


def _filters(teams: list[Team], wanted: Wanted) -> dict[str, Any]:
    """What the filters offer."""
    regions = [*settings.TAT_REGIONS, *({wanted.region} - {"", *settings.TAT_REGIONS})]
    states = [(str(state), wording.state_label(state)) for state in listing.FILTERS]
    soon = (listing.ENDS_WITHIN_A_DAY, _("Ends within a day"))
    return {
        "states": [states[0], soon, *states[1:]],
        "regions": regions,
        "creators": queries.creators(teams),
        "other_filters": wanted.of_team("").query,
    }
