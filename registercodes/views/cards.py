"""One code: its card, and what may be done to it from there."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from registercodes import access, explaining, facts, lifecycle, queries
from registercodes.database import DATABASE_AWAY
from registercodes.models import RegisterCode
from registercodes.views.requests import origin_of, page_and_form

log = logging.getLogger("registercodes.views")

PENDING_REFRESH_SECONDS = 2
State = RegisterCode.State


@require_safe
def card(request: HttpRequest, reference: str) -> HttpResponse:
    code = access.code_to_see(request.user, reference)
    return render(request, "registercodes/card.html", card_context(request, code))


@page_and_form
def stored(request: HttpRequest, reference: str) -> HttpResponse:
    """Sign-in leads back here with a GET: the card asks once more."""
    if request.method != "POST":
        return redirect("registercodes:card", reference)
    code = access.code_to_confirm(request.user, reference)
    lifecycle.confirm_stored(code, actor=request.user, origin=origin_of(request))
    return redirect("registercodes:card", reference=reference)


@page_and_form
def disable(request: HttpRequest, reference: str) -> HttpResponse:
    """Asked for in words first; says what it does not do."""
    code = access.code_to_close(request.user, reference)
    try:
        if request.method == "POST" and code.code_id:
            lifecycle.disable(code, actor=request.user, origin=origin_of(request))
    except DATABASE_AWAY:
        log.error("disable_not_recorded", extra={"reference": reference}, exc_info=True)
        return render(request, "registercodes/disable.html", {"code": code, "is_busy": True}, status=503)
    if request.method == "POST" or not _may_disable(request, code):
        return redirect("registercodes:card", reference=reference)
    facts.attach([code])
    return render(request, "registercodes/disable.html", {"code": code})


# What the card shows.


def card_context(request: HttpRequest, code: RegisterCode) -> dict[str, Any]:
    facts.attach([code])
    code.may_disable = _may_disable(request, code)
    code.may_confirm = code.state == State.ISSUED and not code.confirmed_at and code.created_by_id == request.user.pk
    events = queries.timeline(code)
    return {
        "code": code,
        "events": [explaining.told(event) for event in events],
        "not_disabled": explaining.not_disabled(code, events),
        "again_url": again_url(request, code),
        "refresh_seconds": PENDING_REFRESH_SECONDS if code.is_settling else None,
    }


def _may_disable(request: HttpRequest, code: RegisterCode) -> bool:
    return bool(code.code_id) and not code.disabled_at and access.may_close(request.user, code)


def again_url(request: HttpRequest, code: RegisterCode) -> str | None:
    """None without the right; and without a database, so that the page still says what happened."""
    try:
        if not access.may_issue(request.user, code.team):
            return None
    except DATABASE_AWAY:
        return None
    return reverse("registercodes:new", args=[code.team.key]) + f"?like={code.reference}"
