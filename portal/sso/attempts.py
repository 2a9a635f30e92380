"""One sign-in under way, kept by the browser it belongs to: a signed, short-lived cookie for each, no session row.

Two tabs may sign in at once. The cookie names its own ``state``, so an answer
that belongs to no question of this browser finds none.
"""

import secrets
from dataclasses import asdict, dataclass

from authlib.common.security import generate_token
from django.core import signing
from django.http import HttpRequest, HttpResponse

from portal.sso import cookies
from portal.sso.moving import NEXT_LENGTH

SALT = "portal.sso.attempt"
SECONDS = 600
AT_ONCE = 3  # of one browser; each costs some hundred bytes of every request
NAMED_BY = 10  # characters of the state


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
        cookies.drop(response, name)
    text = signing.dumps(asdict(attempt), salt=SALT, compress=True)
    cookies.keep(response, _name(attempt.state), text, seconds=SECONDS)


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
    cookies.drop(response, _name(attempt.state))


def _prefix() -> str:
    return cookies.named("portal-login-")


def _name(state: str) -> str:
    return _prefix() + "".join(letter for letter in state[:NAMED_BY] if letter.isascii() and letter.isalnum())
