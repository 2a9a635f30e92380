"""Sessions: begun under a new id, bounded in time, written seldom, and ended for a person all at once."""

import secrets
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from provider_visitor import decided, is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import send, text, value_in
from rechecking import FETCH, age, asks_again, come_back, events
from test_database_away import AwayAfter, Unwritable

from portal.sso import sessions
from portal.sso.models import LiveSession
from registercodes import submissions
from registercodes.models import AuditEvent, Membership, RegisterCode

pytestmark = pytest.mark.django_db
User = get_user_model()
NEW = "/teams/web/codes/new/"
COOKIE = "portal-session"
MALLORY = {"sub": "subject-of-mallory", "preferred_username": "mallory", "name": "Mallory", "groups": []}
WRITES = ("INSERT", "UPDATE", "DELETE")


@pytest.fixture
def here(client, provider) -> Client:
    visit(client, provider)
    return client


def keys() -> set[str]:
    return set(Session.objects.values_list("session_key", flat=True))


def live_keys() -> set[str]:
    return set(LiveSession.objects.values_list("key", flat=True))


def writes_of(captured: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in captured if query["sql"].startswith(WRITES)]


# Begin.


@pytest.mark.parametrize("again", ["the same person", "another person"])
def test_a_sign_in_begins_under_a_new_id_and_leaves_nothing_of_the_old(here, provider, again):
    old = here.cookies[COOKIE].value
    provider.person |= {} if again == "the same person" else MALLORY

    visit(here, provider)

    assert here.cookies[COOKIE].value != old
    assert keys() == live_keys() == {here.cookies[COOKIE].value}
    assert LiveSession.objects.get().user.username == provider.person["preferred_username"]


def test_each_browser_of_a_person_has_a_row_of_its_own(here, provider):
    visit(Client(), provider)

    assert keys() == live_keys() and len(keys()) == 2
    assert LiveSession.objects.values("user").distinct().count() == 1


def test_signing_out_takes_the_row_of_this_browser_alone(here, provider):
    other = Client()
    visit(other, provider)

    here.post("/sso/logout/")

    assert keys() == live_keys() == {other.cookies[COOKIE].value}
    assert is_signed_in(other)


def test_two_tabs_at_once_both_end_signed_in(client, provider):
    first, second = start(client, next="/?team=web"), start(client, next=NEW)

    assert client.get(decided(provider, first))["Location"] == "/?team=web"
    assert client.get(decided(provider, second))["Location"] == NEW
    assert is_signed_in(client) and len(keys()) == len(live_keys()) == 1


def test_anonymous_attempts_leave_no_row_and_three_cookies_at_most(client, provider):
    for number in range(9):
        start(client, next=f"/?q={number}")

    kept = [morsel for name, morsel in client.cookies.items() if name.startswith("portal-login-") and morsel.value]
    assert len(kept) == 3 and not keys() and not live_keys()


def test_rows_of_sessions_long_over_go_at_the_next_sign_in(here, provider):
    LiveSession.objects.update(started_at=timezone.now() - timedelta(seconds=36_001))
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    other = Client()

    visit(other, provider)

    assert keys() == live_keys() == {other.cookies[COOKIE].value}


# End.


@pytest.mark.parametrize(("how", "over"), [("seen", 1801), ("started", 36_001)])
def test_a_session_is_over_after_idleness_and_after_its_whole_time(here, how, over):
    age(here, **{how: over - 30})
    assert here.get("/").status_code == 200
    age(here, **{how: over})

    assert not is_signed_in(here)
    assert not keys() and not live_keys()


def test_the_limits_are_the_settings(here, settings):
    settings.SESSION_IDLE_SECONDS = 120
    age(here, seen=121)

    assert not is_signed_in(here)


def test_a_script_of_a_session_that_is_over_gets_a_401(here):
    age(here, seen=1801)

    answer = here.post("/teams/web/codes/plan/", {}, headers=FETCH)
    assert (answer.status_code, answer.content) == (401, b"")


def test_using_a_session_keeps_it_from_being_idle_and_not_from_being_old(here):
    for _ in range(3):
        age(here, seen=1700, started=13_000)
        here.get("/")

    assert not is_signed_in(here)


def test_all_sessions_of_a_person_end_at_the_next_request_of_each_browser(here, provider):
    other, stranger = Client(), Client()
    visit(other, provider)
    provider.person |= MALLORY
    visit(stranger, provider)

    assert sessions.end_all(User.objects.get(username="alice")) == 2

    assert not is_signed_in(here) and not is_signed_in(other) and is_signed_in(stranger)
    assert live_keys() == keys() == {stranger.cookies[COOKIE].value}


