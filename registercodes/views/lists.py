"""The lists of codes a person lands on."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from registercodes import queries
from registercodes.views.requests import whole


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The codes of one's teams; a role without a team lands on what the role is for."""
    team_key = request.GET.get("team", "")
    sections = queries.sections_for(request.user, team_key=team_key, before=whole(request.GET.get("before", "")))
    if team_key and not sections:
        raise Http404
    if not sections and not request.user.roles:
        problem = {"groups_problem": getattr(request, "groups_problem", "")}
        return render(request, "registercodes/no_team.html", problem, status=403)
    return render(request, "registercodes/home.html", {"sections": sections, "roles": sorted(request.user.roles)})
