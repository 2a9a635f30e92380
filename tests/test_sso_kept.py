"""What somebody typed outlives a re-check or an ended session: shown once, to them, on that page; nothing is sent."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core import signing
from django.test import Client
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import chosen_in, heading, picked_in, send, text, typed_in, value_in
from rechecking import age, asks_again, asks_to_sign_in, events, is_honest_again, moves_to, says_no, there_and_back
from records import a_code

from portal.sso import kept
from registercodes import submissions
from registercodes.models import RegisterCode, Team

pytestmark = pytest.mark.django_db
User = get_user_model()
NEW = "/teams/web/codes/new/"
OLD = 301
COOKIE = "portal-typed"
MALLORY = {"sub": "subject-of-mallory", "preferred_username": "mallory", "name": "Mallory"}
KEPT = "Nothing was sent yet: look it over, then press again."
WORDS = {
    "plain": "webserver",
    "emoji": "🚀" * 128,
    "128 of CJK": "".join(chr(0x4E00 + 97 * number) for number in range(128)),
    "128 emoji, each another": "".join(chr(0x1F300 + number) for number in range(128)),
    "quotes": "\"it's\" `so` &amp; \\ ",
    "markup": "</textarea><script>alert(1)</script>{{ 7 }}{% load %}",
    "too long": "x" * 300,
    "nothing": "",
}  # fmt: skip


@pytest.fixture
def alice_here(client, provider):
    visit(client, provider)
    return client


def typed(**changes: str) -> dict[str, str]:
    token = submissions.new_token(person=User.objects.get(username="alice"), team=Team.objects.get(key="web"))
    fields = {
        "region": "ap-seoul",
        "description": "webserver",
        "instance_name_prefix": "wéb",
        "register_limit": "12x",
        "validity": "permanent",
        "effective_time": "7",
        "ip_address_range": "203.0.113.7/24",
        "submission": token,
    }
    return fields | changes


def is_filled_with(page, fields: dict[str, str]) -> bool:
    held = {name: typed_in(page, name) for name in fields if name not in {"region", "validity"}}
    chosen = {"region": chosen_in(page, "region"), "validity": picked_in(page, "validity")}
    assert held | chosen == fields
    return KEPT in text(page)


def nothing_happened(cloud) -> bool:
    return not cloud.calls() and not RegisterCode.objects.exists() and not events("code.requested", "code.denied")


def end_by_idleness(client) -> None:
    age(client, seen=1801)


def end_by_age(client) -> None:
    age(client, started=36_001)


def end_by_deletion(client) -> None:
    Session.objects.all().delete()


def grow_old(client) -> None:
    age(client, checked=OLD)


ENDINGS = {"idle": end_by_idleness, "too old": end_by_age, "deleted": end_by_deletion}
INTERRUPTIONS = ENDINGS | {"to be checked": grow_old}


@pytest.mark.parametrize("words", WORDS)
def test_a_press_that_came_too_late_fills_the_form_again_after_the_check(alice_here, provider, cloud, words):
    fields = typed(description=WORDS[words])
    grow_old(alice_here)

    sent = send(alice_here, NEW, fields)

    assert sent.status_code == 200 and asks_again(sent)
    assert heading(sent) == "One moment" and "Nothing was sent yet." in text(sent)
    assert is_filled_with(there_and_back(alice_here, provider, sent), fields)
    assert nothing_happened(cloud)


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_whatever_came_between_the_same_person_finds_what_they_typed_and_sends_it(alice_here, provider, cloud, how):
    fields = typed(register_limit="12")
    INTERRUPTIONS[how](alice_here)

    page = there_and_back(alice_here, provider, send(alice_here, NEW, fields))

    assert is_filled_with(page, fields) and nothing_happened(cloud)
    assert value_in(send(alice_here, NEW, fields | {"validity": "hours"}))
    assert len(cloud.calls()) == 1


@pytest.mark.parametrize("how", ENDINGS)
def test_after_a_session_that_ended_a_page_of_ours_leads_to_the_sign_in(alice_here, provider, how):
    ENDINGS[how](alice_here)

    sent = send(alice_here, NEW, typed())

    assert sent.status_code == 200 and asks_to_sign_in(sent)
    assert moves_to(sent) == f"/sso/login/?next={NEW}"


def test_a_provider_that_has_to_ask_them_first_changes_nothing_of_it(alice_here, provider, cloud):
    fields = typed()
    grow_old(alice_here)
    sent = send(alice_here, NEW, fields)
    says_no(provider, "login_required")
    asked = alice_here.get(provider.decide(moves_to(sent)).removeprefix("http://testserver"))
    is_honest_again(provider)

    assert is_filled_with(there_and_back(alice_here, provider, asked), fields)


def test_the_plan_without_scripts_leads_back_to_the_form(alice_here, provider, cloud):
    fields = typed()
    grow_old(alice_here)

    page = there_and_back(alice_here, provider, send(alice_here, "/teams/web/codes/plan/", fields))

    assert page.request["PATH_INFO"] == NEW and is_filled_with(page, fields)


def test_it_is_shown_once(alice_here, provider):
    grow_old(alice_here)
    there_and_back(alice_here, provider, send(alice_here, NEW, typed()))

    assert alice_here.cookies[COOKIE].value == ""
    assert KEPT not in text(alice_here.get(NEW))


def test_it_is_not_lost_to_a_page_that_could_not_be_shown(alice_here, provider, web):
    fields = typed()
    grow_old(alice_here)
    sent = send(alice_here, NEW, fields)
    web.active = False
    web.save()
    assert there_and_back(alice_here, provider, sent).status_code == 403
    web.active = True
    web.save()

    assert is_filled_with(alice_here.get(NEW), fields)


def test_a_stale_disable_comes_back_to_the_page_that_asks_again(alice_here, provider, web, cloud):
    code = a_code(team=web, person=User.objects.get())
    grow_old(alice_here)

    page = there_and_back(alice_here, provider, alice_here.post(f"/codes/{code.reference}/disable/"))

    assert (page.status_code, heading(page)) == (200, "Disable this code?")
    assert not cloud.calls() and RegisterCode.objects.get().disable_wanted_at is None
    assert events("code.disable_requested", "code.disabled") == []


def test_a_stale_confirmation_comes_back_to_the_card_unconfirmed(alice_here, provider, web):
    code = a_code(team=web, person=User.objects.get())
    grow_old(alice_here)

    page = there_and_back(alice_here, provider, alice_here.post(f"/codes/{code.reference}/stored/"))

    assert page.request["PATH_INFO"] == f"/codes/{code.reference}/"
    assert RegisterCode.objects.get().confirmed_at is None


def test_a_button_without_fields_takes_nobody_s_words_away(alice_here, provider, web):
    fields, code = typed(), a_code(team=web, person=User.objects.get())
    grow_old(alice_here)
    send(alice_here, NEW, fields)
    alice_here.post(f"/codes/{code.reference}/disable/")

    assert is_filled_with(there_and_back(alice_here, provider, alice_here.get(NEW)), fields)


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
