"""What somebody typed outlives a re-check or an ended session: shown once, to them, on that page; nothing is sent."""

import pytest
from django.contrib.auth import get_user_model
from interruptions import COOKIE, ENDINGS, INTERRUPTIONS, KEPT, NEW, grow_old, is_filled_with, nothing_happened, typed
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import heading, send, text, value_in
from rechecking import asks_again, asks_to_sign_in, events, is_honest_again, moves_to, says_no, there_and_back
from records import a_code

from registercodes.models import RegisterCode

pytestmark = pytest.mark.django_db
User = get_user_model()
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
