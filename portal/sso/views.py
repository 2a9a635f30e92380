"""The pages of sign-in and sign-out. Each ends on a page of ours; nothing the provider said is shown on one."""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.sso import arriving, attempts, breaking_glass, flow, leaving, moving, signing_in
from portal.sso.forms import BreakGlassForm
from portal.sso.refusals import Away, NoAttempt, NotSilently, Refused, SignInFailed, Unanswered
from portal.sso.sessions import Kind
from registercodes.views import origin_of

log = logging.getLogger("portal.sso")

page_and_form = require_http_methods(["GET", "HEAD", "POST"])


@login_not_required
@require_safe
def login(request: HttpRequest) -> HttpResponse:
    """Straight to the provider; without one (development) to the sample people."""
    wanted = moving.ours(request, request.GET.get("next", ""))
    if not settings.SINGLE_SIGN_ON:
        return moving.to_sign_in(request, next=wanted)
    try:
        return arriving.ask(request, attempts.new(next=wanted))
    except Unanswered as failure:
        return arriving.failed(request, failure, next=wanted)


@login_not_required
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """The provider's answer. Without the question it belongs to, nothing of a session is touched."""
    if not settings.SINGLE_SIGN_ON:
        raise Http404
    attempt = attempts.of(request, state=request.GET.get("state", ""))
    if attempt is None:
        return arriving.failed(request, NoAttempt("no_attempt"), next="")
    try:
        response = _arrived(request, attempt)
    except SignInFailed as failure:
        response = arriving.failed(request, failure, next=attempt.next)
    attempts.forget(response, attempt)
    return response


def _arrived(request: HttpRequest, attempt: attempts.Attempt) -> HttpResponse:
    if not attempt.person:
        return arriving.signed_in(request, flow.answer(request, attempt), next=attempt.next)
    if request.user.pk != attempt.person:  # signed out, or in again, in another tab meanwhile
        return redirect(moving.ours(request, attempt.next))
    try:
        return arriving.checked(request, flow.answer(request, attempt), next=attempt.next)
    except NotSilently as ended:
        return arriving.ended_there(request, attempt, ended)
    except Away as away:
        return arriving.still_unchecked(request, away, next=attempt.next)
    except Refused as refused:
        arriving.thrown_out(request, refused)
        raise


@page_and_form
@login_not_required
def logout(request: HttpRequest) -> HttpResponse:
    """A press ends the session here and, where the provider offers it, there."""
    if not request.user.is_authenticated:
        return redirect("sso:signed_out" if settings.SINGLE_SIGN_ON else "sso:sign_in")
    if request.method != "POST":
        return render(request, "sso/logout.html")
    return leaving.sign_out(request)


@login_not_required
@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    return render(request, "sso/signed_out.html", {"is_here": request.user.is_authenticated})


@csrf_exempt
@login_not_required
@require_POST
def backchannel_logout(request: HttpRequest) -> HttpResponse:
    """OpenID Connect Back-Channel Logout 1.0, section 2.8: 200 when acted upon, 400 when not believed."""
    if not settings.SINGLE_SIGN_ON:
        raise Http404
    try:
        leaving.as_the_provider_says(request.POST.get("logout_token", ""), origin=origin_of(request))
    except SignInFailed as failure:
        log.warning("backchannel_logout_failed", extra={"reason": failure.reason})
        return HttpResponse(status=503 if isinstance(failure, Unanswered) else 400)
    return HttpResponse(status=200)


@page_and_form
@login_not_required
def break_glass(request: HttpRequest) -> HttpResponse:
    """For when the provider is dead: a code of the operator's, typed in. A link never carries one."""
    form = BreakGlassForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return render(request, "sso/break_glass.html", {"form": form}, status=422 if form.is_bound else 200)
    if breaking_glass.use(request, form.cleaned_data["code"], origin=origin_of(request)):
        return redirect(settings.LOGIN_REDIRECT_URL)
    form.refuse()
    return render(request, "sso/break_glass.html", {"form": form}, status=422)


@login_not_required
@page_and_form
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sample people, in development without a provider; anywhere else this page does not exist."""
    if settings.SINGLE_SIGN_ON:
        raise Http404
    from portal.sso.development import BY_NAME, PEOPLE

    if request.method != "POST":
        return render(request, "sso/sign_in.html", {"people": PEOPLE, "next": request.GET.get("next", "")})
    chosen = BY_NAME.get(request.POST.get("person", ""))
    if chosen is None:
        return redirect("sso:sign_in")
    wanted = moving.ours(request, request.POST.get("next", ""))
    try:
        signing_in.sign_in(request, chosen.known, kind=Kind.SAMPLE, origin=origin_of(request))
    except Refused as refused:
        return arriving.failed(request, refused, next=wanted)
    return redirect(wanted)
