"""One code: its card, and the small things that are said from there."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from registercodes import access, explaining, facts, hosts, lifecycle, queries, refreshing, replacing, telling
from registercodes.database import DATABASE_AWAY
from registercodes.models import RegisterCode
from registercodes.states import State as Shown
from registercodes.views.requests import origin_of, page_and_form

PENDING_REFRESH_SECONDS = 2
State = RegisterCode.State
LOOKED_FOR = frozenset({State.UNKNOWN, State.PENDING, State.ABSENT})  # by a sync
# What "Create another like this" is for, where the value of the old one does not matter any more.
SPENT = frozenset({Shown.EXPIRED, Shown.USED_UP, Shown.DELETED_UPSTREAM})


@require_safe
def card(request: HttpRequest, reference: str) -> HttpResponse:
    code = access.code_to_see(request.user, reference)
    context = card_context(request, code) | {"said": _said(request.GET.get("said", ""))}
    return render(request, "registercodes/card.html", context)


@page_and_form
def stored(request: HttpRequest, reference: str) -> HttpResponse:
    """Sign-in leads back here with a GET: the card asks once more."""
    if request.method != "POST":
        return redirect("registercodes:card", reference)
    code = access.code_to_confirm(request.user, reference)
    lifecycle.confirm_stored(code, actor=request.user, origin=origin_of(request))
    return redirect("registercodes:card", reference=reference)


@page_and_form
def refresh(request: HttpRequest, reference: str) -> HttpResponse:
    """Reads the code's region now, for as long as a person waits."""
    if request.method != "POST":
        return redirect("registercodes:card", reference)
    code = access.code_to_close(request.user, reference)
    why_not = refreshing.refresh(code, actor=request.user, origin=origin_of(request))
    return redirect(reverse("registercodes:card", args=[reference]) + (f"?said={why_not}" if why_not else ""))


@page_and_form
def put_away(request: HttpRequest, reference: str) -> HttpResponse:
    """The note about what became of a code, by whom it is for."""
    if request.method != "POST":
        return redirect("registercodes:home")
    telling.put_away(access.code_to_confirm(request.user, reference))
    return redirect("registercodes:home")


def _said(word: str) -> str:
    """Of the press that led here."""
    return {
        "already": _("It was disabled before: there was nothing left to do."),
        refreshing.BUSY: _("Somebody else is reading this region from the cloud at the moment. Look again shortly."),
        refreshing.AWAY: _("The cloud could not be asked. What is shown here is as old as it says."),
        refreshing.PARTLY: _("The region was not read to its end in the time a page may take. The next sync goes on."),
    }.get(word, "")


# What the card shows.


def card_context(request: HttpRequest, code: RegisterCode) -> dict[str, Any]:
    facts.attach([code])
    may_close, again, events = access.may_close(request.user, code), again_url(request, code), queries.timeline(code)
    code.may_disable = may_close and code.can_be_disabled
    is_unconfirmed = code.state == State.ISSUED and not code.confirmed_at and code.created_by_id == request.user.pk
    code.may_confirm = is_unconfirmed and code.can_be_disabled  # a value that opens nothing is not worth asking about
    return {
        "code": code,
        "successor": replacing.successor_of(code),
        "may_replace": bool(again) and replacing.may_be_replaced(code) and code.honest_state.state not in SPENT,
        "hosts": hosts.of(code) if code.code_id else None,
        "events": [explaining.told(event) for event in events],
        "not_disabled": explaining.not_disabled(code, events),
        "again_url": again,
        "may_refresh": may_close and (bool(code.code_id) or code.state in LOOKED_FOR),
        "refresh_seconds": PENDING_REFRESH_SECONDS if code.is_settling else None,
    }


def again_url(request: HttpRequest, code: RegisterCode) -> str | None:
    """None without the right, now or in this session; and without a database, so that the page says what happened."""
    if not getattr(request, "may_create", True):
        return None
    try:
        if not access.may_issue(request.user, code.team):
            return None
    except DATABASE_AWAY:
        return None
    return reverse("registercodes:new", args=[code.team.key]) + f"?like={code.reference}"
