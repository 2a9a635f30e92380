"""People in the admin: read by whoever has a role; an administrator ends sessions and shuts out, with a reason, on record."""

import pytest
from cast import browser_of, person
from provider_visitor import loopback_provider, provider  # noqa: F401
from reading_pages import errors_beside, heading, send, text
from seats import seat

from portal.sso.models import LiveSession, User
from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db

LIST = "/admin/sso/user/"
DEEDS = ("end-sessions", "deactivate", "reactivate")


def page_of(user: User, tail: str = "change") -> str:
    return f"{LIST}{user.pk}/{tail}/"


@pytest.fixture
def seated_alice(client, web):
    """Alice in a browser of hers, by one click."""
    send(client, "/sso/sign-in/", {"person": "alice"})
    return User.objects.get(username="alice")


@pytest.mark.parametrize("who", ["as_dora", "as_erin"])
def test_a_person_is_read_with_teams_roles_and_sessions(request, who, seated_alice):
    reader = request.getfixturevalue(who)

    listed, page = text(reader.get(LIST)), text(reader.get(page_of(seated_alice)))

    assert "alice" in listed and "Web" in listed
    assert "Sample person" in page and "127.0.0.1" in page


def test_pages_of_people_say_whose_they_are_and_what_may_be_done(as_erin, seated_alice):
    assert heading(as_erin.get(LIST)) == "People"
    assert heading(as_erin.get(page_of(seated_alice))) == "Alice Anders"
    assert heading(as_erin.get(page_of(seated_alice, "deactivate"))) == "Shut out: Alice Anders"

    listed = text(as_erin.get(LIST))

    checked = seated_alice.memberships.get().checked_at
    assert f"{checked:%Y-%m-%d %H:%M:%S}</td>" in listed and "a.m." not in listed and "p.m." not in listed
    assert "By may sign in" in listed and "s active" not in listed


def test_ending_sessions_acts_at_the_next_page_of_every_browser(client, as_erin, seated_alice):
    assert client.get("/").status_code == 200

    answer = send(as_erin, page_of(seated_alice, "end-sessions"), {"reason": "lost laptop"})

    assert answer["Location"] == page_of(seated_alice)
    assert client.get("/").status_code == 302
    assert not LiveSession.objects.filter(user=seated_alice).exists()
    event = AuditEvent.objects.first()
    assert (event.action, event.actor.username) == ("user.sessions_ended", "erin")
    assert event.detail == {"person": "Alice Anders", "username": "alice", "reason": "lost laptop", "sessions": 1}


def test_somebody_shut_out_cannot_sign_in_until_let_in_again(client, as_erin, seated_alice):
    send(as_erin, page_of(seated_alice, "deactivate"), {"reason": "left the company"})
    assert client.get("/").status_code == 302
    send(client, "/sso/sign-in/", {"person": "alice"})
    assert client.get("/").status_code == 302

    send(as_erin, page_of(seated_alice, "reactivate"), {"reason": "came back"})
    send(client, "/sso/sign-in/", {"person": "alice"})

    assert client.get("/").status_code == 200
    actions = list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))
    assert [action for action in actions if action in {"user.deactivated", "user.denied", "user.reactivated"}] == [
        *("user.deactivated", "user.denied", "user.reactivated")
    ]


def test_whoever_ends_their_own_sessions_reads_that_they_are_signed_out(provider):
    browser, other = (seat("ann", groups=["portal-admins"]) for _ in range(2))
    ann = User.objects.get(username="ann")

    answer = send(browser, page_of(ann, "end-sessions"), {"reason": "lost laptop"}, follow=True)

    assert (answer.status_code, heading(answer)) == (200, "You are signed out")
    assert [browser.get("/").status_code for browser in (browser, other)] == [302, 302]
    assert not LiveSession.objects.exists()
    assert AuditEvent.objects.filter(action="user.sessions_ended").count() == 1


def test_nobody_shuts_themself_out(provider):
    browser = seat("ann", groups=["portal-admins"])
    ann = User.objects.get(username="ann")

    answer = send(browser, page_of(ann, "deactivate"), {"reason": "by accident"})

    assert answer.status_code == 422 and "another administrator has to" in text(answer)
    assert User.objects.get(pk=ann.pk).is_active and browser.get("/").status_code == 200
    assert not AuditEvent.objects.filter(action="user.deactivated").exists()


@pytest.mark.parametrize("deed", DEEDS)
def test_without_a_reason_nothing_happens_and_the_field_says_so(as_erin, seated_alice, deed):
    events = AuditEvent.objects.count()

    answer = send(as_erin, page_of(seated_alice, deed), {"reason": "  "})

    assert answer.status_code == 422 and "This field is required" in text(answer)
    assert AuditEvent.objects.count() == events
    assert LiveSession.objects.filter(user=seated_alice).exists()


@pytest.mark.parametrize("deed", DEEDS)
def test_an_auditor_is_offered_nothing_and_may_do_nothing(as_dora, seated_alice, deed):
    assert deed not in text(as_dora.get(page_of(seated_alice)))

    for answer in (
        as_dora.get(page_of(seated_alice, deed)),
        send(as_dora, page_of(seated_alice, deed), {"reason": "x"}),
    ):
        assert answer.status_code == 403
    assert User.objects.get(pk=seated_alice.pk).is_active


def test_a_link_does_nothing(as_erin, seated_alice):
    for deed in DEEDS:
        assert as_erin.get(page_of(seated_alice, deed)).status_code == 200
    assert LiveSession.objects.filter(user=seated_alice).exists()
    assert User.objects.get(pk=seated_alice.pk).is_active


@pytest.mark.parametrize("tail", ["delete", "history"])
def test_nobody_is_edited_or_removed(as_erin, seated_alice, tail):
    fields = {"username": "root", "is_active": "on", "email": "evil@example.com"}

    assert send(as_erin, page_of(seated_alice), fields).status_code == 405
    assert send(as_erin, page_of(seated_alice, tail), {"post": "yes"}).status_code == 404
    assert as_erin.get(f"{LIST}add/").status_code == 404
    assert User.objects.get(pk=seated_alice.pk).username == "alice"


def test_a_page_of_nobody_is_not_found_or_leads_back(as_erin):
    assert as_erin.get(f"{LIST}999/end-sessions/").status_code == 404
    assert as_erin.get(f"{LIST}none/change/").status_code == 404


def test_the_list_costs_the_same_for_many_people(as_erin, web, django_assert_num_queries):
    for number in range(3):
        person(f"p{number}", teams=(web,))
    as_erin.get(LIST)
    for number in range(3, 30):
        person(f"p{number}", teams=(web,), roles=("auditor",))

    with django_assert_num_queries(8):
        as_erin.get(LIST)


def test_a_member_reaches_none_of_it(web, seated_alice):
    member = browser_of(person("peter", teams=(web,)))
    assert [member.get(path).status_code for path in (LIST, page_of(seated_alice))] == [403, 403]
    assert errors_beside(member.get(LIST)) == {}
