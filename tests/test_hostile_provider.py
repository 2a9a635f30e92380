"""The provider of the tests is worth something: honest it passes a client of the textbook, and each row changes it."""

import base64
import hashlib
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import requests
from honest_oddities import ODDITIES
from hostile_provider import CLIENT_ID, CLIENT_SECRET, Provider
from joserfc import jwt
from joserfc.jwk import KeySet
from misbehaviours import TABLE
from provider_visitor import loopback_provider  # noqa: F401

BACK = "http://testserver/sso/callback/"
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@pytest.fixture
def honest(loopback_provider):
    loopback_provider.reset()
    yield loopback_provider
    loopback_provider.reset()


def said(provider: Provider, name: str) -> dict:
    return requests.get(f"{provider.url}/{name}", timeout=5).json()


def code_from(provider: Provider, **changes: str) -> dict[str, str]:
    fields = {
        "client_id": CLIENT_ID,
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "openid",
        "state": "s" * 22,
        "nonce": "n" * 22,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return dict(parse_qsl(urlsplit(provider.decide(f"/authorize?{urlencode(fields | changes)}")).query))


def exchange(provider: Provider, code: str, *, secret: str = CLIENT_SECRET, **changes: str) -> requests.Response:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK, "code_verifier": VERIFIER}
    return requests.post(f"{provider.url}/token", data=fields | changes, auth=(CLIENT_ID, secret), timeout=5)


def test_an_honest_sign_in_satisfies_a_client_of_the_textbook(honest):
    discovery = said(honest, ".well-known/openid-configuration")
    back = code_from(honest)
    tokens = exchange(honest, back["code"]).json()
    token = jwt.decode(tokens["id_token"], KeySet.import_key_set(said(honest, "keys")), algorithms=["RS256"])
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = requests.get(f"{honest.url}/userinfo", headers=bearer, timeout=5).json()

    assert discovery["issuer"] == back["iss"] == token.claims["iss"] == honest.url
    assert (back["state"], token.claims["nonce"], token.claims["aud"]) == ("s" * 22, "n" * 22, CLIENT_ID)
    assert token.claims["sub"] == userinfo["sub"] and token.claims["groups"] == userinfo["groups"]
    assert token.header["kid"] == "rsa" and honest.complaints == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"secret": "another"}, "invalid_client"),
        ({"code_verifier": "w" * 64}, "invalid_grant"),
        ({"redirect_uri": "http://testserver/"}, "invalid_grant"),
    ],
)
def test_it_refuses_a_client_that_proves_nothing(honest, changes, error):
    answer = exchange(honest, code_from(honest)["code"], **changes)

    assert answer.status_code in {400, 401} and answer.json() == {"error": error}


def test_a_code_is_good_once(honest):
    code = code_from(honest)["code"]

    assert [exchange(honest, code).status_code for _ in range(2)] == [200, 400]


def test_userinfo_needs_the_token(honest):
    assert requests.get(f"{honest.url}/userinfo", timeout=5).status_code == 401


@pytest.mark.parametrize("name", ["client_id", "response_type", "code_challenge_method", "nonce", "scope"])
def test_a_request_that_lacks_protection_is_complained_about(honest, name):
    code_from(honest, **{name: ""})

    assert any(name in complaint for complaint in honest.complaints)


def test_every_row_is_a_change_of_stages_that_exist(honest):
    for changes in (*(row.changes for row in TABLE.values()), *ODDITIES.values()):
        honest.misbehave(**changes)
