"""A person in the admin: the sessions that still let them in, and when a team or role of theirs was last confirmed."""

from datetime import UTC, datetime

import pytest
from cast import person
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from provider_visitor import is_signed_in, loopback_provider, provider  # noqa: F401
from reading_pages import send, text
from rechecking import age
from seats import seat

from portal.sso.models import LiveSession, RoleGrant, User
from registercodes.models import Membership

pytestmark = pytest.mark.django_db

LIST = "/admin/sso/user/"
NOWHERE = "Signed in nowhere."
EARLY, LATE = datetime(2026, 3, 1, 8, 30, tzinfo=UTC), datetime(2026, 3, 2, 9, 45, tzinfo=UTC)


def page_of(reader: Client, name: str) -> str:
    return text(reader.get(f"{LIST}{User.objects.get(username=name).pk}/change/"))


@pytest.fixture
def auditor(provider) -> Client:
    return seat("dora", groups=["portal-auditors"])


@pytest.fixture
def seated(provider) -> Client:
    return seat("alice", groups=["sample-web"])


@pytest.mark.parametrize(("limit", "seconds"), [("seen", 1801), ("started", 36_001)])
def test_a_session_that_is_over_is_not_listed(auditor, seated, limit, seconds):
    age(seated, **{limit: seconds - 30})
    assert "Single sign-on" in page_of(auditor, "alice")
    age(seated, **{limit: 30})

    assert NOWHERE in page_of(auditor, "alice")
    assert LiveSession.objects.filter(user__username="alice").exists()
    assert not is_signed_in(seated)


@pytest.mark.parametrize("change", [{"kind": "break_glass"}, {"kind": "sample"}], ids=lambda change: change["kind"])
def test_the_limits_are_those_of_its_kind(auditor, seated, change):
    session = seated.session
    session["sso"] |= change
    session.save()
    age(seated, started=3601)

    assert NOWHERE in page_of(auditor, "alice")
    assert not is_signed_in(seated)


LOST = {
    "expired": lambda stored: stored.update(expire_date=timezone.now()),
    "unreadable": lambda stored: stored.update(session_data="signed with a key that was taken out of use"),
    "deleted": lambda stored: stored.delete(),
}


@pytest.mark.parametrize("how", LOST)
def test_one_whose_session_is_lost_is_not_listed(auditor, seated, how):
    LOST[how](Session.objects.filter(session_key=seated.session.session_key))

    assert NOWHERE in page_of(auditor, "alice")
    assert not is_signed_in(seated)


def test_only_the_live_one_of_two_is_listed(auditor, seated):
    other = seat("alice", groups=["sample-web"])
    age(seated, seen=1801)
    LiveSession.objects.filter(key=other.session.session_key).update(client_ip="192.0.2.7")
    LiveSession.objects.filter(key=seated.session.session_key).update(client_ip="192.0.2.8")

    page = page_of(auditor, "alice")

    assert "192.0.2.7" in page and "192.0.2.8" not in page


@pytest.mark.parametrize(
    ("team_at", "role_at", "shown"),
    [(None, LATE, LATE), (LATE, None, LATE), (EARLY, LATE, LATE), (LATE, EARLY, LATE), (None, None, None)],
    ids=["a role alone", "a team alone", "role later", "team later", "neither"],
)
def test_last_checked_is_the_later_of_team_and_role(as_dora, web, team_at, role_at, shown):
    ben = person("ben")
    if team_at:
        Membership.objects.create(user=ben, team=web, checked_at=team_at)
    if role_at:
        RoleGrant.objects.create(user=ben, role="auditor", checked_at=role_at)

    page, listed = page_of(as_dora, "ben"), text(as_dora.get(LIST, {"q": "ben"}))

    assert ("Last checked" in page) == (shown is not None)
    assert (f"{LATE:%Y-%m-%d}" in page) == (shown == LATE) and f"{EARLY:%Y-%m-%d}" not in page
    assert ("9:45" in listed) == (shown == LATE) and "8:30" not in listed


def test_the_list_can_be_sorted_by_it(as_dora):
    for name, at in (("late", LATE), ("early", EARLY)):
        RoleGrant.objects.create(user=person(name), role="auditor", checked_at=at)

    page = text(as_dora.get(LIST, {"q": "l", "o": "6"}))

    assert 0 < page.index("Early Sample") < page.index("Late Sample")


def test_a_session_that_is_over_is_ended_with_the_others(auditor, seated):
    """Its row is not shown, and goes all the same: whoever holds its cookie must not be let in by a longer limit."""
    administrator = seat("erin", groups=["portal-admins"])
    age(seated, seen=1801)

    send(administrator, f"{LIST}{User.objects.get(username='alice').pk}/end-sessions/", {"reason": "lost laptop"})

    assert not LiveSession.objects.filter(user__username="alice").exists()
