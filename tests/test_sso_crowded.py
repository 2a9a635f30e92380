"""Strangers by the dozen while the provider stalls: one asks, the others are answered at once, and nobody is locked out."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from logout_tokens import logout_token, post
from misbehaving import answer
from provider_down import asked, come_up_again
from provider_visitor import is_sent_on, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import heading, text
from rechecking import age
from threads import at_once

from portal.sso import exchange
from portal.sso import provider as portal_side

pytestmark = pytest.mark.django_db(transaction=True)
KEYS = "/keys"
SOON = 0.5  # seconds


@pytest.fixture
def stalled(provider, settings):
    """Found away a moment ago, and silent."""
    settings.OIDC_DEADLINE = 1.5
    provider.misbehave(**answer("discovery", silent=True))
    assert start(Client()).status_code == 503
    return provider


@contextlib.contextmanager
def somebody_asks(provider) -> Iterator[threading.Thread]:
    """A stranger at the door, whose question is on its way."""

    def knock() -> None:
        start(Client())
        connections.close_all()

    before, thread = asked(provider), threading.Thread(target=knock)
    thread.start()
    patience = time.monotonic() + 5
    while asked(provider) == before and time.monotonic() < patience:
        time.sleep(0.01)
    yield thread
    thread.join()


def timed(act: Callable[[], HttpResponse]) -> tuple[int, float]:
    began = time.monotonic()
    return act().status_code, time.monotonic() - began


def test_while_one_asks_whether_it_came_back_the_others_are_told_at_once(stalled):
    with somebody_asks(stalled) as asking:
        before = asked(stalled)
        answers = [timed(lambda: start(Client())) for _ in range(20)]
        assert asking.is_alive()

    assert {status for status, _ in answers} == {503} and max(took for _, took in answers) < SOON
    assert asked(stalled) == before


def test_a_stale_session_reads_on_meanwhile(client, provider, settings):
    visit(client, provider)
    age(client, checked=301)
    settings.OIDC_DEADLINE = 1.5
    provider.misbehave(**answer("discovery", silent=True))
    assert start(Client()).status_code == 503
    portal_side._remembered().away_until = 0.0  # as if AWAY_SECONDS had passed

    with somebody_asks(provider):
        status, took = timed(lambda: client.get("/"))

    assert status == 200 and took < SOON


def test_what_was_so_long_ago_sends_nobody_away(stalled):
    stalled.misbehave(discovery_answer=lambda plan, _: (time.sleep(0.3), plan)[1])
    portal_side._remembered().looked_at -= 61

    with somebody_asks(stalled):
        assert is_sent_on(start(Client()))


def test_the_first_to_ask_once_it_is_back_goes_on_and_so_does_everybody_after(stalled):
    come_up_again(stalled)

    assert [is_sent_on(start(Client())) for _ in range(3)] == [True] * 3


def test_our_own_crowd_at_the_door_is_told_so_and_not_that_the_provider_is_away(provider):
    with contextlib.ExitStack() as held:
        for _ in range(exchange.PLACES):
            held.enter_context(exchange.place())
        page = start(Client(), next="/?team=web")

    assert page.status_code == 503 and page["Retry-After"]
    assert heading(page) == "Just a moment" and "does not answer" not in text(page)
    assert "/sso/login/?next=%2F%3Fteam%3Dweb" in text(page)


# Logout tokens, which anybody can post.


@pytest.fixture
def keys_stall(provider, settings):
    settings.OIDC_DEADLINE = 1.0
    portal_side.forget()
    provider.misbehave(**answer("keys", silent=True))
    return provider


def test_tokens_of_strangers_share_one_question_for_keys(keys_stall):
    began = time.monotonic()

    assert at_once(6, lambda _: post("e30.e30.e30").status_code) == [503] * 6

    assert keys_stall.requests.count(KEYS) == 1 and time.monotonic() - began < 3
    assert [timed(lambda: post("e30.e30.e30"))[1] < SOON for _ in range(3)] == [True] * 3
    assert keys_stall.requests.count(KEYS) == 1


def test_and_wait_no_longer_for_it_than_a_look(keys_stall, settings):
    settings.OIDC_DEADLINE = 30
    status, took = timed(lambda: post("e30.e30.e30"))

    assert status == 503 and took < portal_side.LOOK_SECONDS + SOON


def test_a_sign_in_asks_for_the_keys_all_the_same(keys_stall):
    post("e30.e30.e30")
    keys_stall.misbehave(keys_answer=lambda plan, _: plan)

    assert visit(Client(), keys_stall).status_code == 302
    assert post(logout_token(keys_stall)).status_code == 200


def test_honest_tokens_at_the_same_moment_are_all_believed_by_one_question(provider):
    portal_side.forget()
    provider.misbehave(keys_answer=lambda plan, _: (time.sleep(0.3), plan)[1])
    tokens = [logout_token(provider) for _ in range(6)]

    assert at_once(6, lambda number: post(tokens[number]).status_code) == [200] * 6
    assert provider.requests.count(KEYS) == 1
