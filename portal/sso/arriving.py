"""What follows the provider's answer: a session, a renewed one, an ended one, or a page that says why not."""

import logging
from contextlib import suppress

from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from portal.sso import attempts, flow, moving, provider, sessions, signing_in
from portal.sso.attempts import Attempt
from portal.sso.claims import Identity
from portal.sso.refusals import Away, Busy, NoAttempt, NotSilently, Refused, SignInFailed, Unanswered
from portal.sso.sessions import Kind
from registercodes import access
from registercodes.views import origin_of

log = logging.getLogger("portal.sso")


def ask(request: HttpRequest, attempt: Attempt) -> HttpResponse:
    """To the provider, with the question remembered. Raises ``Unanswered``: a page of ours, not a dead one there."""
    provider.look()
    response = moving.to(request, flow.question(request, attempt))
    attempts.keep(request, response, attempt)
    return response


def signed_in(request: HttpRequest, who: Identity, *, next: str) -> HttpResponse:
    """Raises ``Refused`` for somebody who was deactivated here."""
    signing_in.sign_in(
        request,
        signing_in.known(who),
        kind=Kind.SINGLE_SIGN_ON,
        origin=origin_of(request),
        sid=who.sid,
        id_token=who.id_token,
    )
    return redirect(moving.ours(request, next))


def checked(request: HttpRequest, who: Identity, *, next: str) -> HttpResponse:
    """The same person, with the teams and roles of now. Raises ``Refused`` when it is somebody else."""
    person = request.user
    if (who.issuer, who.subject) != (person.issuer, person.subject):
        raise Refused("another_person")
    with suppress(UpdateError):  # the session was ended meanwhile: the page asks for a sign-in
        signing_in.recheck(
            request, person, signing_in.known(who), origin=origin_of(request), sid=who.sid, id_token=who.id_token
        )
    return redirect(moving.ours(request, next))


def ended_there(request: HttpRequest, attempt: Attempt, ended: NotSilently) -> HttpResponse:
    """Signed out at the provider: the session ends here too, and the person is asked to sign in as at first."""
    log.info("session_ended", extra={"reason": ended.reason, "person": request.user.username})
    signing_in.record_sign_out(request.user, why="ended_at_the_provider", origin=origin_of(request))
    sessions.end(request)
    return ask(request, attempts.new(next=attempt.next))


def still_unchecked(request: HttpRequest, away: Away, *, next: str) -> HttpResponse:
    """The provider went away in between: what may go on is for the gate to decide, which knows of it now.

    Raises ``Unanswered`` where it still publishes what it is: then the code failed, which the browser chose, and one
    made up for a provider that stumbles over it would read on for ever.
    """
    log.warning("recheck_failed", extra={"reason": away.reason})
    if provider.is_up():
        raise Unanswered(away.reason)
    return redirect(moving.ours(request, next))


def thrown_out(request: HttpRequest, refused: Refused) -> None:
    """The provider does not vouch for the person any more: the session ends, on record."""
    access.note(access.Refusal(refused.reason, asked="recheck"), user=request.user, origin=origin_of(request))
    sessions.end(request)


def failed(request: HttpRequest, failure: SignInFailed, *, next: str) -> HttpResponse:
    log.warning("sign_in_failed", extra={"reason": failure.reason})
    status = 503 if isinstance(failure, Unanswered) else 400 if isinstance(failure, NoAttempt) else 403
    context = {
        "failure": failure.reason,
        "is_away": status == 503,
        "is_busy": isinstance(failure, Busy),
        "is_stale": status == 400,
        "next": next,
    }
    response = render(request, "sso/failed.html", context, status=status)
    if status == 503:
        response["Retry-After"] = "10"
    return response
