"""Decides, before each page, whether the person is still who the provider last said, and what may go on if not.

Older than OIDC_RECHECK_SECONDS, a session is asked about again without a page
in between; until the answer nothing is done. While the provider is away,
reading goes on, closing for an hour, and nothing is created.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from portal.sso import attempts, flow, kept, moving, provider, sessions
from portal.sso.refusals import Busy, Unanswered
from portal.sso.sessions import Facts, Kind
from registercodes import access, submissions, views
from registercodes.views import sites

log = logging.getLogger("portal.sso")

NEW, PLAN = "registercodes:new", "registercodes:plan"
SITES, ONE_SITE = "registercodes:sites", "registercodes:sites_one"
REPLACE, DISABLE, SEVERAL = "registercodes:replace", "registercodes:disable", "registercodes:disable_several"
DISABLE_OUTSIDE, ADOPT = "registercodes:outside_disable", "registercodes:outside_adopt"
CLEAN_UP, FIND, REPORT = "registercodes:clean_up", "registercodes:find", "registercodes:report"
ADMIN_FORMS = frozenset(
    {
        *("admin:registercodes_team_change", "admin:registercodes_auditevent_export"),
        *("admin:sso_user_end-sessions", "admin:sso_user_deactivate", "admin:sso_user_reactivate"),
    }
)
# Shown only to whom it will not expire under the hands.
FORMS = (
    frozenset({NEW, SITES, REPLACE, DISABLE, SEVERAL, DISABLE_OUTSIDE, ADOPT, CLEAN_UP, FIND, REPORT}) | ADMIN_FORMS
)
CREATING = frozenset({NEW, SITES, ONE_SITE, REPLACE})
# A refresh resolves, and disables what nobody holds.
CLOSING = frozenset({DISABLE, SEVERAL, DISABLE_OUTSIDE, "registercodes:refresh"})
CLOSING_SECONDS = 3600
HARMLESS = frozenset({PLAN})  # posts that change nothing
# The other posts: like creating, not while nobody can vouch.
RECORDING = frozenset({"registercodes:stored", "registercodes:put_away", ADOPT, CLEAN_UP, FIND, REPORT})
OPEN = frozenset({"sso"})  # namespaces: what signs in and out

View = Callable[..., HttpResponse]


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """Django's, but what somebody typed while their session ended waits for them, and a script is told by a 401."""

    def handle_no_permission(self, request: HttpRequest, view: View) -> HttpResponse:
        return sign_in_first(request, person=_who_typed(request))


