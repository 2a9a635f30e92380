"""Sign-ins of many at the same moment, and of one while their sessions are ended: nobody is lost, nothing is an error."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import transaction
from django.test import Client
from provider_visitor import decided, loopback_provider, provider, start, visit  # noqa: F401
from rechecking import asked_of
from threads import at_once

from portal.sso import sessions, signing_in
from portal.sso.models import LiveSession
from registercodes.audit import NOWHERE

User = get_user_model()
pytestmark = pytest.mark.django_db(transaction=True)


def keys() -> set[str]:
    return set(Session.objects.values_list("session_key", flat=True))


def live_keys() -> set[str]:
    return set(LiveSession.objects.values_list("key", flat=True))


def newcomers(provider, count: int, *, name: str, subject: str = "") -> list[tuple[Client, str]]:
    """Browsers about to come back, each as somebody of that name; the nonce tells them apart."""
    people, waiting = {}, []
    provider.misbehave(discovery=lambda plan, _: plan | {"userinfo_endpoint": ""})
    provider.misbehave(claims=lambda plan, _: plan | people[plan["nonce"]])
    for number in range(count):
        sent = start(browser := Client())
        people[asked_of(sent)["nonce"]] = {"sub": subject or f"subject-{number}", "preferred_username": name}
        waiting.append((browser, decided(provider, sent)))
    return waiting


@pytest.mark.parametrize("subject", ["", "subject-of-one"], ids=["of one name", "who are one"])
def test_new_people_at_the_same_moment_all_come_in(provider, subject):
    waiting = newcomers(provider, 6, name="sam", subject=subject)

    assert at_once(6, lambda number: waiting[number][0].get(waiting[number][1]).status_code) == [302] * 6

    names = list(User.objects.values_list("username", flat=True))
    assert len(names) == len(set(names)) == (1 if subject else 6)
    assert names.count("sam") == 1
    assert len(live_keys()) == len(keys()) == 6


def test_two_people_who_take_the_same_new_name_at_the_same_moment_both_come_in(provider):
    for number in range(4):
        User.objects.create_user(issuer=provider.issuer, subject=f"subject-{number}", username=f"old-{number}")
    waiting = newcomers(provider, 4, name="sam")

    assert at_once(4, lambda number: waiting[number][0].get(waiting[number][1]).status_code) == [302] * 4

    names = list(User.objects.values_list("username", flat=True))
    assert len(set(names)) == 4 and names.count("sam") == 1 and all(name.startswith("sam") for name in names)


def test_signing_in_anew_while_everything_is_ended_is_never_an_error(provider):
    """The session's rows and the audit head, locked in one order by both."""
    browsers = [Client() for _ in range(6)]
    for browser in browsers:
        visit(browser, provider)
    waiting = [decided(provider, start(browser)) for browser in browsers]
    person = User.objects.get()

    def act(number: int) -> int:
        if number < 6:
            return browsers[number].get(waiting[number]).status_code
        with transaction.atomic():
            sessions.end_all(person)
            signing_in.record_sign_out(person, why="test", origin=NOWHERE)
        return 302

    assert set(at_once(9, act)) <= {302, 400}  # ended between its two commits: the browser is told so
    assert keys() == live_keys()
