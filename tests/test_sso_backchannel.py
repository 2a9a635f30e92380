"""Back-channel logout: the provider's word of now ends sessions at their next request, and nothing else ends any."""

import time
import uuid
from dataclasses import replace

import log_reading
import pytest
import token_forge
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from hostile_provider import CLIENT_ID, CLIENT_SECRET
from logout_tokens import EVENT, PATH, logout_token, post, say
from misbehaving import GONE, answer, claims
from provider_visitor import is_signed_in, loopback_provider, provider, visit  # noqa: F401
from rechecking import age, events, there_and_back
from threads import at_once
from token_forge import Signing

from portal.sso import provider as portal_side
from portal.sso.models import LiveSession, SpentToken
from registercodes.models import AuditEvent

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("default::joserfc.errors.SecurityWarning"),
]
User = get_user_model()
MALLORY = {"sub": "subject-of-mallory", "preferred_username": "mallory", "name": "Mallory", "groups": ["sample-web"]}
HOUR = 3600


def signed_in(provider, *, sid: str = "", **person: str) -> Client:
    """One more browser, in the session that the provider calls ``sid``."""
    browser = Client()
    honest = dict(provider.person)
    provider.person |= person
    provider.misbehave(**claims(sid=sid or GONE))
    visit(browser, provider)
    provider.person = honest
    return browser


@pytest.fixture
def desk(provider) -> Client:
    return signed_in(provider, sid="at-the-desk")


@pytest.fixture
def phone(provider) -> Client:
    return signed_in(provider, sid="on-the-phone")


# Whose sessions end.


def test_a_subject_ends_every_session_of_the_person_at_its_next_request(desk, phone, provider):
    stranger = signed_in(provider, **MALLORY)

    assert say(provider).status_code == 200

    assert [is_signed_in(browser) for browser in (desk, phone, stranger)] == [False, False, True]
    assert Session.objects.count() == LiveSession.objects.count() == 1


@pytest.mark.parametrize("subject", [GONE, "subject-of-alice"], ids=["alone", "with the subject"])
def test_a_session_id_ends_that_session_alone(desk, phone, provider, subject):
    assert say(provider, sub=subject, sid="at-the-desk").status_code == 200

    assert [is_signed_in(browser) for browser in (desk, phone)] == [False, True]


def test_a_session_whose_id_was_never_told_ends_with_the_subject(provider):
    """Keycloak names a session in the logout token that its id token had no name for."""
    browser = signed_in(provider)

    assert say(provider, sid="never-heard-of").status_code == 200
    assert not is_signed_in(browser)


def test_it_ends_a_session_that_a_re_check_gave_another_id(desk, provider):
    age(desk, checked=301)
    provider.misbehave(**claims(sid="moved-on"))
    there_and_back(desk, provider, desk.get("/"))

    assert say(provider, sub=GONE, sid="at-the-desk").status_code == 200 and is_signed_in(desk)
    assert say(provider, sub=GONE, sid="moved-on").status_code == 200 and not is_signed_in(desk)


def test_one_event_says_who_did_it_and_how_many(desk, phone, provider):
    say(provider)

    ended = AuditEvent.objects.get(action="user.signed_out")
    assert ended.actor.username == "alice"
    assert ended.detail == {"reason": "provider", "repeats_before": 0, "sessions": "2"}


HONEST = {
    "without exp": {"exp": GONE},
    "without typ": {"header": {"typ": GONE}},
    "typ JWT": {"header": {"typ": "JWT"}},
    "a list of one audience": {"aud": [CLIENT_ID]},
    "a list of two audiences": {"aud": [CLIENT_ID, "another"]},
    "a clock a little ahead": {"iat": lambda: time.time() + 30},
    "sent four minutes ago": {"iat": lambda: time.time() - 240, "exp": GONE},
    "further claims": {"auth_time": 1, "trace": {"a": []}, "toe": None, "sid": None},
    "of another key": {"signing": Signing("ES256", "ec"), "header": {"alg": "ES256", "kid": "ec"}},
}


def made(changes: dict) -> dict:
    return {
        name: value() if callable(value) and not isinstance(value, Signing) else value
        for name, value in changes.items()
    }


def test_honest_variants_are_believed(provider):
    for name, changes in HONEST.items():
        browser = signed_in(provider)

        assert (name, say(provider, **made(changes)).status_code) == (name, 200)
        assert not is_signed_in(browser)


@pytest.mark.parametrize(
    "changes",
    [{"sub": "nobody"}, {"sub": GONE, "sid": "unknown"}, {"sid": "unknown"}],
    ids=["sub", "sid without sub", "sid"],
)
def test_whoever_has_no_session_here_is_no_error_and_no_event(desk, provider, changes):
    assert say(provider, **changes).status_code == 200
    assert is_signed_in(desk) and events("user.signed_out") == []


def test_a_session_id_of_another_person_ends_nothing(desk, provider):
    signed_in(provider, **MALLORY)

    assert say(provider, sub="subject-of-mallory", sid="at-the-desk").status_code == 200
    assert is_signed_in(desk)


# What is not believed.

