"""The pages of codes that the portal did not make: the list, what teams adopted, adopting and disabling."""

import logging
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from registercodes import access, outside, standing
from registercodes.database import DATABASE_AWAY
from registercodes.listing import whole
from registercodes.reasons import AdoptForm, ReasonForm
from registercodes.views.requests import origin_of, page_and_form

log = logging.getLogger("registercodes.views")

ADOPTED_MOST = 200


@require_safe
def outside_codes(request: HttpRequest) -> HttpResponse:
    access.must_administer(request.user, asked="outside")
    region = request.GET.get("region", "")[:40]
    show = "all" if request.GET.get("show") == "all" else "active"
    before = whole(request.GET.get("before", ""))
    page = standing.page_of(region=region, active=show == "active", before=before)
    asked = {"show": show, **({"region": region} if region else {})}
    context = {
        "codes": page.codes,
        "region": region,
        "show": show,
        "regions": list(dict.fromkeys([*settings.TAT_REGIONS, *filter(None, [region])])),
        "older_url": page.older and f"?{urlencode(asked | {'before': page.older})}",
        "newest_url": f"?{urlencode(asked)}" if before is not None else "",
        "as_of": _last_sync(),
        "may_adopt": getattr(request, "may_create", True),
    }
    return render(request, "registercodes/outside.html", context)


@require_safe
def adopted(request: HttpRequest) -> HttpResponse:
    """What one's teams adopted; with a role, what any team did."""
    access.must_look_after_codes(request.user, asked="adopted")
    user, teams = request.user, access.team_ids_seen(request.user)
    codes = standing.adopted(teams=teams, most=ADOPTED_MOST + 1)
    mine = {team.pk for team in access.teams_of(user)}
    closable = [one.pk for one in codes if user.is_administrator or one.decision.team_id in mine]
    context = {
        "codes": codes[:ADOPTED_MOST],
        "closable": closable,
        "is_cut": len(codes) > ADOPTED_MOST,
        "as_of": _last_sync(),
    }
    return render(request, "registercodes/adopted.html", context)


@page_and_form
def disable(request: HttpRequest, pk: int) -> HttpResponse:
    """Asked for in words first, with a reason; says what it does not do."""
    code = outside.code_to_close(request.user, pk)
    form = ReasonForm(_typed(request))
    reference = (_typed(request) or request.GET).get("settles", "")
    settles = outside.request_to_settle(request.user, code, reference) if reference else None
    interrupted = bool(getattr(request, "typed_before", None))
    context: dict[str, Any] = {"form": form, "settles": settles, "was_interrupted": interrupted}
    status = 200
    if request.method == "POST" and form.is_valid():
        how = {"why": form.cleaned_data["why"], "actor": request.user, "origin": origin_of(request)}
        try:
            context |= {"is_pressed": True, "is_agreed": outside.disable(code, **how, settles=settles)}
        except DATABASE_AWAY:
            log.error("outside_disable_not_recorded", extra={"code_id": code.code_id}, exc_info=True)
            context["is_busy"], status = True, 503
    elif request.method == "POST":
        status = 422
    context["one"] = standing.of([code])[0]
    return render(request, "registercodes/outside_disable.html", context, status=status)


@page_and_form
def adopt(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to the adopted ones, where the team finds it from now on."""
    code = outside.code_to_adopt(request.user, pk)
    form = AdoptForm(_typed(request))
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        outside.adopt(code, team=asked["team"], why=asked["why"], actor=request.user, origin=origin_of(request))
        return redirect("registercodes:adopted")
    context = {
        "form": form,
        "one": standing.of([code])[0],
        "was_interrupted": bool(getattr(request, "typed_before", None)),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "registercodes/outside_adopt.html", context, status=status)


def _last_sync() -> Any:
    """Of the region that was read whole longest ago."""
    return min(standing.last_passes().values(), default=None)


def _typed(request: HttpRequest) -> Any:
    """A press, or what was typed before a check of the sign-in came between."""
    return request.POST if request.method == "POST" else getattr(request, "typed_before", None) or None
