"""Every member of everything a provider says, in every shape that JSON has: in or out, but never an error, never silent."""

import json
from dataclasses import replace

import log_reading
import pytest
import token_forge
from django.test import Client
from misbehaving import changed, instead
from provider_visitor import loopback_provider, provider, visit  # noqa: F401

from portal.sso import provider as portal_side

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("default::joserfc.errors.SecurityWarning"),
]
SHAPES = (
    *(None, True, -1, 10**400, float("nan"), "", "x", "\0", "\ud800", "x" * 5000),
    *([], {}, [[]], ["x", "x"], {"x": []}),
)
MEMBERS = {
    "discovery": (
        *("issuer", "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"),
        *("end_session_endpoint", "response_types_supported", "id_token_signing_alg_values_supported"),
        *("token_endpoint_auth_methods_supported", "code_challenge_methods_supported"),
        *("authorization_response_iss_parameter_supported", "unheard_of"),
    ),
    "keys": ("keys", "unheard_of"),
    "header": (
        *("alg", "kid", "typ", "cty", "crit", "b64", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "zip", "enc"),
        *("epk", "unheard_of"),
    ),
    "claims": (
        *("iss", "sub", "aud", "azp", "nonce", "at_hash", "c_hash", "exp", "iat", "nbf", "auth_time", "amr", "acr"),
        *("sid", "jti", "events", "groups", "_claim_names", "hasgroups", "email", "name", "preferred_username"),
    ),
    "userinfo": (
        *("sub", "iss", "aud", "groups", "_claim_names", "hasgroups", "email", "name", "preferred_username", "sid"),
        *("exp", "iat", "nonce", "at_hash"),
    ),
    "tokens": ("access_token", "token_type", "expires_in", "id_token", "scope", "refresh_token", "error"),
}
OF_KEYS = {
    "rsa": ("kty", "use", "key_ops", "alg", "kid", "n", "e", "x5c", "x5t", "x5u", "ext", "d"),
    "ec": ("kty", "crv", "x", "y", "kid"),
    "okp": ("kty", "crv", "x", "kid"),
}
CASES = [(stage, member) for stage, members in MEMBERS.items() for member in members]
KEY_CASES = [(name, member) for name, members in OF_KEYS.items() for member in members]


def never_an_error(provider, caplog) -> None:
    """Somebody is in, or reads a page of ours while one line says why."""
    portal_side.forget()
    caplog.clear()
    answer = visit(Client(), provider)
    said = [record.getMessage() for record in log_reading.warnings_of_sign_in(caplog)]
    assert answer.status_code in {302, 400, 403, 503}
    assert said == ["sign_in_failed"] if answer.status_code != 302 else set(said) <= {"no_access"}


@pytest.mark.parametrize(("stage", "member"), CASES, ids=map(" ".join, CASES))
def test_a_member_of_any_shape_is_no_error(provider, caplog, stage, member):
    for shape in SHAPES:
        provider.misbehave(**{stage: changed(**{member: shape})})
        never_an_error(provider, caplog)


@pytest.mark.parametrize(("name", "member"), KEY_CASES, ids=map(" ".join, KEY_CASES))
def test_a_key_whose_member_has_any_shape_is_no_error(provider, caplog, name, member):
    """It stands alone, so that it is tried; and under the kid that the token names, where it has one."""
    algorithm = {"rsa": "RS256", "ec": "ES256", "okp": "EdDSA"}[name]
    provider.signing = token_forge.Signing(algorithm, name)
    for shape in SHAPES:
        entry = {**token_forge.published(name), member: shape}
        provider.misbehave(**instead("keys", {"keys": [entry]}))
        never_an_error(provider, caplog)


@pytest.mark.parametrize("stage", ["discovery_answer", "keys_answer", "tokens_answer", "userinfo_answer"])
def test_an_answer_of_any_shape_is_no_error(provider, caplog, stage):
    for shape in SHAPES:
        body = json.dumps(shape).encode()
        provider.misbehave(**{stage: lambda plan, _, body=body: replace(plan, body=body)})
        never_an_error(provider, caplog)


def test_a_good_key_beside_keys_of_every_shape_still_lets_people_in(provider, client):
    bad = [shape for shape in SHAPES if shape == shape]  # without NaN
    members = [{**token_forge.published("rsa"), member: shape} for shape in bad for member in ("kty", "n", "key_ops")]
    provider.misbehave(**instead("keys", {"keys": [*bad, *members, token_forge.published("rsa")]}))

    assert visit(client, provider).status_code == 302
    assert client.get("/").status_code == 200
