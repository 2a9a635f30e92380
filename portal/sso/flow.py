"""The two halves of a sign-in: the address a browser is sent to, and who it comes back as."""

from urllib.parse import urlencode

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from portal.sso import exchange, provider
from portal.sso.attempts import Attempt
from portal.sso.claims import Identity
from portal.sso.refusals import NotSilently, Refused, SignInFailed, Unanswered

SAID = frozenset({"access_denied", "invalid_request", "unauthorized_client", "invalid_scope"})
NO = frozenset({"access_denied", "unauthorized_client"})
LATER = frozenset({"server_error", "temporarily_unavailable"})
CODE_LENGTH = 4096
HINT_LENGTH = 6000  # an id token with hundreds of groups makes an address that web servers refuse


def question(request: HttpRequest, attempt: Attempt, *, hint: str = "", login_hint: str = "") -> str:
    """The provider's address to send the browser to. ``hint``: the id token of a person to re-check silently."""
    about = provider.metadata(until=exchange.until())
    more = {"prompt": "none", **_hints(hint, login_hint)} if attempt.person else {}
    return prepare_grant_uri(
        about.authorization_endpoint,
        settings.OIDC_CLIENT_ID,
        "code",
        redirect_uri=redirect_uri(request),
        scope=settings.OIDC_SCOPES,
        state=attempt.state,
        nonce=attempt.nonce,
        code_challenge=create_s256_code_challenge(attempt.verifier),
        code_challenge_method="S256",
        **more,
    )


def _hints(id_token: str, login_hint: str) -> dict[str, str]:
    if id_token and len(id_token) <= HINT_LENGTH:
        return {"id_token_hint": id_token}
    return {"login_hint": login_hint} if login_hint else {}


def answer(request: HttpRequest, attempt: Attempt) -> Identity:
    """Who came back. Raises ``Refused``, ``Unanswered`` or, for a silent re-check, ``NotSilently``."""
    said = request.GET
    if any(len(said.getlist(name)) > 1 for name in ("code", "state", "iss", "error")):
        raise Refused("repeated_parameter")
    with exchange.place():
        until = exchange.until()
        about = provider.metadata(until=until)
        _check_issuer(said.get("iss"), expected=about.issuer, is_promised=about.sends_issuer)
        if "error" in said:
            raise _said_no(said["error"], is_silent=bool(attempt.person))
        code = said.get("code", "")
        if not 0 < len(code) <= CODE_LENGTH:
            raise Refused("no_code")
        return provider.identity(
            about,
            code=code,
            verifier=attempt.verifier,
            nonce=attempt.nonce,
            redirect_uri=redirect_uri(request),
            until=until,
        )


def _check_issuer(said: str | None, *, expected: str, is_promised: bool) -> None:
    """RFC 9207: an answer of another provider must not be taken to this one's token endpoint."""
    if said is None and is_promised:
        raise Refused("no_iss")
    if said is not None and said != expected:
        raise Refused("iss")


def _said_no(error: str, *, is_silent: bool) -> SignInFailed:
    """Silently, all but a plain no means that the person has to be asked (OpenID Connect Core 1.0, section 3.1.2.6).

    A hint whose key was withdrawn since is an ``invalid_request`` to a certified provider. What the address says is
    the browser's own word: whoever is to be checked must not be able to say that the provider is away.
    """
    if error in LATER:
        return Unanswered(f"provider_{error}")
    if is_silent and error not in NO:
        return NotSilently("not_silently")
    return Refused(f"provider_{error if error in SAID else 'error'}")


def redirect_uri(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("sso:callback"))


def goodbye(request: HttpRequest, *, id_token: str) -> str:
    """The provider's address that ends its own session too (RP-Initiated Logout 1.0); empty where it offers none."""
    end = provider.metadata(until=exchange.until()).end_session_endpoint
    if not end:
        return ""
    fields = {
        "client_id": settings.OIDC_CLIENT_ID,
        "post_logout_redirect_uri": request.build_absolute_uri(reverse("sso:signed_out")),
    }
    if id_token and len(id_token) <= HINT_LENGTH:
        fields["id_token_hint"] = id_token
    return f"{end}{'&' if '?' in end else '?'}{urlencode(fields)}"
