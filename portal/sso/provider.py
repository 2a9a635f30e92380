"""What the provider publishes of itself, and the exchange of a code for a person. Contacted lazily, never at start.

Discovery is kept for an hour; keys for a minute, and looked up anew when none
fits: kept for the life of a process, a withdrawn key would stay accepted and a
rotated one without a name would fail until a restart.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlsplit

from authlib.oauth2 import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_token_request
from django.conf import settings
from joserfc.jwk import Key

from portal.sso import claims, exchange, tokens
from portal.sso.refusals import Away, Refused

DISCOVERY = "/.well-known/openid-configuration"
DISCOVERY_SECONDS = 3600
KEYS_SECONDS = 60
LOOK_AGAIN_SECONDS = 5  # or strangers' logout tokens would have the provider asked once each
AWAY_SECONDS = 10  # a provider that was found away is not asked again for so long, or each page would wait for it
LATELY_SECONDS = 60
STALL_SECONDS = 0.5  # what fails sooner holds nobody
LOOK_SECONDS = 3.0
LOOK_PLACE_SECONDS = 0.5
TOKEN_MAX = 64_000

Found = TypeVar("Found")


@dataclass(frozen=True)
class Metadata:
    """OpenID Connect Discovery 1.0, section 3; what a provider does not offer is empty."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    sends_issuer: bool  # RFC 9207
    secret_in_body: bool


@dataclass
class _Known:
    """What one process remembers, and until when (``time.monotonic``)."""

    issuer: str = ""
    metadata: Metadata | None = None
    metadata_until: float = 0.0
    keys: tuple[Key, ...] = ()
    keys_until: float = 0.0
    keys_missing_until: float = 0.0  # to strangers
    look_again_at: float = 0.0
    looked_at: float = 0.0
    away: str = ""  # why, when it was last looked at
    away_until: float = 0.0


_known = _Known()
_looking = threading.Lock()
_renewing = threading.Lock()


def forget() -> None:
    """For tests, and for whoever changes the issuer of a running process."""
    global _known
    _known = _Known()


def metadata(*, until: float) -> Metadata:
    """Raises ``Away`` where the provider does not answer or publishes what cannot be used."""
    known = _remembered()
    if known.metadata is None or time.monotonic() > known.metadata_until:
        known.metadata = _discovered(until=until)
        known.metadata_until = time.monotonic() + DISCOVERY_SECONDS
    return known.metadata


def is_up() -> bool:
    """Whether a signed-in browser may be sent there now. Up is looked at each time; away is believed for a while.

    Raises ``Busy`` where that cannot be told: nobody reads on for it.
    """
    if time.monotonic() < _remembered().away_until:
        return False
    try:
        look()
    except Away:
        return False
    return True


def look() -> Metadata:
    """What it publishes at this moment, before a browser is sent there. Raises ``Away`` or ``Busy``.

    One thread looks and those who waited share what it found; a provider that stalls holds some of them, never all.
    Once it was found away, nobody waits for the one who looks whether it came back.
    """
    began, known = time.monotonic(), _remembered()
    if known.away and began < known.looked_at + LATELY_SECONDS and _looking.locked():
        raise Away(known.away)
    with exchange.place(seconds=LOOK_PLACE_SECONDS), _looking:
        known = _remembered()
        if known.looked_at < began:
            _look(known)
        if known.metadata is None or known.away:
            raise Away(known.away)
        return known.metadata


def _look(known: _Known) -> None:
    try:
        known.metadata = _discovered(until=time.monotonic() + min(LOOK_SECONDS, settings.OIDC_DEADLINE))
        known.metadata_until, known.away = time.monotonic() + DISCOVERY_SECONDS, ""
    except Away as away:
        known.away = away.reason
        note_away()
    known.looked_at = time.monotonic()


def note_away() -> None:
    """Somebody met it away just now."""
    _remembered().away_until = time.monotonic() + AWAY_SECONDS


def identity(
    about: Metadata, *, code: str, verifier: str, nonce: str, redirect_uri: str, until: float
) -> claims.Identity:
    """Who came back with ``code``. Raises ``Refused``, or ``Unanswered`` (``Away`` where nobody would be answered)."""
    asked_at = time.time()
    answer = token_answer(about, code=code, verifier=verifier, redirect_uri=redirect_uri, until=until)
    access_token, id_token = answer["access_token"], answer["id_token"]
    said = with_keys(
        lambda keys: tokens.id_token_claims(
            id_token,
            keys=keys,
            issuer=settings.OIDC_ISSUER,
            client_id=settings.OIDC_CLIENT_ID,
            nonce=nonce,
            access_token=access_token,
        ),
        until=until,
    )
    claims.usable_subject(said.get("sub"))
    userinfo = _userinfo(about, access_token=access_token, until=until)
    groups_claim = settings.OIDC_GROUPS_CLAIM
    return claims.identity(said, userinfo, groups_claim=groups_claim, id_token=id_token, asked_at=asked_at)


