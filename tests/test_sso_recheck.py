"""Is it still true? A session older than OIDC_RECHECK_SECONDS asks the provider silently, and its answer bites."""

import log_reading
import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from provider_visitor import is_signed_in, loopback_provider, provider, visit  # noqa: F401
from rechecking import (
    FETCH,
    age,
    asked_of,
    asks_again,
    checked_ago,
    come_back,
    events,
    says_no,
    there_and_back,
)

from portal.sso.models import LiveSession
from registercodes.models import Membership

pytestmark = pytest.mark.django_db
User = get_user_model()
NEW = "/teams/web/codes/new/"
OLD = 301  # seconds, one more than OIDC_RECHECK_SECONDS
MALLORY = {"sub": "subject-of-mallory", "preferred_username": "mallory", "name": "Mallory"}


@pytest.fixture
def signed_in(client, provider) -> Client:
    visit(client, provider)
    return client


@pytest.fixture
def stale(signed_in) -> Client:
    age(signed_in, checked=OLD)
    return signed_in


def teams() -> list[str]:
    return sorted(Membership.objects.values_list("team__key", flat=True))


# When it asks, and what.


def test_an_old_session_is_asked_about_silently_by_name_and_with_proofs_of_its_own(stale, provider):
    sent = stale.get("/?team=web")
    asked = asked_of(sent)

    assert sent.status_code == 302 and asks_again(sent)
    assert asked["id_token_hint"] in provider.issued and "login_hint" not in asked
    assert asked["code_challenge_method"] == "S256" and asked["code_challenge"]
    assert len(asked["state"]) >= 22 and len(asked["nonce"]) >= 22


def test_it_comes_back_to_the_same_address_with_its_query(stale, provider):
    back = come_back(stale, provider, stale.get("/?team=web&before=9"))

    assert (back.status_code, back["Location"]) == (302, "/?team=web&before=9")
    assert stale.get("/?team=web").status_code == 200
    assert checked_ago(stale) < 10


def test_a_session_that_was_just_checked_asks_nobody(signed_in, provider):
    provider.requests.clear()
    age(signed_in, checked=290)

    assert signed_in.get("/").status_code == 200
    assert provider.requests == []


def test_a_form_asks_at_half_of_the_time_and_other_pages_do_not(signed_in, provider):
    age(signed_in, checked=151)

    assert signed_in.get("/").status_code == 200
    assert asks_again(signed_in.get(NEW))


def test_a_form_within_half_of_the_time_is_shown_and_can_be_sent_until_the_whole(signed_in, provider):
    age(signed_in, checked=140)
    assert signed_in.get(NEW).status_code == 200
    age(signed_in, checked=150)

    assert signed_in.post(NEW, {}).status_code == 422


@pytest.mark.parametrize(("method", "path"), [("post", "/teams/web/codes/plan/"), ("get", "/"), ("post", NEW)])
def test_a_script_gets_a_401_and_nothing_else(stale, provider, method, path):
    provider.requests.clear()

    answer = getattr(stale, method)(path, headers=FETCH)

    assert (answer.status_code, answer.content) == (401, b"")
    assert not answer.cookies
    assert "/token" not in provider.requests


def test_a_script_without_a_session_gets_a_401_too(client, provider):
    answer = client.post("/teams/web/codes/plan/", {}, headers=FETCH)

    assert (answer.status_code, answer.content) == (401, b"")


def test_a_clock_that_went_back_makes_a_session_old(signed_in, provider):
    age(signed_in, checked=-3600)

    assert asks_again(signed_in.get("/"))


def test_an_id_token_too_long_for_an_address_is_replaced_by_a_name(client, provider):
    provider.person["groups"] = [*(f"group-{number:04}" for number in range(900)), "sample-web"]
    visit(client, provider)
    age(client, checked=OLD)

    sent = client.get("/")

    assert asked_of(sent)["login_hint"] == "alice" and "id_token_hint" not in asked_of(sent)
    assert len(sent["Location"]) < 2000
    assert there_and_back(client, provider, sent).status_code == 200


