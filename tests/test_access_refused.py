"""What a refusal tells and leaves on record, how rights end, and what must not widen them."""

import re
from datetime import timedelta

import pytest
from access_cast import asleep, code, seated  # noqa: F401
from cast import browser_of, person
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reading_pages import send, text

from registercodes.models import AuditEvent, Fold, Membership, RegisterCode

pytestmark = pytest.mark.django_db


def same_page(answer) -> tuple:
    """Everything but what differs at each request: its number, and tokens."""
    body = re.sub(r'<code translate="no">[0-9a-f]{32}</code>', "", text(answer))
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)
    return answer.status_code, sorted(set(answer.headers) - {"Content-Length"}), body


@pytest.mark.parametrize("who", ["charlie", "mallory"])
@pytest.mark.parametrize("tail", ["", "disable/"])
def test_another_teams_code_answers_exactly_as_one_that_does_not_exist(seated, code, who, tail):
    theirs, none = (seated(who).get(f"/codes/{reference}/{tail}") for reference in (code.reference, "zzzzzzz"))

    assert same_page(theirs) == same_page(none)
    assert code.reference not in text(theirs)


@pytest.mark.parametrize(
    ("button", "page"),
    [("/codes/CODE/stored/", "/codes/CODE/"), ("/teams/web/codes/plan/", "/teams/web/codes/new/")],
)
def test_where_sign_in_leads_back_to_a_button_the_page_of_it_is_shown_and_nothing_noted(as_alice, code, button, page):
    answer = as_alice.get(button.replace("CODE", code.reference))

    assert answer["Location"] == page.replace("CODE", code.reference)
    code.refresh_from_db()
    assert code.confirmed_at is None and not code.events.exists()


@pytest.mark.parametrize(("who", "disables"), [("dora", False), ("erin", True)])
def test_a_role_without_a_team_reads_what_it_may_do_and_no_roadmap(seated, who, disables):
    page = text(seated(who).get("/"))

    assert "You may open any code by the address of its record" in page
    assert ("and disable it there" in page) is disables
    assert 'href="/admin/registercodes/registercode/">All codes, in the audit</a>' in page
    assert "arrive" not in page


def test_a_team_that_is_switched_off_is_not_offered_and_says_so(as_alice, asleep):
    assert "/teams/asleep/codes/new/" not in text(as_alice.get("/"))
    assert "/teams/web/codes/new/" in text(as_alice.get("/"))

    page = text(as_alice.get("/teams/asleep/codes/new/"))

    assert "This team is switched off" in page and "do not include it" not in page


@pytest.mark.parametrize(
    ("method", "path", "who", "reason", "asked"),
    [
        ("POST", "/codes/CODE/disable/", "dora", "code_may_not_close", "CODE"),
        ("POST", "/codes/CODE/stored/", "bob", "code_may_not_confirm", "CODE"),
        ("GET", "/codes/CODE/", "charlie", "code_not_found", "CODE"),
        ("GET", "/codes/zzzzzzz/", "charlie", "code_not_found", "zzzzzzz"),
        ("GET", "/teams/web/codes/new/", "charlie", "team_not_found", "web"),
        ("GET", "/teams/none/codes/new/", "charlie", "team_not_found", "none"),
        ("GET", "/teams/asleep/codes/new/", "bob", "team_inactive", "asleep"),
    ],
)
def test_a_refusal_is_on_record_once_with_who_and_why(method, path, who, reason, asked, seated, code, asleep):
    for _ in range(3):
        seated(who).generic(method, path.replace("CODE", code.reference))

    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.actor.username) == ("user.denied", "failure", who)
    assert event.detail == {
        "reason": reason,
        "asked": asked.replace("CODE", code.reference),
        "repeats_before": 0,
    }
    assert (event.client_ip, len(event.request_id)) == ("127.0.0.1", 32)
    assert Fold.objects.get().repeats == 2


@pytest.mark.parametrize("who", ["charlie", "mallory"])
def test_another_teams_code_costs_the_same_statements_as_one_that_does_not_exist(seated, code, who):
    def shapes(reference):
        browser = seated(who)
        with CaptureQueriesContext(connection) as captured:
            browser.get(f"/codes/{reference}/")
        Fold.objects.all().delete()
        return [re.sub(r"'.*?'|\d+", "?", query["sql"])[:120] for query in captured.captured_queries]

    shapes(code.reference)  # templates and banner
    assert shapes(code.reference) == shapes("zzzzzzz")


def test_many_references_that_are_none_leave_one_event(as_charlie):
    for letter in "abcdefgh":
        assert as_charlie.get(f"/codes/{letter * 7}/").status_code == 404

    assert AuditEvent.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_busy_record_never_turns_a_refusal_into_an_error(as_charlie, as_dora, code):
    def busy(execute, sql, params, many, context):
        if "registercodes_audithead" in sql:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(busy):
        assert as_charlie.get(f"/codes/{code.reference}/").status_code == 404
        assert as_dora.get(f"/codes/{code.reference}/disable/").status_code == 403
    assert not AuditEvent.objects.exists()


def test_another_teams_form_answers_exactly_as_one_that_does_not_exist(as_charlie, web):
    assert same_page(as_charlie.get("/teams/web/codes/new/")) == same_page(as_charlie.get("/teams/none/codes/new/"))


def test_another_teams_codes_never_fill_a_form_or_a_list(as_charlie, code):
    assert as_charlie.get(f"/teams/payments/codes/new/?like={code.reference}").status_code == 404
    assert code.reference not in text(as_charlie.get("/"))
    assert code.reference not in text(as_charlie.get("/?team=web"))


def test_a_membership_that_nobody_confirmed_for_thirty_days_has_lapsed(as_alice, alice, code):
    kept, lapsed = (timezone.now() - timedelta(days=30) + timedelta(minutes=shift) for shift in (1, -1))
    Membership.objects.filter(user=alice).update(checked_at=kept)
    assert as_alice.get(f"/codes/{code.reference}/").status_code == 200

    Membership.objects.filter(user=alice).update(checked_at=lapsed)

    assert [
        as_alice.get(path).status_code for path in ("/", "/teams/web/codes/new/", f"/codes/{code.reference}/")
    ] == [*(403, 404, 404)]


def test_a_right_that_ended_is_gone_at_the_next_request(as_alice, alice, code, typed, cloud):
    assert as_alice.get("/teams/web/codes/new/").status_code == 200

    Membership.objects.filter(user=alice).delete()

    assert send(as_alice, "/teams/web/codes/new/", typed()).status_code == 404
    assert cloud.calls() == []


@pytest.mark.parametrize("role", ["auditor", "administrator"])
def test_no_role_ever_lets_anyone_issue(role, web, typed, cloud):
    client = browser_of(person("ronald", roles=(role,)))

    assert send(client, "/teams/web/codes/new/", typed()).status_code == 404
    assert cloud.calls() == [] and not RegisterCode.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"REMOTE_USER": "alice"},
        {"HTTP_REMOTE_USER": "alice"},
        {"HTTP_X_REMOTE_USER": "alice"},
        {"HTTP_X_FORWARDED_USER": "alice"},
        {"HTTP_X_AUTH_REQUEST_USER": "alice", "HTTP_X_AUTH_REQUEST_GROUPS": "sample-web"},
        {"HTTP_AUTHORIZATION": "Basic YWxpY2U6YWxpY2U="},
        {"HTTP_X_SSL_CLIENT_S_DN": "CN=alice"},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_who_somebody_is_is_never_read_from_a_header(client, alice, code, headers):
    assert client.get(f"/codes/{code.reference}/", **headers).status_code == 302
