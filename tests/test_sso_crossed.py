"""Callbacks that belong to another browser, another attempt or another time: nobody gets in, and no session is harmed."""

import time
from urllib.parse import urlencode, urlsplit

import log_reading
import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from provider_visitor import (  # noqa: F401
    CALLBACK,
    decided,
    is_signed_in,
    loopback_provider,
    provider,
    start,
    visit,
)  # fmt: skip
from reading_pages import text

from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db
User = get_user_model()
MALLORY = {"sub": "subject-of-mallory", "preferred_username": "mallory", "name": "Mallory", "groups": []}


def cookies_of(client: Client) -> dict[str, str]:
    return {name: morsel.value for name, morsel in client.cookies.items() if morsel.value}


def is_turned_away(client: Client, answer, caplog) -> bool:
    """A page with a way to try again, one line, and nobody in."""
    said = log_reading.warnings_of_sign_in(caplog)
    assert answer.status_code in {400, 403}
    assert "/sso/login/" in text(answer)
    assert [record.getMessage() for record in said] == ["sign_in_failed"] and said[0].reason
    return not is_signed_in(client)


def test_a_callback_without_its_cookie_is_turned_away(client, provider, caplog):
    callback = decided(provider, start(client))
    client.cookies.clear()

    assert is_turned_away(client, client.get(callback), caplog)
    assert "/token" not in provider.requests  # the code is not even spent
    assert not User.objects.exists()


def test_a_callback_in_another_browser_that_is_signing_in_too_is_turned_away(client, provider, caplog):
    mine = decided(provider, start(client))
    other = Client()
    start(other)

    assert is_turned_away(other, other.get(mine), caplog)
    assert "/token" not in provider.requests
    assert client.get(mine).status_code == 302  # and mine is unharmed


def test_two_browsers_that_sign_in_at_once_each_get_their_own(client, provider):
    other = Client()
    first = start(client)
    second = start(other)
    mine = decided(provider, first)
    provider.person |= MALLORY
    theirs = decided(provider, second)

    other.get(theirs)
    provider.person = dict(provider.person) | {"sub": "subject-of-alice", "groups": ["sample-web"]}
    client.get(mine)

    assert client.get("/").status_code == 200
    assert other.get("/").status_code == 403


def test_two_tabs_of_one_browser_may_sign_in_at_once_in_any_order(client, provider):
    first = decided(provider, start(client, next="/?team=web"))
    second = decided(provider, start(client, next="/?q=2"))

    assert client.get(second)["Location"] == "/?q=2"
    assert client.get(first)["Location"] == "/?team=web"
    assert is_signed_in(client)


def test_codes_exchanged_between_two_tabs_are_turned_away(client, provider, caplog):
    """The nonce and the verifier belong to the state; another attempt's code fits neither."""
    first = dict(part.split("=", 1) for part in urlsplit(decided(provider, start(client))).query.split("&"))
    second = dict(part.split("=", 1) for part in urlsplit(decided(provider, start(client))).query.split("&"))
    crossed = "&".join(f"{name}={value}" for name, value in (first | {"code": second["code"]}).items())

    assert is_turned_away(client, client.get(f"{CALLBACK}?{crossed}"), caplog)


def test_a_callback_is_good_once(client, provider, caplog):
    callback = decided(provider, start(client))
    client.get(callback)
    client.post("/sso/logout/")
    client.cookies.clear()

    assert is_turned_away(client, client.get(callback), caplog)


def test_a_callback_played_again_with_its_cookie_put_back_is_turned_away(client, provider, caplog):
    started = start(client)
    kept = cookies_of(client)
    callback = decided(provider, started)
    client.get(callback)
    thief = Client()
    thief.cookies.load(kept)

    assert is_turned_away(thief, thief.get(callback), caplog)
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    "change", [lambda text: text[:-1], lambda text: "x" + text, lambda text: "", lambda text: "é"]
)
def test_a_cookie_that_was_changed_is_turned_away(client, provider, caplog, change):
    callback = decided(provider, start(client))
    for name, value in cookies_of(client).items():
        client.cookies[name] = change(value)

    assert is_turned_away(client, client.get(callback), caplog)


def test_a_cookie_signed_for_something_else_is_turned_away(client, provider, caplog):
    from django.core import signing

    callback = decided(provider, start(client))
    for name in cookies_of(client):
        client.cookies[name] = signing.dumps({"state": "s", "nonce": "n", "verifier": "v", "next": "/"}, salt="other")

    assert is_turned_away(client, client.get(callback), caplog)


