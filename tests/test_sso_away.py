"""A provider that is down: reading goes on with a banner, closing for an hour; nothing is created, and no page hangs."""

import threading
import time

import hostile_provider
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from hostile_provider import Provider
from misbehaving import answer, instead
from provider_visitor import is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from provider_wire import DISCOVERY, Answer
from reading_pages import heading, send, text, typed_in
from rechecking import FETCH, age, asks_again, come_back, events, is_honest_again, says_no, there_and_back
from records import a_code
from threads import at_once

from portal.sso import provider as portal_side
from portal.sso.models import LiveSession
from registercodes import submissions
from registercodes.models import RegisterCode, Team

pytestmark = pytest.mark.django_db
User = get_user_model()
NEW = "/teams/web/codes/new/"
OLD = 301
BANNER = "Your company’s sign-in does not answer</strong>"


def break_down(provider, settings) -> None:
    provider.misbehave(**answer("discovery", status=500))


def say_html(provider, settings) -> None:
    provider.misbehave(**instead("discovery_answer", Answer(b"<html>maintenance</html>", content_type="text/html")))


def hang(provider, settings) -> None:
    settings.OIDC_DEADLINE = 0.3
    provider.misbehave(**answer("discovery", silent=True))


DOWN = {"500": break_down, "html": say_html, "hangs": hang}


def come_up_again(provider) -> None:
    provider.misbehave(discovery_answer=lambda plan, _: plan)


def wait_until_asked_again() -> None:
    """As if AWAY_SECONDS had passed."""
    portal_side._remembered().away_until = 0.0


def asked(provider: Provider) -> int:
    return provider.requests.count(DISCOVERY)


@pytest.fixture
def here(client, provider) -> Client:
    """Alice, who was last checked five minutes ago."""
    visit(client, provider)
    age(client, checked=OLD)
    provider.requests.clear()
    return client


@pytest.fixture(params=DOWN)
def away(request, here, provider, settings) -> Client:
    DOWN[request.param](provider, settings)
    return here


@pytest.fixture
def broken(here, provider, settings) -> Client:
    break_down(provider, settings)
    return here


def typed(**changes: str) -> dict[str, str]:
    token = submissions.new_token(person=User.objects.get(), team=Team.objects.get())
    fields = {"region": "ap-singapore", "description": "webserver", "register_limit": "10", "effective_time": "4"}
    return fields | {"validity": "hours", "submission": token} | changes


# However it is down.


def test_reading_goes_on_with_a_banner(away, web):
    code = a_code(team=web, person=User.objects.get())

    for path in ("/", f"/codes/{code.reference}/", NEW):
        page = away.get(path)
        assert page.status_code == 200 and BANNER in text(page)


def test_a_press_that_would_create_is_503_and_keeps_what_was_typed(away, cloud):
    page = send(away, NEW, typed(description="‘quotes’ & <b>"))

    assert page.status_code == 503 and typed_in(page, "description") == "‘quotes’ & <b>"
    assert "Nothing was sent and nothing was created." in text(page)
    assert not cloud.calls() and not RegisterCode.objects.exists() and not events("code.requested")


def test_signing_in_is_a_503_that_says_so(away, provider):
    page = start(Client())

    assert page.status_code == 503 and heading(page) == "Your company’s sign-in does not answer"
    assert page["Retry-After"]


def test_the_next_look_after_it_came_back_checks_again(away, provider):
    assert away.get("/").status_code == 200
    come_up_again(provider)
    wait_until_asked_again()

    sent = away.get("/")

    assert asks_again(sent)
    page = there_and_back(away, provider, sent)
    assert page.status_code == 200 and BANNER not in text(page)


def test_a_provider_whose_machine_is_gone_is_away_like_any_other(client, provider, settings):
    with hostile_provider.running() as gone:
        settings.OIDC_ISSUER = gone.issuer
        visit(client, gone)
        age(client, checked=OLD)
    page = client.get("/")

    assert page.status_code == 200 and BANNER in text(page)
    assert start(Client()).status_code == 503


# What may go on.


def test_no_page_offers_a_new_code(broken, web):
    code = a_code(team=web, person=User.objects.get())

    for path in ("/", f"/codes/{code.reference}/"):
        assert "/codes/new/" not in text(broken.get(path))


def test_an_empty_list_offers_none_either(broken):
    assert "/codes/new/" not in text(broken.get("/"))


def test_a_code_may_be_disabled_for_an_hour_after_the_last_good_check(broken, web, cloud):
    code = a_code(team=web, person=User.objects.get())
    age(broken, checked=3600 - OLD - 30)

    assert broken.post(f"/codes/{code.reference}/disable/").status_code == 302
    assert events("code.disable_requested") == ["code.disable_requested"]


def test_and_not_longer(broken, web, cloud):
    code = a_code(team=web, person=User.objects.get())
    age(broken, checked=3600)

    page = broken.post(f"/codes/{code.reference}/disable/")

    assert page.status_code == 503 and "nothing changed" in text(page)
    assert not cloud.calls() and events("code.disable_requested") == []


