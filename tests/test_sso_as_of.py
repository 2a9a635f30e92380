"""How old the provider's word is: as old as the question, however long answering took, and one deadline for all of it."""

import time
from datetime import UTC, datetime

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from hostile_provider import Change
from provider_down import NEW
from provider_visitor import decided, is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import heading
from rechecking import age, asks_again, asks_to_sign_in, come_back, there_and_back

from portal.sso import provider as portal_side
from portal.sso.models import LiveSession, RoleGrant
from registercodes.models import Membership

pytestmark = pytest.mark.django_db
OLD = 301  # seconds, one more than OIDC_RECHECK_SECONDS


def slow(seconds: float) -> Change:
    def change(plan, _):
        time.sleep(seconds)
        return plan

    return change


@pytest.fixture
def asked_at(provider) -> list[float]:
    """When each token was asked for. What is said of the person follows a while later."""
    moments: list[float] = []

    def change(plan, _):
        moments.append(time.time())
        return plan

    provider.person["groups"] = ["sample-web", "portal-auditors"]
    provider.misbehave(tokens=change, userinfo=slow(0.2))
    return moments


def as_of(client: Client) -> list[float]:
    """Each place that says when the provider vouched for the person."""
    rows = (LiveSession.objects.get(), Membership.objects.get(), RoleGrant.objects.get())
    return [client.session["sso"]["checked_at"], *(row.checked_at.timestamp() for row in rows)]


def test_a_sign_in_counts_from_the_question(client, provider, asked_at):
    began = time.time()
    visit(client, provider)

    assert all(began <= moment <= asked_at[0] for moment in as_of(client))
    assert client.session["sso"]["started_at"] >= asked_at[0] + 0.2


def test_a_re_check_counts_from_its_own_question(client, provider, asked_at):
    visit(client, provider)
    age(client, checked=OLD)
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    for model in (LiveSession, Membership, RoleGrant):
        model.objects.update(checked_at=long_ago)
    began = time.time()

    there_and_back(client, provider, client.get("/"))

    assert all(began <= moment <= asked_at[1] for moment in as_of(client))


# One deadline.


def test_all_that_a_sign_in_asks_shares_one_deadline(client, provider, settings):
    callback = decided(provider, start(client))
    portal_side.forget()  # another process answers the callback
    settings.OIDC_DEADLINE = 1.0
    provider.misbehave(discovery=slow(0.6), tokens=slow(0.6))

    assert client.get(callback).status_code == 503
    assert not is_signed_in(client)


def test_an_answer_too_slow_for_a_form_is_a_503_and_no_endless_asking(client, provider, settings):
    settings.OIDC_RECHECK_SECONDS = 2
    visit(client, provider)
    age(client, checked=3)
    provider.misbehave(userinfo=slow(1.2))

    page = there_and_back(client, provider, client.get(NEW))

    assert page.status_code == 503 and heading(page) == "Your company’s sign-in does not answer"
    assert asks_again(client.get(NEW))


# What must not come back to life by it.


@pytest.mark.parametrize("limit", [{"seen": 1801}, {"started": 36_001}], ids=["idle", "too old"])
def test_a_session_that_ended_while_it_was_asked_about_stays_ended(client, provider, limit):
    visit(client, provider)
    age(client, checked=OLD)
    sent = client.get("/?team=web")
    age(client, **limit)
    checked = LiveSession.objects.get().checked_at

    back = come_back(client, provider, sent)

    assert LiveSession.objects.get().checked_at == checked
    assert asks_to_sign_in(client.get(back["Location"]))
    assert not Session.objects.exists() and not LiveSession.objects.exists()


def test_a_session_without_its_facts_is_given_none(client, provider):
    visit(client, provider)
    age(client, checked=OLD)
    sent = client.get("/")
    session = client.session
    session["sso"] = None
    session.save()

    back = come_back(client, provider, sent)

    assert asks_to_sign_in(client.get(back["Location"])) and not LiveSession.objects.exists()