def test_an_attempt_of_an_hour_ago_is_turned_away(client, provider, caplog, monkeypatch):
    now = time.time
    with monkeypatch.context() as earlier:
        earlier.setattr(time, "time", lambda: now() - 3600)
        started = start(client)
    callback = decided(provider, started)

    assert is_turned_away(client, client.get(callback), caplog)


def test_the_cookie_of_an_attempt_is_signed_short_lived_and_out_of_a_script_s_reach(client, provider):
    start(client)

    (cookie,) = client.cookies.values()
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert 0 < int(cookie["max-age"]) <= 900
    assert not Session.objects.exists()


def test_a_link_to_somebody_else_s_callback_neither_ends_nor_changes_a_session(client, provider):
    """Login CSRF: Mallory's own finished sign-in, opened in Alice's browser."""
    visit(client, provider)
    alice, key = User.objects.get(), cookies_of(client)
    provider.person |= MALLORY
    link = decided(provider, start(Client()))

    answer = client.get(link)

    assert answer.status_code in {400, 403}
    assert client.get("/").status_code == 200
    assert cookies_of(client) == key
    assert User.objects.get() == alice
    assert "user.signed_out" not in AuditEvent.objects.values_list("action", flat=True)


HOSTILE_LINKS = {
    "nothing": {},
    "an error": {"error": "access_denied"},
    "an error and a state": {"error": "login_required", "state": "x"},
    "a code": {"code": "x", "state": "x"},
    "NUL": {"code": "\0", "state": "\0"},
    "markup": {"error": "<script>", "error_description": "<script>alert(1)</script>", "state": "<b>"},
    "an id token": {"id_token": "a.b.c", "state": "x"},
    "100 000 characters": {"code": "x" * 50_000, "state": "s" * 50_000},
}


@pytest.mark.parametrize("fields", HOSTILE_LINKS.values(), ids=HOSTILE_LINKS)
def test_a_hostile_link_to_the_callback_harms_no_session(client, provider, fields):
    visit(client, provider)
    before = provider.requests.count("/token")

    answer = client.get(f"{CALLBACK}?{urlencode(fields)}")

    assert answer.status_code in {400, 403}
    assert "<script>alert" not in text(answer)
    assert client.get("/").status_code == 200
    assert provider.requests.count("/token") == before


@pytest.mark.parametrize("query", ["code=%ff%fe&state=%ff", "code&state", "&&&", "state=%00&code=%00", "code[]=1"])
def test_a_query_of_no_sense_is_a_page(client, provider, query):
    assert client.get(f"{CALLBACK}?{query}").status_code in {400, 403}


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "options"])
def test_the_callback_answers_nothing_but_a_get(client, provider, method):
    callback = decided(provider, start(client))

    assert getattr(client, method)(callback).status_code in {302, 400, 403, 405}
    assert not is_signed_in(client)


def test_a_session_that_was_planted_is_not_the_one_that_is_signed_in(client, provider):
    """Fixation: the id that Mallory knows stays anonymous."""
    client.cookies["portal-session"] = "planted0planted0planted0planted0"

    visit(client, provider)

    key = client.cookies["portal-session"].value
    assert key != "planted0planted0planted0planted0"
    planted = Client()
    planted.cookies["portal-session"] = "planted0planted0planted0planted0"
    assert not is_signed_in(planted)


def test_signing_in_again_changes_the_session_s_id_and_ends_the_old_one(client, provider):
    visit(client, provider)
    old = client.cookies["portal-session"].value
    visit(client, provider)

    thief = Client()
    thief.cookies["portal-session"] = old
    assert not is_signed_in(thief)
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "wanted",
    [
        *("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "\t//evil.example"),
        *("https://testserver@evil.example/", "///evil.example", "/\r\nX: y", "http:evil", "", "/" * 5000),
    ],
    ids=ascii,
)
def test_nobody_is_sent_to_another_site_after_signing_in(client, provider, wanted):
    location = visit(client, provider, next=wanted)["Location"]

    assert location.startswith("/") and not location.startswith(("//", "/\\")) and location.isprintable()


def test_many_anonymous_attempts_leave_nothing_behind(client, provider):
    for _ in range(20):
        start(client)
        start(Client())

    assert not Session.objects.exists() and not AuditEvent.objects.exists() and not User.objects.exists()
    assert len(cookies_of(client)) <= 6
    assert sum(len(value) for value in cookies_of(client).values()) < 4000
