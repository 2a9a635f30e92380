"""Decides whether a token is the provider's own, meant for us and of now. Libraries check; this says what for.

Only asymmetric signatures by published keys count. A header never chooses the
key or a symmetric algorithm: it may only name one of the published keys.
"""

import json
import time
import warnings
from collections.abc import Iterable, Mapping
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jws
from joserfc.errors import BadSignatureError, JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey
from joserfc.jwt import JWTClaimsRegistry

from portal.sso.refusals import Refused

# Providers still say "EdDSA", and keys that are too short are passed over below.
warnings.filterwarnings("ignore", category=SecurityWarning)

LEEWAY = 60  # seconds a clock may be off
ID_TOKEN_AGE = 3600  # seconds; it was made for the code that was exchanged just now
LOGOUT_AGE = 300  # seconds; a logout token may come without ``exp``
TOKEN_LENGTH = 64_000
WEAKEST_RSA = 2048  # bits
BACKCHANNEL_EVENT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPES = frozenset({"JWT", "logout+jwt", "application/logout+jwt"})  # section 2.4: recommended, not required
TIMES = ("exp", "iat", "nbf", "auth_time")

KEY_TYPES: dict[str, type[Key]] = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), RSAKey),
    **dict.fromkeys(("ES256", "ES384", "ES512"), ECKey),
    **dict.fromkeys(("EdDSA", "Ed25519"), OKPKey),
}

Claims = dict[str, Any]


class UnknownKey(Refused):
    """No published key fits: worth one look at what is published now."""


def published_keys(document: object) -> list[Key]:
    """Keys that can verify; what is unknown, symmetric, weak or for encryption is passed over."""
    entries = document.get("keys") if isinstance(document, Mapping) else None
    found = [_key_in(entry) for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return [key for key in found if key is not None]


def _key_in(entry: dict[str, Any]) -> Key | None:
    if entry.get("use", "sig") != "sig" or entry.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    if "verify" not in _words(entry.get("key_ops", ["verify"])):
        return None
    try:
        key = JWKRegistry.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    is_weak = isinstance(key, RSAKey) and key.raw_value.key_size < WEAKEST_RSA
    return None if is_weak else key


def _words(found: object) -> list[Any]:
    return found if isinstance(found, list) else []


def id_token_claims(token: str, *, keys: Iterable[Key], issuer: str, client_id: str, **expected: Any) -> Claims:
    """``expected``: nonce, access_token. Raises ``Refused``; ``UnknownKey`` when other keys might fit."""
    header, claims = _verified(token, keys=keys)
    _must_have_shapes(claims)
    options = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": client_id}}
    read = CodeIDToken(claims, header, options, {"client_id": client_id, **expected})
    try:
        read.validate(leeway=LEEWAY)
    except JoseError as wrong:
        raise Refused(f"id_token_{_named(wrong)}") from None
    if time.time() - claims["iat"] > ID_TOKEN_AGE:
        raise Refused("id_token_iat")
    return claims


def logout_claims(token: str, *, keys: Iterable[Key], issuer: str, client_id: str, now: float) -> Claims:
    """OpenID Connect Back-Channel Logout 1.0, section 2.6; ``exp`` may be absent, so ``iat`` bounds the age."""
    header, claims = _verified(token, keys=keys)
    if header.get("typ", "JWT") not in LOGOUT_TYPES:
        raise Refused("logout_typ")
    _must_have_shapes(claims)
    registry = JWTClaimsRegistry(
        leeway=LEEWAY,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        iat={"essential": True},
        jti={"essential": True},
    )
    try:
        registry.validate(claims)
    except JoseError as wrong:
        raise Refused(f"logout_{_named(wrong)}") from None
    _must_say_logout(claims, now=now)
    return claims


def _must_say_logout(claims: Claims, *, now: float) -> None:
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL_EVENT), dict):
        raise Refused("logout_events")
    if "nonce" in claims:  # an id token must never pass for one
        raise Refused("logout_nonce")
    if not LEEWAY * -1 <= now - claims["iat"] <= LOGOUT_AGE:
        raise Refused("logout_age")
    whom = [claims[name] for name in ("sub", "sid") if claims.get(name) is not None]
    if not any(whom) or not all(isinstance(name, str) and name.isprintable() for name in whom):
        raise Refused("logout_of_nobody")
    if not _is_word(claims["jti"]):
        raise Refused("logout_jti")


def _verified(token: str, *, keys: Iterable[Key]) -> tuple[dict[str, Any], Claims]:
    header = _header_of(token)
    algorithm = header.get("alg")
    key_type = KEY_TYPES.get(algorithm) if isinstance(algorithm, str) else None
    if key_type is None:
        raise Refused("algorithm")
    fitting = [key for key in keys if isinstance(key, key_type)]
    if "kid" in header:
        fitting = [key for key in fitting if key.kid == header["kid"]]
    if not fitting:
        raise UnknownKey("unknown_key")
    for key in fitting:
        payload = _payload(token, key=key, algorithm=algorithm)
        if payload is not None:
            return header, _object_in(payload, reason="token_payload")
    raise UnknownKey("signature")  # of a key without a name that was changed, perhaps


def _header_of(token: str) -> dict[str, Any]:
    if not isinstance(token, str) or len(token) > TOKEN_LENGTH or token.count(".") != 2:
        raise Refused("token_shape")
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Refused("token_shape") from None
    if "crit" in header:  # names what must be understood; nothing of that kind is
        raise Refused("token_crit")
    return header


def _payload(token: str, *, key: Key, algorithm: str) -> bytes | None:
    try:
        return jws.deserialize_compact(token, key, algorithms=[algorithm]).payload
    except BadSignatureError:
        return None
    except (JoseError, ValueError, TypeError) as wrong:
        raise Refused(f"token_{type(wrong).__name__}") from None


def _object_in(payload: bytes, *, reason: str) -> Claims:
    try:
        claims = json.loads(payload)
    except (ValueError, TypeError, RecursionError):
        raise Refused(reason) from None
    if not isinstance(claims, dict):
        raise Refused(reason)
    return claims


def _must_have_shapes(claims: Claims) -> None:
    """Where the libraries would compare, add or hash whatever they were given."""
    for name in TIMES:
        if name in claims and (isinstance(claims[name], bool) or not isinstance(claims[name], int | float)):
            raise Refused(f"claim_{name}")
    for name in ("iss", "azp", "nonce", "at_hash"):
        if name in claims and not (isinstance(claims[name], str) and claims[name]):
            raise Refused(f"claim_{name}")
    if not claims.get("at_hash", "").isascii():
        raise Refused("claim_at_hash")
    audience = claims.get("aud")
    listed = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(word, str) for word in listed):
        raise Refused("claim_aud")


def _is_word(value: object) -> bool:
    """Half a character cannot be encoded, and PostgreSQL takes no NUL."""
    return isinstance(value, str) and value != "" and value.isprintable()


def _named(wrong: JoseError) -> str:
    return str(getattr(wrong, "claim", "") or wrong.error)