def with_keys(check: Callable[[tuple[Key, ...]], Found], *, until: float, from_anybody: bool = False) -> Found:
    """``check`` with the keys we know, and once more with those published now if none of them fits.

    ``from_anybody``: what is checked did not come from the provider itself, so its keys are not asked for each time,
    nor waited for long.
    """
    known = _remembered()
    until = min(until, time.monotonic() + LOOK_SECONDS) if from_anybody else until
    was_fresh = time.monotonic() > known.keys_until
    if was_fresh:
        (_renew_keys_together if from_anybody else _renew_keys)(known, until=until)
    try:
        return check(known.keys)
    except tokens.UnknownKey:
        if was_fresh or (from_anybody and time.monotonic() < known.look_again_at):
            raise
    if from_anybody:
        known.look_again_at = time.monotonic() + LOOK_AGAIN_SECONDS
    _renew_keys(known, until=until)
    return check(known.keys)


def _renew_keys_together(known: _Known, *, until: float) -> None:
    """One asks, and those who waited share what it found; or each stranger's token would hold a place for itself."""
    with _renewing:
        if time.monotonic() <= known.keys_until:
            return
        if time.monotonic() < known.keys_missing_until:
            raise Away("keys_missing")
        began = time.monotonic()
        try:
            _renew_keys(known, until=until)
        except Away:
            if time.monotonic() - began >= STALL_SECONDS:
                known.keys_missing_until = time.monotonic() + LOOK_AGAIN_SECONDS
            raise


def _renew_keys(known: _Known, *, until: float) -> None:
    document = exchange.get(metadata(until=until).jwks_uri, until=until, what="keys")
    known.keys = tuple(tokens.published_keys(document))
    known.keys_until = time.monotonic() + KEYS_SECONDS


def _remembered() -> _Known:
    if _known.issuer != settings.OIDC_ISSUER:
        forget()
        _known.issuer = settings.OIDC_ISSUER
    return _known


def discovery_address() -> str:
    return settings.OIDC_ISSUER.rstrip("/") + DISCOVERY


def _discovered(*, until: float) -> Metadata:
    return read(exchange.get(discovery_address(), until=until, what="discovery"))


def read(document: dict[str, Any]) -> Metadata:
    """What a discovery document says. Raises ``Away`` where it cannot be used."""
    if document.get("issuer") != settings.OIDC_ISSUER:
        raise Away("discovery_issuer")
    methods = document.get("token_endpoint_auth_methods_supported")
    listed = methods if isinstance(methods, list) else ["client_secret_basic"]
    return Metadata(
        issuer=settings.OIDC_ISSUER,
        authorization_endpoint=address_in(document, "authorization_endpoint"),
        token_endpoint=address_in(document, "token_endpoint"),
        jwks_uri=address_in(document, "jwks_uri"),
        userinfo_endpoint=address_in(document, "userinfo_endpoint", needed=False),
        end_session_endpoint=address_in(document, "end_session_endpoint", needed=False),
        sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        secret_in_body="client_secret_basic" not in listed and "client_secret_post" in listed,
    )


def address_in(document: dict[str, Any], name: str, *, needed: bool = True) -> str:
    """https, unless the issuer itself is not: a page or a secret never goes elsewhere."""
    address = document.get(name)
    if not isinstance(address, str) or not _is_address(address):
        if needed:
            raise Away(f"discovery_{name}")
        return ""
    return address


def _is_address(text: str) -> bool:
    allowed = {"https"} | {urlsplit(settings.OIDC_ISSUER).scheme}
    try:
        parts = urlsplit(text)
        return parts.scheme in allowed and bool(parts.hostname) and parts.port != 0 and text.isprintable()
    except ValueError:
        return False


def token_answer(about: Metadata, *, code: str, verifier: str, redirect_uri: str, until: float) -> dict[str, Any]:
    """The tokens for ``code``. Raises ``Refused``, in the provider's own word, or ``Unanswered``."""
    body = prepare_token_request("authorization_code", redirect_uri=redirect_uri, code=code, code_verifier=verifier)
    _, headers, body = _client(about).prepare("POST", about.token_endpoint, {}, body)
    answer = exchange.post(about.token_endpoint, until=until, what="token", headers=headers, body=body)
    if "error" in answer:
        raise Refused("token_refused")
    if str(answer.get("token_type", "")).lower() != "bearer":
        raise Refused("token_type")
    for name in ("access_token", "id_token"):
        if not isinstance(answer.get(name), str) or not 0 < len(answer[name]) <= TOKEN_MAX:
            raise Refused(f"no_{name}")
    if not answer["access_token"].isascii() or not answer["access_token"].isprintable():
        raise Refused("access_token")
    return answer


def _client(about: Metadata) -> ClientAuth:
    """RFC 6749, section 2.3.1: in a header, id and secret are encoded as a form's fields are."""
    if about.secret_in_body:
        return ClientAuth(settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET, "client_secret_post")
    return ClientAuth(quote_plus(settings.OIDC_CLIENT_ID), quote_plus(settings.OIDC_CLIENT_SECRET))


def _userinfo(about: Metadata, *, access_token: str, until: float) -> dict[str, Any]:
    if not about.userinfo_endpoint:
        return {}
    headers = {"Authorization": f"Bearer {access_token}"}
    return exchange.get(about.userinfo_endpoint, until=until, what="userinfo", headers=headers)
