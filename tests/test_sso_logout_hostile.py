"""The back-channel logout, which anybody may post to: only the provider's own word of now ends a session, once."""

import json
import time
import uuid
from typing import Any

import log_reading
import pytest
import token_forge
from django.test import Client
from hostile_provider import CLIENT_ID, CLIENT_SECRET
from misbehaving import GONE, HOUR, NESTED
from provider_visitor import is_signed_in, loopback_provider, provider, visit  # noqa: F401
from token_forge import Signing

from portal.sso import provider as portal_side
from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db
ADDRESS = "/sso/backchannel-logout/"
EVENT = "http://schemas.openid.net/event/backchannel-logout"
HONEST = Signing("RS256", "rsa")


def logout_token(
    provider, *, signing: Signing = HONEST, header: Any = None, raw: bytes | None = None, **changes
) -> str:
    claims = {
        "iss": provider.issuer,
        "aud": CLIENT_ID,
        "iat": int(time.time()),
        "exp": int(time.time()) + 120,
        "jti": uuid.uuid4().hex,
        "events": {EVENT: {}},
        "sub": provider.person["sub"],
    } | changes
    kept = {name: value for name, value in claims.items() if value is not GONE}
    head = {"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"} | (header or {})
    return token_forge.compact(
        header={name: value for name, value in head.items() if value is not GONE},
        claims=raw or kept,
        signing=signing,
    )


def posted(token: str, **more: str) -> int:
    return Client().post(ADDRESS, {"logout_token": token, **more}).status_code


@pytest.fixture
def signed_in(client, provider):
    visit(client, provider)
    return client


# The provider's own word, in the forms that providers use.

HONEST_FORMS = {
    "plain": {},
    "without exp": {"exp": GONE},
    "with a session's id nobody here knows beside the subject": {"sid": "unknown"},
    "aud as a list": {"aud": [CLIENT_ID]},
    "typ JWT": {"header": {"typ": "JWT"}},
    "no typ": {"header": {"typ": GONE}},
    "no kid": {"header": {"kid": GONE}},
    "more in events": {"events": {EVENT: {}, "http://example.com/event": {}}},
    "a clock that is ahead": {"iat": lambda: int(time.time()) + 30},
    "a clock that is behind": {"iat": lambda: int(time.time()) - 30},
}


@pytest.mark.parametrize("changes", HONEST_FORMS.values(), ids=HONEST_FORMS)
def test_the_provider_s_word_ends_the_session_at_the_next_request(signed_in, provider, changes):
    made = {name: value() if callable(value) else value for name, value in changes.items()}

    assert posted(logout_token(provider, **made)) == 200
    assert not is_signed_in(signed_in)
    assert AuditEvent.objects.filter(action="user.signed_out").count() == 1


# Everything else.


def with_alg(algorithm: str, signing: Signing, **header: Any) -> dict[str, Any]:
    return {"signing": signing, "header": {"alg": algorithm, **header}}


