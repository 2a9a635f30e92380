"""A value reported as leaked raises an alarm and reaches its team; the reporter learns nothing, whatever was pasted."""

import logging

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from log_reading import everything, lines
from reading_pages import send, text
from records import a_code, break_in_chain
from syncs import ahead
from test_finding import OTHER, VALUE, with_value

from registercodes import attention
from registercodes.models import AuditEvent, RegisterCode

pytestmark = pytest.mark.django_db

REPORT = "/find/report/"
NARROW = {"ip_address_range": "203.0.113.0/24", "ip_first": 3405803776, "ip_last": 3405804031}


@pytest.fixture
def leaked(alice, web):
    """In which nothing is amiss but that."""
    return with_value(web, alice, confirmed_at=timezone.now(), expires_at=ahead(hours=4), **NARROW)


def report(browser, pasted: str = VALUE):
    return send(browser, REPORT, {"leaked": pasted})


def reports() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="value.reported").order_by("sequence"))


def alarms(caplog) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.message == "leaked_value_reported"]


@pytest.mark.parametrize("who", ["as_alice", "as_charlie", "as_mallory", "as_dora", "as_erin"])
def test_whoever_is_signed_in_can_report(request, leaked, who):
    page = report(request.getfixturevalue(who))

    assert page.status_code == 200 and "Thank you: it is on record" in text(page)
    assert reports()[0].register_code == leaked


def test_it_is_on_record_and_raises_one_alarm(
    as_charlie, charlie, web, leaked, caplog, django_capture_on_commit_callbacks
):
    everything(caplog)
    for _ in range(3):
        report(as_charlie, f"tat_agent register ap-singapore {leaked.code_id} {VALUE}")

    (event,) = reports()
    assert (event.actor, event.team, event.register_code, event.outcome) == (charlie, web, leaked, "success")
    (alarm,) = alarms(caplog)
    assert (alarm.levelname, alarm.reference, alarm.reporter) == ("CRITICAL", leaked.reference, "charlie")
    assert break_in_chain() == ""


def test_its_team_sees_it_under_attention_and_on_its_card(as_charlie, as_alice, alice, leaked):
    assert attention.of(alice).items == []
    report(as_charlie)

    (item,) = attention.of(alice).items
    assert (item.code, [str(why) for why in item.whys]) == (leaked, ["reported"])
    page = text(as_alice.get("/attention/"))
    assert "Reported as leaked" in page and f'href="/codes/{leaked.reference}/disable/"' in page
    card = text(as_alice.get(f"/codes/{leaked.reference}/"))
    assert "Value reported as leaked" in card and "Charlie Sample" in card


def test_a_reported_code_comes_before_one_of_more_risk_and_leaves_once_it_is_disabled(as_charlie, alice, web, leaked):
    a_code(team=web, person=alice, permanent=True, effective_time=100_000, expires_at=None, register_limit=10_000)
    report(as_charlie)
    assert attention.of(alice).items[0].code == leaked

    now = timezone.now()
    RegisterCode.objects.filter(pk=leaked.pk).update(disable_wanted_at=now, disabled_at=now)
    assert leaked not in [item.code for item in attention.of(alice).items]


@pytest.mark.parametrize("pasted", ["", "  \n ", "x" * 4001])
def test_what_cannot_be_a_value_is_said_and_reports_nothing(as_alice, pasted):
    assert report(as_alice, pasted).status_code == 422 and reports() == []


# What must not happen.


@pytest.mark.parametrize("who", ["as_charlie", "as_mallory", "as_alice"])
def test_the_answer_and_its_cost_are_the_same_whether_it_is_a_code_or_not(request, leaked, who):
    browser = request.getfixturevalue(who)

    def answer(pasted: str) -> tuple[int, int, str]:
        with CaptureQueriesContext(connection) as captured:
            page = report(browser, pasted)
        body = text(page).replace(page["X-Request-Id"], "")
        parts = body.split('name="csrfmiddlewaretoken" value="')
        return page.status_code, len(captured), "".join([parts[0], *(part[64:] for part in parts[1:])])

    answer("a first one, of a session that is new")
    AuditEvent.objects.count()
    assert [answer(VALUE) for _ in range(2)][1] == [answer(OTHER) for _ in range(2)][1]


def test_what_is_no_code_s_value_raises_no_alarm_and_puts_nothing_before_anybody(as_charlie, alice, leaked, caplog):
    everything(caplog)
    report(as_charlie, OTHER)
    report(as_charlie, leaked.code_id)
    report(as_charlie, leaked.reference)

    assert alarms(caplog) == [] and attention.of(alice).items == []
    assert [event.register_code for event in reports()] == [None]


def test_another_team_is_not_shown_it(as_charlie, as_alice, charlie, leaked):
    report(as_alice)

    assert attention.of(charlie).items == [] and leaked.reference not in text(as_charlie.get("/attention/"))


def test_the_value_is_in_no_page_log_or_event(as_charlie, leaked, caplog):
    everything(caplog)
    pages = [report(as_charlie), report(as_charlie, OTHER + "x" * 4000), as_charlie.get(f"{REPORT}?leaked={VALUE}")]

    said = "".join([*map(text, pages), *lines(caplog), *map(str, AuditEvent.objects.values())])
    assert VALUE not in said and OTHER not in said


def test_nobody_reports_without_signing_in_or_by_another_site(alice, leaked):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    assert report(strict).status_code == 403 and report(Client()).status_code == 302 and reports() == []
