"""One sign-in under way, kept by the browser it belongs to: a signed, short-lived cookie for each, no session row.

Two tabs may sign in at once. The cookie names its own ``state``, so an answer
that belongs to no question of this browser finds none.
"""

import secrets
from dataclasses import asdict, dataclass

from authlib.common.security import generate_token
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

SALT = "portal.sso.attempt"
SECONDS = 600
AT_ONCE = 3  # of one browser; each costs some hundred bytes of every request
NAMED_BY = 10  # characters of the state
NEXT_LENGTH = 500  # with what was typed, all our cookies stay below the 8190 bytes that gunicorn takes of a header


@dataclass(frozen=True, repr=False)
class Attempt:
    """``person`` is set for a silent re-check: whom it is about."""

    state: str
    nonce: str
    verifier: str
    next: str
    person: int = 0


def new(*, next: str, person: int = 0) -> Attempt:
    wanted = next if len(next) <= NEXT_LENGTH else ""
    return Attempt(
        state=secrets.token_urlsafe(24),
        nonce=secrets.token_urlsafe(24),
        verifier=generate_token(64),
        next=wanted,
        person=person,
    )


def keep(request: HttpRequest, response: HttpResponse, attempt: Attempt) -> None:
    """Adds the cookie; attempts that nobody finished make room for it."""
    for name in [name for name in request.COOKIES if name.startswith(_prefix())][: -AT_ONCE + 1 or None]:
        _drop(response, name)
    response.set_cookie(
        _name(attempt.state),
        signing.dumps(asdict(attempt), salt=SALT, compress=True),
        max_age=SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def of(request: HttpRequest, *, state: str) -> Attempt | None:
    """The attempt that asked with ``state``; None when this browser made none, or too long ago."""
    kept = request.COOKIES.get(_name(state), "")
    try:
        attempt = Attempt(**signing.loads(kept, salt=SALT, max_age=SECONDS))
    except (signing.BadSignature, TypeError):
        return None
    return attempt if secrets.compare_digest(attempt.state.encode(), state.encode()) else None


def forget(response: HttpResponse, attempt: Attempt) -> None:
    """Each question is answered once."""
    _drop(response, _name(attempt.state))


def _prefix() -> str:
    """__Host-: no other name below the same domain can plant one (an attacker's sign-in in a victim's browser)."""
    return "portal-login-" if settings.DEVELOPMENT else "__Host-portal-login-"


def _name(state: str) -> str:
    return _prefix() + "".join(letter for letter in state[:NAMED_BY] if letter.isascii() and letter.isalnum())


def _drop(response: HttpResponse, name: str) -> None:
    response.set_cookie(name, "", max_age=0, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax")