FORGED = {
    "another aud": {"aud": "another"},
    "aud is an empty list": {"aud": []},
    "no aud": {"aud": GONE},
    "another iss": {"iss": "https://idp.example.com"},
    "no iss": {"iss": GONE},
    "no iat": {"iat": GONE},
    "iat of an hour ago": {"iat": lambda: int(time.time()) - HOUR, "exp": GONE},
    "iat of an hour ago with exp ahead": {"iat": lambda: int(time.time()) - HOUR},
    "iat ahead": {"iat": lambda: int(time.time()) + HOUR},
    "iat is no number": {"iat": float("nan")},
    "iat is text": {"iat": "now"},
    "exp is past": {"exp": lambda: int(time.time()) - HOUR},
    "exp is text": {"exp": "later"},
    "no jti": {"jti": GONE},
    "jti is empty": {"jti": ""},
    "jti is a number": {"jti": 7},
    "jti is a list": {"jti": []},
    "jti with half a character": {"jti": "\ud800"},
    "no events": {"events": GONE},
    "events are a list": {"events": [EVENT]},
    "events of another kind": {"events": {"http://example.com/event": {}}},
    "event is no object": {"events": {EVENT: "yes"}},
    "a nonce, as in an ID token": {"nonce": "n"},
    "a nonce of null": {"nonce": None},
    "about nobody": {"sub": GONE},
    "about nothing": {"sub": "", "sid": ""},
    "about a number": {"sub": 7},
    "about a list": {"sub": ["subject-of-alice"]},
    "about an object, in a session": {"sub": {}, "sid": "x"},
    "about a person in a list of sessions": {"sid": ["x"]},
    "about NUL": {"sub": "\0"},
    "about half a character": {"sub": "\ud800"},
    "about a session of NUL": {"sub": GONE, "sid": "\0"},
    "about a session of half a character": {"sub": GONE, "sid": "\ud800"},
    "alg none": {"header": {"alg": "none"}, "signing": Signing("", "")},
    "HS256 with the secret": with_alg("HS256", Signing("HS256", CLIENT_SECRET.encode()), kid=GONE),
    "signed by a stranger": {"signing": Signing("RS256", "stranger")},
    "signed by a stranger without a kid": {"signing": Signing("RS256", "stranger"), "header": {"kid": GONE}},
    "kid of no key": {"header": {"kid": "nobody"}},
    "kid of another type": {"header": {"kid": "ec"}},
    "crit": {"header": {"crit": ["x"], "x": 1}},
    "no JSON": {"raw": b"{"},
    "a list": {"raw": b"[]"},
    "nested deep": {"raw": NESTED},
}


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED)
def test_any_other_word_ends_nothing(signed_in, provider, caplog, changes):
    made = {name: value() if callable(value) else value for name, value in changes.items()}
    log_reading.everything(caplog)
    token = logout_token(provider, **made)
    caplog.clear()

    assert posted(token) == 400
    assert is_signed_in(signed_in)
    assert [record.getMessage() for record in log_reading.warnings_of_sign_in(caplog)] == ["backchannel_logout_failed"]
    assert log_reading.leaked(caplog, [token]) == []
    assert not AuditEvent.objects.filter(action="user.signed_out").exists()


@pytest.mark.parametrize("token", ["", "x", "..", "é.é.é", "\0", "a.b.c", "a.b.c.d.e", "x" * 60_000])
def test_what_is_no_token_ends_nothing(signed_in, token):
    assert posted(token) in {400, 413}
    assert is_signed_in(signed_in)


def test_an_id_token_is_no_logout_token(signed_in, provider):
    (token,) = [one for one in provider.issued if one.count(".") == 2]

    assert posted(token) == 400
    assert is_signed_in(signed_in)


def test_a_word_acts_once(signed_in, provider):
    token = logout_token(provider)
    posted(token)
    visit(signed_in, provider)

    assert posted(token) == 400
    assert is_signed_in(signed_in)


@pytest.mark.parametrize(
    "about", [{"sub": "subject-of-bob"}, {"sub": GONE, "sid": "another"}, {"sub": "SUBJECT-OF-ALICE"}]
)
def test_a_word_about_somebody_else_is_heard_and_harms_nobody(signed_in, provider, about):
    assert posted(logout_token(provider, **about)) == 200
    assert is_signed_in(signed_in)


def test_a_word_about_one_session_leaves_the_others(provider):
    one, other = Client(), Client()
    for browser, sid in ((one, "first"), (other, "second")):
        provider.misbehave(claims=lambda plan, _, sid=sid: plan | {"sid": sid})
        visit(browser, provider)

    assert posted(logout_token(provider, sub=GONE, sid="first")) == 200
    assert not is_signed_in(one) and is_signed_in(other)


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_a_post_is_heard(signed_in, provider, method):
    assert getattr(Client(), method)(ADDRESS, {"logout_token": logout_token(provider)}).status_code == 405
    assert is_signed_in(signed_in)


def test_a_word_in_the_address_is_not_heard(signed_in, provider):
    assert Client().post(f"{ADDRESS}?logout_token={logout_token(provider)}").status_code == 400
    assert is_signed_in(signed_in)


def test_strangers_cannot_make_the_portal_ask_the_provider_without_end(signed_in, provider):
    """An unknown kid is worth a look at the keys, but not one for each post."""
    before = len(provider.requests)

    for number in range(10):
        posted(logout_token(provider, header={"kid": f"nobody-{number}"}))

    assert len(provider.requests) - before <= 2


def test_a_provider_that_is_away_is_told_so_and_nothing_ends(signed_in, provider):
    portal_side.forget()
    provider.misbehave(keys_answer=lambda plan, _: type(plan)(json.dumps({}).encode(), status=500))

    assert posted(logout_token(provider)) == 503
    assert is_signed_in(signed_in)
