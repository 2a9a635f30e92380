"""What somebody typed is shown to nobody else, on no other page, and holds nothing that was not typed."""

import pytest
from django.contrib.auth import get_user_model
from django.core import signing
from django.test import Client
from interruptions import COOKIE, INTERRUPTIONS, KEPT, NEW, grow_old, is_filled_with, typed
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import send, text, typed_in, value_in
from rechecking import asks_to_sign_in, there_and_back

from portal.sso import kept

pytestmark = pytest.mark.django_db
User = get_user_model()
MALLORY = {"sub": "subject-of-mallory", "preferred_username": "mallory", "name": "Mallory"}


@pytest.fixture
def alice_here(client, provider):
    visit(client, provider)
    return client


@pytest.fixture
def strict(provider) -> Client:
    """Alice, in a browser whose forms carry the token of an earlier sign-in."""
    browser = Client(enforce_csrf_checks=True)
    visit(browser, provider)
    return browser


def test_a_form_of_an_earlier_sign_in_is_shown_again_to_whoever_was_just_checked(strict):
    page = send(strict, NEW, typed())

    assert page.status_code == 403 and typed_in(page, "instance_name_prefix") == "wéb"


# What must not happen.


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_such_a_form_is_shown_to_nobody_whose_session_ended_or_has_to_be_checked(strict, provider, how):
    INTERRUPTIONS[how](strict)

    page = send(strict, NEW, typed())

    assert page.status_code == 403 and "instance_name_prefix" not in text(page)


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_another_person_in_that_browser_never_sees_it(alice_here, provider, how):
    fields = typed(description="a secret plan of alice")
    INTERRUPTIONS[how](alice_here)
    send(alice_here, NEW, fields)
    provider.person |= MALLORY
    visit(alice_here, provider)

    page = alice_here.get(NEW)

    assert page.status_code == 200 and "a secret plan" not in text(page) and KEPT not in text(page)


def test_signing_out_takes_it_along(alice_here, provider):
    fields = typed(description="a secret plan of alice")
    grow_old(alice_here)
    send(alice_here, NEW, fields)

    alice_here.post("/sso/logout/")

    assert not alice_here.cookies[COOKIE].value


def test_another_page_and_another_team_never_show_it(alice_here, provider, payments):
    provider.person["groups"] = ["sample-web", "sample-payments"]
    visit(alice_here, provider)
    grow_old(alice_here)
    send(alice_here, NEW, typed(description="for web alone"))

    page = there_and_back(alice_here, provider, alice_here.get("/teams/payments/codes/new/"))

    assert page.status_code == 200 and "for web alone" not in text(page)


FORGED = {
    "nothing": lambda good: "",
    "cut": lambda good: good[:-1],
    "changed": lambda good: "A" + good[1:],
    "of another salt": lambda good: signing.dumps({"path": NEW, "person": 1, "fields": {}}, salt="another"),
    "of another shape": lambda good: signing.dumps([1], salt=kept.SALT),
    "junk": lambda good: "\x01é" * 100,
}


@pytest.mark.parametrize("forge", FORGED)
def test_a_forged_cookie_fills_nothing(alice_here, provider, forge):
    grow_old(alice_here)
    sent = send(alice_here, NEW, typed())
    alice_here.cookies[COOKIE] = FORGED[forge](alice_here.cookies[COOKIE].value)

    page = there_and_back(alice_here, provider, sent)

    assert page.status_code == 200 and KEPT not in text(page)


def test_a_cookie_of_twenty_minutes_ago_fills_nothing(alice_here, provider, monkeypatch):
    grow_old(alice_here)
    sent = send(alice_here, NEW, typed())
    monkeypatch.setattr(kept, "SECONDS", -1)

    assert KEPT not in text(there_and_back(alice_here, provider, sent))


def test_junk_beside_the_fields_breaks_nothing_and_costs_nobody_their_words(alice_here, provider, cloud):
    fields = typed()
    junk = {f"junk-{number}": "".join(chr(0x4E00 + 31 * number + n) for n in range(200)) for number in range(20)}
    grow_old(alice_here)

    sent = send(alice_here, NEW, fields | junk)

    assert len(sent.cookies.output()) < 8000
    assert is_filled_with(there_and_back(alice_here, provider, sent), fields)


def test_words_that_no_cookie_holds_are_lost_alone(alice_here, provider):
    fields = typed(description="".join(chr(0x4E00 + 7 * number) for number in range(2500)))
    grow_old(alice_here)

    sent = send(alice_here, NEW, fields)

    assert len(sent.cookies[COOKIE].OutputString()) < 4096
    assert is_filled_with(there_and_back(alice_here, provider, sent), fields | {"description": ""})


def test_a_value_is_never_in_the_cookie(alice_here, provider, cloud):
    value = value_in(send(alice_here, NEW, typed(register_limit="3", validity="hours")))
    grow_old(alice_here)
    sent = send(alice_here, NEW, typed())

    content = signing.loads(sent.cookies[COOKIE].value, salt=kept.SALT)
    assert value and value not in str(content)
    assert set(content["fields"]) == set(typed())


def test_the_cookie_is_signed_short_lived_and_out_of_a_script_s_reach(alice_here, provider):
    grow_old(alice_here)
    cookie = send(alice_here, NEW, typed()).cookies[COOKIE]

    assert cookie["httponly"] and cookie["samesite"] == "Lax" and 0 < cookie["max-age"] <= 900


def test_a_stranger_s_press_is_kept_for_nobody(client, provider, web):
    sent = send(client, NEW, {"description": "x", "submission": "forged"})

    assert asks_to_sign_in(sent) and COOKIE not in sent.cookies
    assert not Client().get(NEW).cookies