def test_a_clock_that_went_back_disables_nothing(broken, web, cloud):
    code = a_code(team=web, person=User.objects.get())
    age(broken, checked=-3600)

    assert broken.post(f"/codes/{code.reference}/disable/").status_code == 503


def test_confirming_is_not_reading(broken, web):
    code = a_code(team=web, person=User.objects.get())

    assert broken.post(f"/codes/{code.reference}/stored/").status_code == 503
    assert RegisterCode.objects.get().confirmed_at is None


def test_the_plan_is_still_worked_out_for_the_form(broken):
    assert broken.post("/teams/web/codes/plan/", typed(), headers=FETCH).status_code == 200


def test_a_session_that_is_recent_enough_notices_nothing(broken, provider, cloud):
    age(broken, checked=100 - OLD)

    assert BANNER not in text(broken.get("/"))
    assert send(broken, NEW, typed()).status_code == 200


# How often it is asked.


def test_away_is_asked_once_in_ten_seconds(broken, provider):
    for _ in range(5):
        broken.get("/")
    assert asked(provider) == 1

    wait_until_asked_again()
    broken.get("/")
    assert asked(provider) == 2


def test_up_is_asked_each_time_a_browser_is_sent_there(here, provider):
    for _ in range(3):
        assert asks_again(here.get("/"))
    assert asked(provider) == 3


def test_people_signing_in_ask_it_anew_each_time(broken, provider):
    """Up again is up again for whoever waits at the door."""
    broken.get("/")
    come_up_again(provider)

    assert visit(Client(), provider).status_code == 302


# A provider that dies between the question and the answer.


@pytest.mark.parametrize("stage", ["tokens", "userinfo", "keys"])
def test_dying_in_between_leads_back_to_the_page_and_reading_goes_on(here, provider, stage):
    sent = here.get("/?team=web")
    portal_side.forget()
    provider.misbehave(**answer(stage, status=500))

    page = there_and_back(here, provider, sent)

    assert page.status_code == 200 and BANNER in text(page)
    assert page.request["QUERY_STRING"] == "team=web"
    assert events("user.signed_out", "user.denied") == []


def test_an_answer_that_it_is_busy_is_no_verdict_on_the_person(here, provider):
    says_no(provider, "temporarily_unavailable")

    page = there_and_back(here, provider, here.get("/"))

    assert page.status_code == 200 and BANNER in text(page) and is_signed_in(here)


def test_a_press_that_met_it_dying_comes_back_to_the_filled_form(here, provider, cloud):
    sent = send(here, NEW, typed(description="kept"))
    provider.misbehave(**answer("tokens", status=500))

    page = there_and_back(here, provider, sent)

    assert page.status_code == 200 and BANNER in text(page) and typed_in(page, "description") == "kept"
    assert send(here, NEW, typed()).status_code == 503
    assert not cloud.calls()


def test_dying_after_it_said_that_nobody_is_signed_in_ends_the_session_with_a_503(here, provider):
    sent = here.get("/")
    says_no(provider, "login_required")
    break_down(provider, None)

    page = come_back(here, provider, sent)

    assert page.status_code == 503 and not LiveSession.objects.exists()
    come_up_again(provider)
    is_honest_again(provider)
    assert visit(here, provider).status_code == 302 and here.get("/").status_code == 200


# Many at once.


def browsers_of(client: Client, count: int) -> list[Client]:
    """Tabs of one session, each for a thread of its own."""
    tabs = [Client() for _ in range(count)]
    for tab in tabs:
        tab.cookies.load({name: morsel.value for name, morsel in client.cookies.items()})
    return tabs


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_stalls_holds_some_of_many_and_no_other_page(here, provider, settings):
    settings.OIDC_DEADLINE = 1.5
    provider.misbehave(**answer("discovery", silent=True))
    tabs, took = browsers_of(here, 20), [0.0] * 20
    health: list[tuple[int, float]] = []

    def look(number: int) -> int:
        began = time.monotonic()
        status = tabs[number].get("/").status_code
        took[number] = time.monotonic() - began
        return status

    def look_after_health() -> None:
        for _ in range(5):
            began = time.monotonic()
            health.append((Client().get("/healthz").status_code, time.monotonic() - began))
            time.sleep(0.2)

    watch = threading.Thread(target=look_after_health)
    watch.start()
    assert at_once(20, look) == [200] * 20
    watch.join()

    assert {status for status, _ in health} == {200} and max(seconds for _, seconds in health) < 1
    assert sorted(took)[13] < 1.5 and max(took) < 4  # fourteen found every place taken, six waited with the one look
    assert asked(provider) == 1


@pytest.mark.django_db(transaction=True)
def test_strangers_at_the_door_of_a_provider_that_stalls_share_one_look(provider, settings):
    settings.OIDC_DEADLINE = 1.0
    provider.misbehave(**answer("discovery", silent=True))
    began = time.monotonic()

    assert at_once(12, lambda _: start(Client()).status_code) == [503] * 12
    assert time.monotonic() - began < 4
    assert asked(provider) <= 2


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_all_sent_to_a_provider_that_is_up(here, provider):
    tabs = browsers_of(here, 6)

    assert all(asks_again(sent) for sent in at_once(6, lambda number: tabs[number].get("/")))
