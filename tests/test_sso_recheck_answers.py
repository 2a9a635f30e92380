"""What the answer to a silent re-check changes: teams, roles, and whether the session goes on at all."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from provider_visitor import is_signed_in, loopback_provider, provider, visit  # noqa: F401
from reading_pages import heading, text
from rechecking import (
    age,
    asks_to_sign_in,
    come_back,
    events,
    is_honest_again,
    says_no,
    there_and_back,
)

from portal.sso.models import LiveSession, RoleGrant
from registercodes.models import AuditEvent, Membership

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


# What its answer changes.


def test_an_answer_that_changes_nothing_leaves_no_event(stale, provider):
    before = events()

    assert there_and_back(stale, provider, stale.get("/")).status_code == 200
    assert events() == before


def test_a_gained_group_opens_its_team_and_is_on_record(stale, provider, payments):
    provider.person["groups"] = ["sample-web", "sample-payments"]

    page = there_and_back(stale, provider, stale.get("/"))

    assert "Payments" in text(page) and teams() == ["payments", "web"]
    changed = AuditEvent.objects.filter(action="user.teams_changed").latest("sequence")
    assert (changed.detail["gained"], changed.detail["lost"]) == (["payments"], [])


def test_a_lost_group_bites_at_the_next_request_and_is_on_record(stale, provider):
    provider.person["groups"] = ["everyone"]

    assert there_and_back(stale, provider, stale.get(NEW)).status_code == 404
    assert stale.get("/").status_code == 403
    changed = AuditEvent.objects.filter(action="user.teams_changed").latest("sequence")
    assert (changed.detail["gained"], changed.detail["lost"]) == ([], ["web"])


def test_roles_come_and_go_like_teams(stale, provider):
    provider.person["groups"] = ["sample-web", "portal-auditors"]
    there_and_back(stale, provider, stale.get("/"))
    assert list(RoleGrant.objects.values_list("role", flat=True)) == ["auditor"]

    provider.person["groups"] = ["sample-web"]
    age(stale, checked=OLD)
    there_and_back(stale, provider, stale.get("/"))

    assert not RoleGrant.objects.exists()
    assert AuditEvent.objects.filter(action="user.teams_changed").latest("sequence").detail["roles_lost"] == [
        "auditor"
    ]


def test_a_person_without_a_team_is_told_of_the_group_that_came_since(client, provider):
    provider.person["groups"] = []
    visit(client, provider)
    assert client.get("/").status_code == 403
    provider.person["groups"] = ["sample-web"]
    age(client, checked=OLD)

    assert there_and_back(client, provider, client.get("/")).status_code == 200


# When the provider does not vouch for them any more.


def test_a_disabled_account_ends_the_session_with_a_page_that_says_so(stale, provider):
    says_no(provider, "access_denied")

    page = come_back(stale, provider, stale.get("/"))

    assert page.status_code == 403 and heading(page) == "You were not signed in"
    assert "your account may not use this portal, is disabled" in text(page)
    assert not is_signed_in(stale) and not LiveSession.objects.exists() and not Session.objects.exists()
    denied = AuditEvent.objects.get(action="user.denied")
    assert (denied.actor.username, denied.detail["reason"]) == ("alice", "provider_access_denied")


@pytest.mark.parametrize("error", ["login_required", "interaction_required", "consent_required"])
def test_a_session_that_ended_at_the_provider_ends_here_and_asks_to_sign_in(stale, provider, error):
    says_no(provider, error)
    key = stale.session.session_key

    sent = come_back(stale, provider, stale.get("/?team=web"))

    assert sent.status_code == 302 and asks_to_sign_in(sent)
    assert not is_signed_in(stale) and not LiveSession.objects.filter(key=key).exists()
    assert AuditEvent.objects.get(action="user.signed_out").detail["reason"] == "ended_at_the_provider"
    is_honest_again(provider)
    assert come_back(stale, provider, sent)["Location"] == "/?team=web"
    assert stale.get("/").status_code == 200


def test_another_person_at_the_provider_ends_the_session_and_is_not_let_in(stale, provider):
    provider.person |= MALLORY

    page = come_back(stale, provider, stale.get("/"))

    assert page.status_code == 403
    assert "now names another person" in text(page) and "Mallory" not in text(page)
    assert not is_signed_in(stale)
    assert User.objects.get().username == "alice"
    assert AuditEvent.objects.get(action="user.denied").detail["reason"] == "another_person"


def test_somebody_deactivated_here_is_not_vouched_for_by_a_re_check(stale, provider):
    sent = stale.get("/")
    User.objects.update(is_active=False)

    assert there_and_back(stale, provider, sent).status_code == 403
    assert not is_signed_in(stale)
