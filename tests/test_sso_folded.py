"""What anybody at the provider can repeat as often as they like is on record once in ten minutes, and counted."""

from datetime import timedelta

import pytest
from django.test import Client
from logout_tokens import say
from provider_visitor import is_signed_in, loopback_provider, provider, visit  # noqa: F401
from rechecking import age, come_back, events, is_honest_again, says_no

from registercodes.models import AuditEvent, Fold

pytestmark = pytest.mark.django_db
TIMES = 4


def sign_in(provider) -> Client:
    browser = Client()
    assert visit(browser, provider).status_code == 302 and is_signed_in(browser)
    return browser


def pass_ten_minutes() -> None:
    for fold in Fold.objects.all():
        Fold.objects.filter(pk=fold.pk).update(since=fold.since - timedelta(minutes=10, seconds=1))


def test_signing_in_again_and_again_is_one_event_and_the_next_tells_how_often(provider):
    for _ in range(TIMES):
        sign_in(provider)
    assert events("user.signed_in") == ["user.signed_in"]

    pass_ten_minutes()
    sign_in(provider)

    first, second = AuditEvent.objects.filter(action="user.signed_in").order_by("sequence")
    assert (first.outcome, first.detail) == ("success", {"reason": "sso", "roles": [], "repeats_before": 0})
    assert (second.outcome, second.detail["repeats_before"]) == ("success", TIMES - 1)


def test_signing_out_by_a_press_too(provider):
    for _ in range(TIMES):
        sign_in(provider).post("/sso/logout/")

    event = AuditEvent.objects.get(action="user.signed_out")
    assert (event.outcome, event.detail) == ("success", {"reason": "pressed", "repeats_before": 0})


def test_signing_out_at_the_provider_too(provider):
    for _ in range(TIMES):
        sign_in(provider)
        assert say(provider).status_code == 200

    assert events("user.signed_out") == ["user.signed_out"]


def test_a_session_that_ended_there_too(provider):
    for _ in range(TIMES):
        browser = sign_in(provider)
        age(browser, checked=301)
        sent = browser.get("/")
        says_no(provider, "login_required")
        come_back(browser, provider, sent)
        is_honest_again(provider)

    assert events("user.signed_out") == ["user.signed_out"]


# What must not happen.


def test_what_changes_rights_is_never_folded(provider):
    for groups in (["sample-web"], ["portal-admins"], ["sample-web"]):
        provider.person["groups"] = groups
        sign_in(provider)

    assert events("user.teams_changed") == ["user.teams_changed"] * 3


def test_one_persons_sign_in_hides_nobody_elses(provider):
    sign_in(provider)
    provider.person = {"sub": "ben", "preferred_username": "ben", "groups": ["sample-web"]}
    sign_in(provider)

    assert events("user.signed_in") == ["user.signed_in"] * 2
