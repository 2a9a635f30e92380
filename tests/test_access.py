"""Who may do what: a literal table of every address and every member of the cast, and what must not widen it."""

import re
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from cast import browser_of, person
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from reading_pages import send, text
from records import a_code, placed

from portal.sso.models import User
from registercodes.models import AuditEvent, Fold, Membership, RegisterCode, Team

pytestmark = pytest.mark.django_db

PEOPLE = ["anonymous", "alice", "bob", "charlie", "mallory", "dora", "erin", "deactivated"]
# Alice made the code. 302 is the sign-in page for whoever is not signed in, else the page that follows.
TABLE = """
                                anonymous alice bob charlie mallory dora erin deactivated
GET  /                                302   200 200     200     403  200  200         302
GET  /teams/web/codes/new/            302   200 200     404     404  404  404         302
POST /teams/web/codes/new/            302   200 422     404     404  404  404         302
POST /teams/web/codes/plan/           302   200 200     404     404  404  404         302
GET  /teams/web/codes/sites/          302   200 200     404     404  404  404         302
POST /teams/web/codes/sites/          302   422 422     404     404  404  404         302
GET  /teams/asleep/codes/sites/       302   403 403     404     404  404  404         302
GET  /teams/web/codes/sites/one/      302   302 302     302     302  302  302         302
POST /teams/web/codes/sites/one/      302   302 302     404     404  404  404         302
POST /teams/asleep/codes/sites/one/   302   403 403     404     404  404  404         302
GET  /teams/none/codes/new/           302   404 404     404     404  404  404         302
GET  /teams/asleep/codes/new/         302   403 403     404     404  404  404         302
POST /teams/asleep/codes/new/         302   403 403     404     404  404  404         302
GET  /codes/CODE/                     302   200 200     404     404  200  200         302
POST /codes/CODE/stored/              302   302 403     404     404  403  403         302
GET  /codes/CODE/disable/             302   200 200     404     404  403  200         302
POST /codes/CODE/disable/             302   302 302     404     404  403  302         302
GET  /codes/CODE/replace/             302   200 200     404     404  403  403         302
POST /codes/CODE/replace/             302   302 302     404     404  403  403         302
POST /codes/CODE/refresh/             302   302 302     404     404  403  302         302
GET  /codes/CODE/refresh/             302   302 302     302     302  302  302         302
POST /codes/CODE/told/                302   302 403     404     404  403  403         302
GET  /codes/CODE/told/                302   302 302     302     302  302  302         302
GET  /codes/disable-several/          302   200 200     200     403  200  200         302
POST /codes/disable-several/          302   200 200     200     403  200  200         302
GET  /codes/disable-several/?code=CODE 302  200 200     404     403  403  200         302
POST /codes/disable-several/?code=CODE 302  200 200     404     403  403  200         302
GET  /codes.csv                       302   200 200     200     403  200  200         302
GET  /codes/zzzzzzz/                  302   404 404     404     404  404  404         302
POST /codes/zzzzzzz/stored/           302   404 404     404     404  404  404         302
POST /codes/zzzzzzz/disable/          302   404 404     404     404  404  404         302
GET  /attention/                      302   200 200     200     403  200  200         302
GET  /adopted/                        302   200 200     200     403  200  200         302
GET  /outside/                        302   403 403     403     403  403  200         302
GET  /outside/clean-up/               302   403 403     403     403  403  200         302
POST /outside/clean-up/               302   403 403     403     403  403  422         302
GET  /outside/OUTSIDE/disable/        302   404 404     404     404  404  200         302
POST /outside/OUTSIDE/disable/        302   404 404     404     404  404  422         302
GET  /outside/OUTSIDE/adopt/          302   403 403     403     403  403  200         302
POST /outside/OUTSIDE/adopt/          302   403 403     403     403  403  422         302
GET  /outside/ADOPTED/disable/        302   200 200     404     404  404  200         302
POST /outside/ADOPTED/disable/        302   422 422     404     404  404  422         302
GET  /outside/0/disable/              302   404 404     404     404  404  404         302
GET  /find/                           302   200 200     200     403  200  200         302
POST /find/                           302   422 422     422     403  422  422         302
GET  /find/report/                    302   200 200     200     200  200  200         302
POST /find/report/                    302   422 422     422     422  422  422         302
GET  /sso/sign-in/                    200   200 200     200     200  200  200         200
POST /sso/sign-in/                    302   302 302     302     302  302  302         302
GET  /sso/login/                      302   302 302     302     302  302  302         302
GET  /sso/callback/                   404   404 404     404     404  404  404         404
GET  /sso/logout/                     302   200 200     200     200  200  200         302
POST /sso/logout/                     302   302 302     302     302  302  302         302
GET  /sso/signed-out/                 200   200 200     200     200  200  200         200
POST /sso/backchannel-logout/         404   404 404     404     404  404  404         404
GET  /sso/break-glass/                200   200 200     200     200  200  200         200
POST /sso/break-glass/                422   422 422     422     422  422  422         422
GET  /healthz                         200   200 200     200     200  200  200         200
GET  /readyz                          200   200 200     200     200  200  200         200
GET  /static/portal/portal.css        200   200 200     200     200  200  200         200
GET  /admin/                          302   403 403     403     403  200  200         302
GET  /codes/                          404   404 404     404     404  404  404         404
GET  /codes/CODE/value/               404   404 404     404     404  404  404         404
DELETE /codes/CODE/                   302   405 405     405     405  405  405         302
PUT  /teams/web/codes/new/            302   405 405     405     405  405  405         302
GET  /teams/web/codes/plan/           302   302 302     302     302  302  302         302
GET  /codes/CODE/stored/              302   302 302     302     302  302  302         302
HEAD /                                302   200 200     200     403  200  200         302
HEAD /codes/CODE/                     302   200 200     404     404  200  200         302
HEAD /teams/web/codes/new/            302   200 200     404     404  404  404         302
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
CASES = [(row[0], row[1], who, int(status)) for row in ROWS for who, status in zip(PEOPLE, row[2:], strict=True)]


@pytest.fixture
def asleep(alice, bob):
    team = Team.objects.create(key="asleep", name="Asleep", sso_group="asleep", active=False)
    for user in (alice, bob):
        Membership.objects.create(team=team, user=user, checked_at=timezone.now())
    return team


@pytest.fixture
def code(web, alice):
    return a_code(team=web, person=alice)


@pytest.fixture
def seated(request, web):
    """Of the one whom ``who`` names."""

    def of(who: str) -> Client:
        if who == "anonymous":
            return Client()
        if who == "deactivated":
            gone = browser_of(user := person("zoe", teams=(web,), roles=("administrator",)))
            User.objects.filter(pk=user.pk).update(is_active=False)
            return gone
        return request.getfixturevalue(f"as_{who}")

    return of


@pytest.mark.parametrize(
    ("method", "path", "who", "status"), CASES, ids=[" ".join(map(str, case[:3])) for case in CASES]
)
def test_every_address_answers_each_person_as_the_table_says(
    method, path, who, status, seated, code, asleep, typed, cloud
):
    path = placed(path, code, code.team)

    answer = ask(seated(who), method, path, typed)

    assert answer.status_code == status
    if who in {"anonymous", "deactivated"} and status == 302 and path.split("/")[1] != "sso":
        page = path.replace("plan", "new").replace("one/", "").partition("?")[0] if method == "POST" else path
        assert answer["Location"] == f"/sso/sign-in/?{urlencode({'next': page}, safe='/')}"


def ask(client, method, path, typed):
    if method != "POST":
        answer = client.generic(method, path)
        answer.close()  # of a static file
        return answer
    path, _, query = path.partition("?")
    return send(client, path, typed() if path.startswith("/teams/") else query)


def patterns(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)
        elif pattern.namespace != "admin":  # test_admin_site.py has a table of its own
            yield from patterns(pattern, prefix + str(pattern.pattern))


def test_every_address_of_the_portal_is_in_the_table():
    asked = {path.lstrip("/").partition("?")[0] for _, path, *_ in ROWS}
    for pattern in patterns():
        shape = re.sub(r"<slug:team_key>", "web", re.sub(r"<reference:reference>", "CODE", pattern))
        shape = shape.replace("<int:pk>", "OUTSIDE")
        assert shape in asked, f"{pattern} is not in the table"


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
