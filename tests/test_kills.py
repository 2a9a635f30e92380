"""SIGKILL at five points of issuing: what is on record, what exists in the cloud, and what people see afterwards."""

import signal
import time
from datetime import timedelta

import pytest
from django.utils import timezone
from reading_pages import heading, send
from records import a_code
from sandbox_process import CREATE
from server_process import Press, creates

from registercodes import submissions
from registercodes.models import AuditEvent, RegisterCode

processes = pytest.mark.processes


def card(visitor, row) -> str:
    return visitor.get(f"/codes/{row.reference}/").text


def came_back_whole(portal) -> bool:
    """Restarted, it answers, and its history has neither gap nor fork."""
    portal.start()
    return portal.chain_problem() == "" and portal.sign_in("bob").get("/").ok


@processes
def test_killed_before_the_row_nothing_happened(portal):
    alice = portal.sign_in("alice")
    fields = portal.form(alice)
    with portal.database.locked():
        press = Press(portal, alice, fields)
        time.sleep(0.7)  # it waits for the lock: nobody can have written
        assert press.is_open
        portal.kill()
    assert press.was_lost()
    assert came_back_whole(portal)
    assert (portal.rows(), creates(portal)) == ([], 0)
    assert "the-value" in portal.send(alice, fields).text  # the same button still makes its one code
    assert creates(portal) == 1


@processes
def test_killed_after_the_row_and_before_the_call_it_stays_pending_and_nothing_was_made(portal):
    alice = portal.sign_in("alice")
    portal.database.fill_queue(4)
    press = Press(portal, alice, portal.form(alice))
    row = portal.wait_for_row("pending")
    portal.kill()
    assert press.was_lost()
    assert came_back_whole(portal)
    assert [row.state for row in portal.rows()] == ["pending"]
    assert portal.events(row.reference) == ["code.requested"]
    assert (creates(portal), portal.sandbox.codes()) == (0, [])


@processes
def test_killed_during_the_call_it_stays_pending_and_a_code_exists_without_a_holder(portal):
    alice = portal.sign_in("alice")
    portal.sandbox.fault("stall", seconds=30)
    press = Press(portal, alice, portal.form(alice))
    portal.sandbox.wait_for_calls(1)
    portal.kill()
    assert press.was_lost()
    assert came_back_whole(portal)
    [row], [code] = portal.rows(), portal.sandbox.codes()
    assert row.state == "pending"
    assert code.Description.endswith(f"~{row.reference}")  # what a sync will know it by
    assert portal.events(row.reference) == ["code.requested"]


@processes
def test_killed_after_the_answer_and_before_the_outcome_it_stays_pending(portal):
    alice = portal.sign_in("alice")
    portal.sandbox.fault("stall", seconds=30)
    press = Press(portal, alice, portal.form(alice))
    portal.sandbox.wait_for_calls(1)
    with portal.database.locked():
        portal.sandbox.clear_faults()
        portal.wait_for_log("tat.call", action=CREATE, outcome="done")  # the portal has the value
        assert press.is_open
        portal.kill()
    assert press.was_lost()
    assert came_back_whole(portal)
    [row], [code] = portal.rows(), portal.sandbox.codes()
    assert (row.state, row.code_id) == ("pending", "")
    assert code.Description.endswith(f"~{row.reference}")


@processes
def test_killed_after_the_outcome_and_before_the_page_it_is_issued_and_unconfirmed(portal):
    alice = portal.sign_in("alice")
    row, fields = issued_without_a_page(portal, alice)
    assert came_back_whole(portal)
    assert portal.events(row.reference) == ["code.requested", "code.issued"]
    assert "Nobody has confirmed that the value was stored" in card(alice, row)
    before = creates(portal)
    again = portal.send(alice, fields)
    assert "This form was sent twice; one code was made" in again.text
    assert "replace this code" in again.text
    assert "the-value" not in again.text
    assert creates(portal) == before


def issued_without_a_page(portal, alice):
    """The gap is a page's rendering, longest in a fresh process; frozen in it, the process is killed."""
    for _ in range(20):
        fields = portal.form(alice)
        portal.kill()
        portal.start()
        last = max((row.id for row in portal.rows()), default=0)
        press = Press(portal, alice, fields)
        row = portal.wait_for_row("issued", after=last)
        portal.signal(signal.SIGSTOP)
        time.sleep(0.1)  # a page that was on its way arrives
        portal.kill()
        if press.was_lost():
            return row, fields
        portal.start()
    raise AssertionError("the page was always faster")


# What must not happen.


@processes
def test_a_killed_request_is_never_sent_again_by_anybody(portal):
    alice = portal.sign_in("alice")
    portal.sandbox.fault("stall", seconds=30)
    fields = portal.form(alice)
    press = Press(portal, alice, fields)
    portal.sandbox.wait_for_calls(1)
    portal.kill()
    assert press.was_lost()
    portal.start()
    events = portal.events()
    [row] = portal.rows()
    assert "Still working" in card(alice, row)
    assert alice.get("/").ok
    assert portal.events() == events  # looking writes no history
    assert "Still working on this code" in portal.send(alice, fields).text
    assert creates(portal) == 1
    assert [row.state for row in portal.rows()] == ["pending"]


@pytest.mark.django_db
def test_a_pending_row_that_nobody_will_settle_is_shown_as_unknown_and_nothing_is_written(
    as_alice, alice, web, settings
):
    patience = timedelta(seconds=settings.TAT_DEADLINE + 30)
    settling = left_pending(alice, web, age=patience - timedelta(seconds=5))
    given_up = left_pending(alice, web, age=patience + timedelta(seconds=1))
    assert "Still working" in as_alice.get(f"/codes/{settling.reference}/").content.decode()
    page = as_alice.get(f"/codes/{given_up.reference}/").content.decode()
    assert "Unknown" in page and "Still working" not in page
    assert "Unknown" in as_alice.get("/").content.decode()
    assert set(RegisterCode.objects.values_list("state", flat=True)) == {"pending"}
    assert not AuditEvent.objects.exists()


def left_pending(person, team, *, age):
    return a_code(team=team, person=person, state="pending", created_at=timezone.now() - age)


@pytest.mark.django_db
def test_pressing_again_long_after_a_kill_says_unknown_and_sends_nothing(as_alice, alice, web, typed, cloud):
    fields = typed()
    opened = submissions.opened(fields["submission"], person=alice, team=web)
    asked = {"instance_name_prefix": "web", "ip_address_range": "203.0.113.0/24"}
    a_code(
        team=web,
        person=alice,
        state="pending",
        submission=opened,
        created_at=timezone.now() - timedelta(hours=1),
        **asked,
    )
    page = send(as_alice, "/teams/web/codes/new/", fields)
    assert (page.status_code, heading(page)) == (200, "The cloud’s answer never arrived")
    assert cloud.calls(CREATE) == []
    assert RegisterCode.objects.get().state == "pending"