REFUSED = {
    "a nonce": {"nonce": "n"},
    "an empty nonce": {"nonce": ""},
    "another audience": {"aud": "another"},
    "no audience": {"aud": GONE},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": GONE},
    "no events": {"events": GONE},
    "an empty event": {"events": {}},
    "another event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "events as a list": {"events": [EVENT]},
    "events as text": {"events": EVENT},
    "an event that is no object": {"events": {EVENT: True}},
    "no iat": {"iat": GONE},
    "iat as text": {"iat": "1700000000"},
    "iat true": {"iat": True},
    "iat not a number": {"iat": float("nan")},
    "iat without end": {"iat": float("inf")},
    "of an hour ago": {"iat": lambda: time.time() - HOUR, "exp": GONE},
    "of an hour ago, still good": {"iat": lambda: time.time() - HOUR, "exp": lambda: time.time() + HOUR},
    "from the future": {"iat": lambda: time.time() + HOUR, "exp": GONE},
    "expired": {"exp": lambda: time.time() - 120},
    "no jti": {"jti": GONE},
    "a number for jti": {"jti": 7},
    "an empty jti": {"jti": ""},
    "of nobody": {"sub": GONE},
    "of an empty somebody": {"sub": "", "sid": ""},
    "of a number": {"sub": 7},
    "of NUL": {"sub": "subject-of-alice\0"},
    "of a session of NUL": {"sid": "at-the-desk\0"},
    "a subject that is an object beside a session": {"sub": {"a": 1}, "sid": "at-the-desk"},
    "a session that is a list": {"sid": ["at-the-desk"]},
    "alg none": {"header": {"alg": "none"}, "signing": Signing("", "")},
    "alg HS256 with the secret": {"header": {"alg": "HS256"}, "signing": Signing("HS256", CLIENT_SECRET.encode())},
    "a stranger's key": {"signing": Signing("RS256", "stranger")},
    "an unknown key": {"header": {"kid": "unknown"}},
    "a typ that is a list": {"header": {"typ": ["logout+jwt"]}},
    "typ of an access token": {"header": {"typ": "at+jwt"}},
}


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_a_400_and_ends_nothing(desk, provider, caplog, name):
    log_reading.everything(caplog)

    assert say(provider, **made(REFUSED[name])).status_code == 400

    assert is_signed_in(desk) and events("user.signed_out") == []
    said = log_reading.warnings_of_sign_in(caplog)
    assert [record.getMessage() for record in said] == ["backchannel_logout_failed"] and said[0].reason
    assert log_reading.leaked(caplog, provider.issued) == []
    assert not SpentToken.objects.exists()


@pytest.mark.parametrize(
    "token", [None, "", "a.b.c", "..", "x" * 60_000, "\0", "é.é.é", "e30.e30.", "null.null.null"], ids=ascii
)
def test_what_is_no_token_is_a_400(desk, provider, token):
    assert post(token).status_code == 400
    assert is_signed_in(desk)


def test_an_id_token_never_passes_for_one(desk, provider):
    (id_token,) = [token for token in provider.issued if token.count(".") == 2]

    assert post(id_token).status_code == 400
    assert is_signed_in(desk)


def test_a_token_acts_once(provider):
    token = logout_token(provider)
    signed_in(provider)
    assert post(token).status_code == 200
    again = signed_in(provider)

    assert post(token).status_code == 400
    assert is_signed_in(again)


def test_another_token_of_the_same_jti_acts_as_little(provider):
    jti = uuid.uuid4().hex
    say(provider, jti=jti)
    again = signed_in(provider)

    assert say(provider, jti=jti, exp=GONE).status_code == 400
    assert is_signed_in(again)


@pytest.mark.django_db(transaction=True)
def test_a_token_sent_many_times_at_once_acts_once(desk, provider):
    token = logout_token(provider)

    assert sorted(at_once(6, lambda _: post(token).status_code)) == [200, *(400,) * 5]
    assert events("user.signed_out") == ["user.signed_out"]


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch", "head"])
def test_only_a_post_is_heard(desk, provider, method):
    answer = getattr(Client(), method)(f"{PATH}?logout_token={logout_token(provider)}")

    assert answer.status_code == 405
    assert is_signed_in(desk)


# The post itself.


def test_a_post_from_anywhere_is_never_a_failure_of_csrf(desk, provider):
    for headers in ({}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"}):
        assert post(logout_token(provider), headers=headers).status_code == 200


def test_the_answer_is_empty_and_not_kept(provider):
    answer = say(provider)

    assert answer.content == b"" and "no-store" in answer["Cache-Control"] and not answer.cookies


def test_without_the_provider_s_keys_it_is_a_503_and_may_be_sent_again(desk, provider):
    portal_side.forget()
    provider.misbehave(**answer("keys", status=500))
    token = logout_token(provider)

    assert post(token).status_code == 503
    assert is_signed_in(desk)
    provider.misbehave(keys_answer=lambda plan, _: replace(plan, status=200))
    assert post(token).status_code == 200
    assert not is_signed_in(desk)


def test_a_key_that_was_rotated_since_is_found(desk, provider):
    provider.published = [token_forge.published("rsa-next")]
    provider.signing = Signing("RS256", "rsa-next")

    assert say(provider).status_code == 200
    assert not is_signed_in(desk)


def test_no_token_is_in_a_log_line_at_any_level(desk, provider, caplog):
    log_reading.everything(caplog)
    token = logout_token(provider)
    post(token)
    post(token)

    assert log_reading.lines(caplog) and log_reading.leaked(caplog, provider.issued) == []


def test_without_single_sign_on_there_is_no_such_address(client, db, settings):
    settings.SINGLE_SIGN_ON = False

    assert client.post(PATH, {"logout_token": "x"}).status_code == 404