# Two tabs.


def test_two_re_checks_at_once_both_come_back_to_their_pages(stale, provider):
    first, second = stale.get("/?team=web"), stale.get(NEW)

    assert come_back(stale, provider, second)["Location"] == NEW
    assert come_back(stale, provider, first)["Location"] == "/?team=web"
    assert LiveSession.objects.count() == Session.objects.count() == 1


def test_a_re_check_that_comes_back_to_another_person_s_session_does_nothing(stale, provider):
    sent = stale.get("/?team=web")
    provider.person = dict(provider.person) | MALLORY | {"groups": ["sample-web"]}
    visit(stale, provider)
    facts, before = dict(stale.session["sso"]), events()
    provider.requests.clear()

    back = come_back(stale, provider, sent)

    assert (back.status_code, back["Location"]) == (302, "/?team=web")
    assert dict(stale.session["sso"]) == facts and events() == before
    assert "/token" not in provider.requests


def test_a_re_check_that_comes_back_after_a_sign_out_signs_nobody_in(stale, provider):
    sent = stale.get("/")
    stale.post("/sso/logout/")

    assert come_back(stale, provider, sent)["Location"] == "/"
    assert not is_signed_in(stale) and not Session.objects.exists()


# What must not happen.


def test_a_re_check_keeps_the_session_s_id_and_leaves_no_row_behind(stale, provider):
    key = stale.session.session_key

    there_and_back(stale, provider, stale.get("/"))

    assert stale.session.session_key == key
    assert list(LiveSession.objects.values_list("key", flat=True)) == [key]
    assert list(Session.objects.values_list("session_key", flat=True)) == [key]
    assert events("user.signed_in") == ["user.signed_in"]


@pytest.mark.parametrize(
    "query", ["q=" + "x" * 1500, "q=%0d%0aX:%20y", "q=//evil.example", "next=https://evil.example/"]
)
def test_no_address_however_odd_leads_off_this_site_or_to_an_error(stale, provider, query):
    back = come_back(stale, provider, stale.get(f"/?{query}"))

    assert back.status_code == 302 and back["Location"].startswith("/") and not back["Location"].startswith("//")


def test_an_address_too_long_to_remember_comes_home_even_after_a_sign_out(stale, provider):
    sent = stale.get("/?q=" + "x" * 1500)
    stale.post("/sso/logout/")

    assert come_back(stale, provider, sent)["Location"] == "/"


def test_nothing_is_done_before_the_answer(stale, provider, cloud):
    stale.post(NEW, {"region": "ap-singapore"})

    assert cloud.calls() == [] and events() == ["user.teams_changed", "user.signed_in"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_token_is_in_a_log_line_at_any_level(stale, provider, caplog, method):
    log_reading.everything(caplog)

    there_and_back(stale, provider, getattr(stale, method)(NEW))

    assert log_reading.lines(caplog) and log_reading.leaked(caplog, provider.issued) == []


def test_a_link_to_a_re_check_of_somebody_else_s_ends_no_session(signed_in, provider):
    other = Client()
    visit(other, provider)
    age(other, checked=OLD)
    sent = other.get("/")
    says_no(provider, "access_denied")

    assert come_back(signed_in, provider, sent).status_code == 400
    assert is_signed_in(signed_in)


@pytest.mark.parametrize("path", ["/find/", "/find/report/"])
def test_the_form_for_a_pasted_value_is_checked_early_since_what_is_pasted_is_kept_nowhere(signed_in, provider, path):
    age(signed_in, checked=OLD // 2 + 1)
    page = there_and_back(signed_in, provider, signed_in.get(path))
    assert page.status_code == 200 and checked_ago(signed_in) < 5

    age(signed_in, checked=OLD - 10)  # a coffee break later
    assert signed_in.post(path, {"leaked": "nobody's"}).status_code == 200
