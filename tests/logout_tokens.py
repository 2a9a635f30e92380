"""Logout tokens as a provider posts them behind the browser's back: an honest one, changed in one detail at a time."""

import time
import uuid
from typing import Any

import token_forge
from django.http import HttpResponse
from django.test import Client
from hostile_provider import CLIENT_ID, Provider
from misbehaving import GONE
from token_forge import Signing

PATH = "/sso/backchannel-logout/"
EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout_token(provider: Provider, *, header: Any = None, signing: Signing | None = None, **changes: Any) -> str:
    """For the provider's person, by subject; GONE takes a claim away."""
    now = int(time.time())
    claims = {
        "iss": provider.issuer,
        "aud": CLIENT_ID,
        "sub": provider.person["sub"],
        "iat": now,
        "exp": now + 120,
        "jti": uuid.uuid4().hex,
        "events": {EVENT: {}},
    }
    claims = {name: value for name, value in (claims | changes).items() if value is not GONE}
    said = {"alg": provider.signing.algorithm, "kid": provider.signing.key, "typ": "logout+jwt"}
    said = {name: value for name, value in (said | (header or {})).items() if value is not GONE}
    token = token_forge.compact(header=said, claims=claims, signing=signing or provider.signing)
    return provider.keep(token)


def post(token: str | None, **how: Any) -> HttpResponse:
    """As a provider does: no cookie, no Origin, with CSRF checks on."""
    fields = {} if token is None else {"logout_token": token}
    return Client(enforce_csrf_checks=True).post(PATH, fields, **how)


def say(provider: Provider, **changes: Any) -> HttpResponse:
    return post(logout_token(provider, **changes))
