"""How often a provider is looked at, by how many at once, and what becomes of one that dies in between."""

import contextlib
import threading
import time

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from misbehaving import answer, padded
from provider_down import (  # noqa: F401
    BANNER,
    DOWN,
    NEW,
    OLD,
    asked,
    break_down,
    broken,
    come_up_again,
    here,
    typed,
    wait_until_asked_again,
)
from provider_visitor import is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import send, text, typed_in
from rechecking import age, asks_again, come_back, events, is_honest_again, says_no, there_and_back
from records import a_code
from threads import at_once

from portal.sso import exchange
from portal.sso import provider as portal_side
from portal.sso.models import LiveSession

pytestmark = pytest.mark.django_db
User = get_user_model()


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


@pytest.mark.parametrize("stage", ["tokens", "userinfo"])
def test_dying_in_between_leads_back_to_the_page_and_reading_goes_on(here, provider, stage):
    sent = here.get("/?team=web")
    provider.misbehave(**answer(stage, status=500), **answer("discovery", status=500))

    page = there_and_back(here, provider, sent)

    assert page.status_code == 200 and BANNER in text(page)
    assert page.request["QUERY_STRING"] == "team=web"
    assert events("user.signed_out", "user.denied") == []


@pytest.mark.parametrize("stage", ["tokens", "userinfo", "keys"])
def test_a_provider_that_stumbles_over_one_code_is_not_away_for_anybody(here, provider, stage):
    """The browser chooses the code it comes back with."""
    sent = here.get("/?team=web")
    portal_side.forget()
    provider.misbehave(**answer(stage, status=500))

    page = there_and_back(here, provider, sent)

    assert page.status_code == 503 and BANNER not in text(page)
    assert asks_again(here.get("/")) and portal_side.is_up()


@pytest.mark.parametrize("word", ["temporarily_unavailable", "server_error"])
def test_a_browser_that_says_the_provider_is_busy_reads_nothing_and_is_asked_again(here, provider, word):
    """The address of the answer is typed as easily as any other."""
    says_no(provider, word)

    page = there_and_back(here, provider, here.get("/"))

    assert page.status_code == 503 and is_signed_in(here)
    assert asks_again(here.get("/")) and events("user.signed_out", "user.denied") == []


@pytest.mark.parametrize("word", ["temporarily_unavailable", "server_error"])
def test_what_a_browser_says_of_the_provider_counts_for_nobody_else(here, provider, cloud, web, word):
    code = a_code(team=web, person=User.objects.get())
    says_no(provider, word)
    assert there_and_back(here, provider, here.get("/")).status_code == 503

    assert asks_again(here.post(f"/codes/{code.reference}/disable/"))
    is_honest_again(provider)
    other = Client()
    assert visit(other, provider).status_code == 302
    age(other, checked=OLD)
    assert asks_again(other.get("/")) and asks_again(send(other, NEW, typed()))


PERSONAL = {
    "too large": {"megabytes": 1},
    "not JSON": {"body": b"<html>"},
    "a list": {"body": b"[]"},
    "compressed": {"headers": (("Content-Encoding", "gzip"),)},
    "404": {"status": 404},
    "429": {"status": 429},
}


@pytest.mark.parametrize("stage", ["tokens", "userinfo"])
@pytest.mark.parametrize("how", PERSONAL)
def test_an_answer_about_this_person_that_cannot_be_used_lets_nobody_read_on(here, provider, stage, how):
    """Somebody with very many groups would have read on for as long as a session lasts."""
    provider.misbehave(**(padded if how == "too large" else answer)(stage, **PERSONAL[how]))

    for _ in range(2):
        page = there_and_back(here, provider, here.get("/"))
        assert page.status_code == 503 and is_signed_in(here)

    provider.misbehave(**{f"{stage}_answer": lambda plan, _: plan})
    assert there_and_back(here, provider, here.get("/")).status_code == 200


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_of_this_moment_that_userinfo_refuses_is_a_no(here, provider, status):
    provider.misbehave(**answer("userinfo", status=status, body=b"{}"))

    page = there_and_back(here, provider, here.get("/"))

    assert page.status_code == 403 and not is_signed_in(here) and not LiveSession.objects.exists()


def test_a_press_that_met_it_dying_comes_back_to_the_filled_form(here, provider, cloud):
    sent = send(here, NEW, typed(description="kept"))
    provider.misbehave(**answer("tokens", status=500), **answer("discovery", status=500))

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
    answers = at_once(20, look)
    watch.join()

    assert set(answers) <= {200, 503} and answers.count(200) >= 6  # who waited with the look knows that it is away

    assert {status for status, _ in health} == {200} and max(seconds for _, seconds in health) < 1
    assert sorted(took)[13] < 1.5 and max(took) < 4  # fourteen found every place taken, six waited with the one look
    assert asked(provider) == 1


@pytest.fixture
def crowd():
    """Somebody's many tabs wait for a provider that is up."""
    with contextlib.ExitStack() as held:

        def comes() -> None:
            for _ in range(exchange.PLACES):
                held.enter_context(exchange.place())

        yield comes


@pytest.mark.parametrize("path", ["/", NEW])
def test_our_own_crowd_lets_no_stale_session_read(here, crowd, path):
    crowd()
    page = here.get(path)

    assert page.status_code == 503 and "Many people are being checked" in text(page) and is_signed_in(here)


def test_nor_one_that_is_on_its_way_back(here, provider, crowd):
    sent = here.get("/")
    crowd()

    assert come_back(here, provider, sent).status_code == 503 and is_signed_in(here)


def test_our_own_crowd_closes_nothing_creates_nothing_and_is_no_news_of_the_provider(here, crowd, web, cloud):
    code = a_code(team=web, person=User.objects.get())
    crowd()

    assert here.post(f"/codes/{code.reference}/disable/").status_code == 503
    assert send(here, NEW, typed()).status_code == 503
    assert portal_side._remembered().away_until == 0.0 and not cloud.calls()


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