class GateMiddleware:
    """For whoever is signed in; after the guard that asks for a sign-in at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if getattr(request, "shows_typed", False) and response.status_code == 200:
            kept.drop(response)  # shown once; a press sends it again
        return response

    def process_view(self, request: HttpRequest, view: View, args: Any, kwargs: Any) -> HttpResponse | None:
        if not request.user.is_authenticated or OPEN & set(request.resolver_match.namespaces):
            return None
        facts = sessions.facts_of(request)
        if facts is None and not settings.SINGLE_SIGN_ON:
            return None
        now = time.time()
        if facts is None or facts.is_over(now):
            return _ended(request, "session_over")
        request.is_live = True
        sessions.touch(request, facts, now=now)
        request.groups_problem = facts.groups_problem
        try:
            stop = _GATES[Kind(facts.kind)](request, facts, now=now)
        except access.Refusal as refusal:  # the middleware that records them hears only of those of views
            access.note(refusal, user=request.user, origin=views.origin_of(request))
            raise
        if stop is None and request.method == "GET":
            request.typed_before = kept.fields_for(request, person=request.user.pk)
        return stop


# One gate for each kind of session: None lets the request through.


def _sample(request: HttpRequest, facts: Facts, *, now: float) -> HttpResponse | None:
    """Nobody to ask; where sample people are none any more, ``Facts.is_over`` has ended the session before."""
    return None


def _break_glass(request: HttpRequest, facts: Facts, *, now: float) -> HttpResponse | None:
    request.may_create = False
    name = request.resolver_match.view_name
    reads = request.method in {"GET", "HEAD"} and name not in CREATING
    if reads or name in CLOSING:
        return None
    raise access.MayNot("break_glass", asked=name)


def _single_sign_on(request: HttpRequest, facts: Facts, *, now: float) -> HttpResponse | None:
    if facts.age(now) <= _may_be_old(request):
        return None
    try:
        if provider.is_up():
            return recheck(request, facts)
    except Busy:
        return _not_now(request, is_busy=True)
    request.sign_in_away, request.may_create = True, False
    return None if _may_go_on(request, facts, now=now) else _not_now(request)


_GATES = {Kind.SAMPLE: _sample, Kind.BREAK_GLASS: _break_glass, Kind.SINGLE_SIGN_ON: _single_sign_on}


def _may_be_old(request: HttpRequest) -> float:
    """Seconds. A form is shown with half of the time left, so that a coffee break costs nothing."""
    shows_form = request.method == "GET" and request.resolver_match.view_name in FORMS
    return settings.OIDC_RECHECK_SECONDS / (2 if shows_form else 1)


def _may_go_on(request: HttpRequest, facts: Facts, *, now: float) -> bool:
    name = request.resolver_match.view_name
    if request.method in {"GET", "HEAD"} or name in HARMLESS:
        return True
    return name in CLOSING and facts.age(now) <= CLOSING_SECONDS


def _not_now(request: HttpRequest, *, is_busy: bool = False) -> HttpResponse:
    """Nothing was done. A form is shown again with what was typed."""
    log.warning("provider_away", extra={"path": request.path})
    if request.resolver_match.view_name == ONE_SITE:
        return sites.not_now(request)
    once_more = views.ONCE_MORE.get(request.resolver_match.view_name)
    if once_more and request.method == "POST":
        note = _(
            "Your company’s sign-in does not answer, so it cannot be checked that you still may. Nothing was sent and "
            "nothing was created. Wait a moment, then press again."
        )
        return once_more(request, **request.resolver_match.kwargs, status=503, note=note)
    page = render(request, "sso/away.html", {"try_again": _back_to(request), "is_busy": is_busy}, status=503)
    page["Retry-After"] = "10"
    return page


def recheck(request: HttpRequest, facts: Facts) -> HttpResponse:
    """To the provider and back without a page, or a 401 for a script, whose page then goes there."""
    if moving.is_fetch(request):
        return HttpResponse(status=401)
    attempt = attempts.new(next=_back_to(request), person=request.user.pk)
    try:
        address = flow.question(request, attempt, hint=facts.id_token, login_hint=request.user.username)
    except Unanswered:
        return _not_now(request)
    response = moving.to(request, address)
    attempts.keep(request, response, attempt)
    if request.method == "POST":
        kept.keep(request, response, path=page_of(request), person=request.user.pk)
    return response


def _ended(request: HttpRequest, why: str) -> HttpResponse:
    log.info("session_ended", extra={"reason": why, "person": request.user.username})
    person = request.user.pk
    sessions.end(request)
    return sign_in_first(request, person=person)


def sign_in_first(request: HttpRequest, *, person: int | None) -> HttpResponse:
    if moving.is_fetch(request):
        return HttpResponse(status=401)
    response = moving.to_sign_in(request, next=_back_to(request))
    if request.method == "POST" and person is not None:
        kept.keep(request, response, path=page_of(request), person=person)
    return response


def _who_typed(request: HttpRequest) -> int | None:
    """Whom we drew the form for, as its signed submission says: the session that knew is gone."""
    return submissions.person_in(request.POST.get("submission", "")) if request.method == "POST" else None


def page_of(request: HttpRequest) -> str:
    """The page that a press came from: most buttons post to their page's own address."""
    found = request.resolver_match
    pressed_on = {PLAN: NEW, ONE_SITE: SITES}.get(found.view_name)
    return reverse(pressed_on, kwargs=found.kwargs) if pressed_on else request.path


def _back_to(request: HttpRequest) -> str:
    return page_of(request) if request.method == "POST" else request.get_full_path()
