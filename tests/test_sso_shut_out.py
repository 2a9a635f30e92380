"""Somebody who is shut out while they sign in: no session of before lives, neither then nor when they are let in again."""

import threading
import time
from datetime import timedelta

import pytest
from cast import person
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.http import HttpRequest
from django.test import Client
from django.utils import timezone
from glass_breaking import enter, let_in, made, printed
from logout_tokens import say
from provider_visitor import decided, is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from rechecking import age
from seats import seat

from portal.sso import people, sessions
from portal.sso.models import LiveSession, RoleGrant, User
from portal.sso.sessions import Kind
from registercodes.audit import NOWHERE

WAITS = 0.5  # seconds in which the other one comes to the person's row


def shut_out(who: User, *, by: User) -> None:
    people.deactivate(who, by=by, reason="left", origin=NOWHERE)


@pytest.mark.django_db
def test_a_session_that_was_opened_beside_the_shutting_out_is_gone_when_they_are_let_in_again(alice, erin):
    shut_out(alice, by=erin)
    request = HttpRequest()
    request.session, request.user = SessionStore(), AnonymousUser()
    sessions.open_for(request, alice, kind=Kind.SAMPLE, origin=NOWHERE, checked_at=time.time())
    request.session.save()

    people.reactivate(alice, by=erin, reason="came back", origin=NOWHERE)

    assert not LiveSession.objects.exists()
    assert not Session.objects.filter(session_key=request.session.session_key).exists()


@pytest.mark.django_db
def test_a_re_check_of_somebody_shut_out_meanwhile_renews_nothing(client, provider):
    visit(client, provider)
    age(client, checked=301)
    sent = client.get("/")
    User.objects.update(is_active=False)

    client.get(decided(provider, sent))

    assert not is_signed_in(client)


@pytest.mark.django_db
def test_a_session_id_nobody_knows_ends_neither_another_nor_break_glass(provider):
    desk = seat("alice", groups=["sample-web"])
    alice = User.objects.get()
    LiveSession.objects.update(sid="at-the-desk")
    nameless, glass = seat("alice", groups=["sample-web"]), let_in("alice")
    provider.person["sub"] = alice.subject

    assert say(provider, sid="elsewhere").status_code == 200

    assert [is_signed_in(browser) for browser in (desk, nameless, glass)] == [True, False, True]


@pytest.mark.django_db
def test_a_role_that_was_not_confirmed_for_long_has_lapsed_under_break_glass_too(erin):
    RoleGrant.objects.update(checked_at=timezone.now() - timedelta(days=31))

    assert User.objects.get(pk=erin.pk).roles == User.objects.seated(erin.pk).roles == frozenset()
    assert let_in("erin").get("/admin/").status_code == 403


@pytest.mark.django_db
def test_whoever_makes_a_code_reads_for_whom(alice):
    User.objects.update(email="alice@example.com")

    said = printed("alice")

    assert "alice@example.com" in said and f"subject {alice.subject}" in said


@pytest.mark.django_db
def test_what_cannot_be_a_break_glass_code_costs_no_statement(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        for letters in (19, 21):
            assert enter(client, "A" * letters).status_code == 422


def while_being_shut_out(who: User, by: User, does) -> None:
    """``does`` comes while the shutting out has everything done but its commit."""
    done, may_commit = threading.Event(), threading.Event()

    def shutting_out() -> None:
        try:
            with transaction.atomic():
                shut_out(who, by=by)
                done.set()
                may_commit.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=shutting_out)
    thread.start()
    done.wait(10)
    threading.Thread(target=lambda: (time.sleep(WAITS), may_commit.set())).start()
    does()
    thread.join(10)


@pytest.fixture
def administrator(transactional_db):
    return person("erin", roles=("administrator",))


@pytest.mark.django_db(transaction=True)
def test_a_sign_in_waits_for_a_shutting_out_and_opens_nothing(client, provider, administrator):
    visit(client, provider)
    alice, other = User.objects.exclude(pk=administrator.pk).get(), Client()
    callback = decided(provider, start(other))

    while_being_shut_out(alice, administrator, lambda: other.get(callback))

    assert not LiveSession.objects.filter(user=alice).exists() and not is_signed_in(other)


@pytest.mark.django_db(transaction=True)
def test_a_break_glass_code_waits_for_it_too(client, provider, administrator):
    alice = person("alice")
    code = made("alice")

    while_being_shut_out(alice, administrator, lambda: enter(client, code))

    assert not LiveSession.objects.filter(user=alice).exists() and not is_signed_in(client)