def test_somebody_deactivated_is_out_at_the_next_request_and_cannot_come_back(here, provider):
    User.objects.update(is_active=False)

    assert not is_signed_in(here)
    page = visit(here, provider)
    assert page.status_code == 403 and "deactivated in this portal" in text(page)
    assert not is_signed_in(here) and not keys() and not live_keys()
    assert AuditEvent.objects.get(action="user.denied").detail["reason"] == "deactivated"


@pytest.mark.parametrize("facts", [None, [], "x", {"kind": "sso"}, {"id_token": "x"}], ids=str)
def test_a_session_without_its_facts_is_ended(here, facts):
    session = here.session
    session["sso"] = facts
    session.save()

    assert not is_signed_in(here) and not keys()


def test_a_session_of_a_sample_person_is_none_under_single_sign_on(here):
    session = here.session
    session["sso"] |= {"kind": "sample"}
    session.save()

    assert not is_signed_in(here) and not keys() and not live_keys()


# Written seldom.


def test_a_session_in_use_is_written_once_a_minute_at_most(here):
    with CaptureQueriesContext(connection) as captured:
        for _ in range(5):
            here.get("/")
    assert writes_of(captured) == []

    age(here, seen=61)
    with CaptureQueriesContext(connection) as captured:
        for _ in range(5):
            here.get("/")
    assert len(writes_of(captured)) == 1 and "django_session" in writes_of(captured)[0]


def test_a_busy_database_costs_no_page_for_the_sake_of_that_write(here):
    age(here, seen=61)

    with connection.execute_wrapper(Unwritable()):
        assert here.get("/").status_code == 200


def test_a_value_is_shown_although_the_database_is_gone_and_the_session_was_to_be_written(here, web, cloud):
    token = submissions.new_token(person=User.objects.get(), team=web)
    age(here, seen=61)

    with connection.execute_wrapper(AwayAfter(events=2)):
        page = send(here, NEW, {"region": "ap-singapore", "submission": token})

    assert page.status_code == 200 and cloud.is_value(RegisterCode.objects.get().code_id, value_in(page))


class NoSuchSession:
    """As if the session's row had been deleted just before it is written."""

    def __call__(self, execute, sql, params, many, context):
        return execute(sql + " AND 1 = 0" * sql.startswith('UPDATE "django_session"'), params, many, context)


def test_a_session_that_is_ended_while_it_is_checked_is_not_renewed(here, provider):
    age(here, checked=301)
    sent, before = here.get("/?team=web"), events()
    provider.person["groups"] = []

    with connection.execute_wrapper(NoSuchSession()):
        back = come_back(here, provider, sent)

    assert (back.status_code, back["Location"]) == (302, "/?team=web")
    assert asks_again(here.get("/")) and events() == before and Membership.objects.exists()


def test_what_a_break_glass_session_may_not_is_refused_and_on_record(here, web, cloud):
    session = here.session
    session["sso"] |= {"kind": "break_glass"}
    session.save()

    for answer in (here.get(NEW), here.post(NEW, {})):
        assert answer.status_code == 403
    assert here.get("/").status_code == 200
    assert not cloud.calls()
    assert AuditEvent.objects.get(action="user.denied").detail["reason"] == "break_glass"


def test_all_cookies_at_their_longest_are_less_than_gunicorn_takes_of_a_header(here, provider):
    for _ in range(9):
        start(here, next="/?q=" + secrets.token_hex(245))
    age(here, checked=400)
    send(here, "/teams/web/codes/new/", {"description": secrets.token_hex(1200), "submission": secrets.token_hex(100)})

    named = [f"{name}={morsel.value}" for name, morsel in here.cookies.items() if morsel.value]
    assert any(name.startswith("portal-typed") for name in named)
    assert len("; ".join(named)) < 8190


@pytest.mark.parametrize("checked", [301, 36_001])
def test_an_address_that_does_not_exist_tells_an_old_session_nothing(here, web, checked):
    assert "Alice Anders" in text(here.get("/nowhere/"))
    age(here, checked=checked, started=checked)

    page = here.get("/nowhere/")

    assert page.status_code == 404
    assert "Alice Anders" not in text(page) and "Sign out" not in text(page) and "New code" not in text(page)
