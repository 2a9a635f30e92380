"""The cookies of signing in: named so that no neighbour plants one, out of a script's reach, and no longer than they may be."""

import pytest
from django.test import Client
from provider_visitor import decided, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import send
from rechecking import age, asks_again, come_back, there_and_back

pytestmark = pytest.mark.django_db
NEW = "/teams/web/codes/new/"
LONGEST = 500


@pytest.fixture
def in_production(settings):
    settings.DEVELOPMENT = False
    settings.SESSION_COOKIE_SECURE = True


def is_guarded(cookie) -> bool:
    """A browser takes a __Host- cookie only so: secure, for the whole host and for no other."""
    reach = (cookie["path"], cookie["domain"])
    return cookie["secure"] and cookie["httponly"] and cookie["samesite"] == "Lax" and reach == ("/", "")


def test_in_production_a_sign_in_under_way_is_guarded_until_it_is_dropped(client, provider, in_production):
    started = start(client)
    (begun,) = started.cookies.values()
    ended = client.get(decided(provider, started)).cookies[begun.key]

    assert begun.key.startswith("__Host-portal-login-") and begun.value and begun["max-age"] > 0
    assert (ended.value, ended["max-age"]) == ("", 0)
    assert is_guarded(begun) and is_guarded(ended)


def test_so_is_what_was_typed(client, provider, in_production):
    visit(client, provider)
    age(client, checked=301)
    sent = send(client, NEW, {"description": "webserver"})
    kept = sent.cookies["__Host-portal-typed"]
    dropped = there_and_back(client, provider, sent).cookies["__Host-portal-typed"]

    assert kept.value and kept["max-age"] > 0
    assert (dropped.value, dropped["max-age"]) == ("", 0)
    assert is_guarded(kept) and is_guarded(dropped)


# The page to come back to, of which each cookie holds one.


def address(length: int) -> str:
    return "/?q=" + "x" * (length - len("/?q="))


@pytest.mark.parametrize(("length", "remembered"), [(LONGEST, True), (LONGEST + 1, False)])
def test_one_length_holds_for_a_sign_in_a_re_check_and_a_sample_person(client, provider, settings, length, remembered):
    wanted = address(length)
    expected = wanted if remembered else "/"

    assert visit(client, provider, next=wanted)["Location"] == expected
    age(client, checked=301)
    sent = client.get(wanted)
    assert asks_again(sent) and come_back(client, provider, sent)["Location"] == expected
    settings.SINGLE_SIGN_ON, settings.LOGIN_URL = False, "sso:sign_in"
    settings.AUTHENTICATION_BACKENDS = ["portal.sso.development.SamplePeople"]
    assert send(Client(), "/sso/sign-in/", {"person": "alice", "next": wanted})["Location"] == expected
