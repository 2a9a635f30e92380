"""Who may do what under single sign-on: a literal table of every address and everybody who may come to it."""

import re
from datetime import timedelta

import pytest
from cast import Typed
from django.conf import settings as configured
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLPattern, get_resolver
from django.utils import timezone
from glass_breaking import let_in
from provider_visitor import LOGIN, loopback_provider, provider  # noqa: F401
from reading_pages import heading, send, text
from records import a_code, placed
from seats import seat

from portal.sso.models import User
from registercodes.models import Fold, Membership, RegisterCode, Team

pytestmark = pytest.mark.django_db

PEOPLE = ["anonymous", "member", "other", "teamless", "lapsed", "auditor", "admin", "gone", "glass"]
# The member made the code, and is who broke the glass; "gone" was deactivated while signed in. Beside statuses:
# "login" is sent to the provider first, by a redirect or, after a press, by a page that moves on.
TABLE = """
                                anonymous member other teamless lapsed auditor admin  gone glass
GET    /                            login    200   200      403    403     200   200 login   200
GET    /teams/web/codes/new/        login    200   404      404    404     404   404 login   403
POST   /teams/web/codes/new/        login    200   404      404    404     404   404 login   403
POST   /teams/web/codes/plan/       login    200   404      404    404     404   404 login   403
GET    /teams/web/codes/sites/      login    200   404      404    404     404   404 login   403
POST   /teams/web/codes/sites/      login    422   404      404    404     404   404 login   403
GET    /teams/asleep/codes/sites/   login    403   404      404    404     404   404 login   403
GET    /teams/web/codes/sites/one/  login    302   302      302    302     302   302 login   403
POST   /teams/web/codes/sites/one/  login    302   404      404    404     404   404 login   403
GET    /teams/none/codes/new/       login    404   404      404    404     404   404 login   403
POST   /teams/none/codes/new/       login    404   404      404    404     404   404 login   403
GET    /teams/asleep/codes/new/     login    403   404      404    404     404   404 login   403
POST   /teams/asleep/codes/new/     login    403   404      404    404     404   404 login   403
GET    /codes/CODE/                 login    200   404      404    404     200   200 login   200
POST   /codes/CODE/stored/          login    302   404      404    404     403   403 login   403
GET    /codes/CODE/disable/         login    200   404      404    404     403   200 login   200
POST   /codes/CODE/disable/         login    302   404      404    404     403   302 login   302
GET    /codes/zzzzzzz/              login    404   404      404    404     404   404 login   404
POST   /codes/zzzzzzz/stored/       login    404   404      404    404     404   404 login   403
POST   /codes/zzzzzzz/disable/      login    404   404      404    404     404   404 login   404
GET    /codes/CODE/replace/         login    200   404      404    404     403   403 login   403
POST   /codes/CODE/replace/         login    302   404      404    404     403   403 login   403
POST   /codes/CODE/refresh/         login    302   404      404    404     403   302 login   302
POST   /codes/CODE/told/            login    302   404      404    404     403   403 login   403
GET    /codes/disable-several/      login    200   200      403    403     200   200 login   200
POST   /codes/disable-several/      login    200   200      403    403     200   200 login   200
GET    /codes.csv                   login    200   200      403    403     200   200 login   200
GET    /attention/                  login    200   200      403    403     200   200 login   200
GET    /adopted/                    login    200   200      403    403     200   200 login   200
GET    /outside/                    login    403   403      403    403     403   200 login   403
GET    /outside/clean-up/           login    403   403      403    403     403   200 login   403
POST   /outside/clean-up/           login    403   403      403    403     403   422 login   403
GET    /outside/OUTSIDE/disable/    login    404   404      404    404     404   200 login   404
POST   /outside/OUTSIDE/disable/    login    404   404      404    404     404   422 login   404
GET    /outside/OUTSIDE/adopt/      login    403   403      403    403     403   200 login   403
POST   /outside/OUTSIDE/adopt/      login    403   403      403    403     403   422 login   403
GET    /outside/ADOPTED/disable/    login    200   404      404    404     404   200 login   200
POST   /outside/ADOPTED/disable/    login    422   404      404    404     404   422 login   422
GET    /outside/0/disable/          login    404   404      404    404     404   404 login   404
GET    /find/                       login    200   200      403    403     200   200 login   200
POST   /find/                       login    422   422      403    403     422   422 login   403
GET    /find/report/                login    200   200      200    200     200   200 login   200
POST   /find/report/                login    422   422      422    422     422   422 login   403
GET    /admin/                                    login   403   403   403   403   200   200 login   403
GET    /admin/overview/                           login   403   403   403   403   200   200 login   403
GET    /admin/registercodes/auditevent/           login   403   403   403   403   200   200 login   403
GET    /admin/registercodes/registercode/         login   403   403   403   403   200   200 login   403
GET    /admin/registercodes/team/                 login   403   403   403   403   200   200 login   403
GET    /admin/sso/user/                           login   403   403   403   403   200   200 login   403
GET    /admin/sso/                                login   403   403   403   403   200   200 login   403
GET    /admin/registercodes/auditevent/0/change/  login   403   403   403   403   404   404 login   403
GET    /admin/registercodes/registercode/0/change/ login   403   403   403   403   404   404 login   403
GET    /admin/sso/user/0/change/                  login   403   403   403   403   404   404 login   403
GET    /admin/sso/user/0/end-sessions/            login   403   403   403   403   403   404 login   403
POST   /admin/sso/user/0/end-sessions/            login   403   403   403   403   403   404 login   403
GET    /admin/sso/user/0/deactivate/              login   403   403   403   403   403   404 login   403
POST   /admin/sso/user/0/deactivate/              login   403   403   403   403   403   404 login   403
GET    /admin/sso/user/0/reactivate/              login   403   403   403   403   403   404 login   403
POST   /admin/sso/user/0/reactivate/              login   403   403   403   403   403   404 login   403
POST   /admin/registercodes/auditevent/           login   403   403   403   403   405   405 login   403
POST   /admin/sso/user/                           login   403   403   403   403   405   405 login   403
GET    /sso/sign-in/                  404    404   404      404    404     404   404   404   404
POST   /sso/sign-in/                  404    404   404      404    404     404   404   404   404
GET    /sso/login/                    302    302   302      302    302     302   302   302   302
POST   /sso/login/                    405    405   405      405    405     405   405   405   405
GET    /sso/callback/                 400    400   400      400    400     400   400   400   400
POST   /sso/callback/                 405    405   405      405    405     405   405   405   405
GET    /sso/logout/                   302    200   200      200    200     200   200   302   200
POST   /sso/logout/                   302    200   200      200    200     200   200   302   200
GET    /sso/signed-out/               200    200   200      200    200     200   200   200   200
GET    /sso/backchannel-logout/       405    405   405      405    405     405   405   405   405
POST   /sso/backchannel-logout/       400    400   400      400    400     400   400   400   400
GET    /sso/break-glass/              200    200   200      200    200     200   200   200   200
POST   /sso/break-glass/              422    422   422      422    422     422   422   422   422
GET    /healthz                       200    200   200      200    200     200   200   200   200
GET    /readyz                        200    200   200      200    200     200   200   200   200
GET    /static/portal/portal.css      200    200   200      200    200     200   200   200   200
GET    /codes/                        404    404   404      404    404     404   404   404   404
GET    /codes/CODE/value/             404    404   404      404    404     404   404   404   404
DELETE /codes/CODE/                 login    405   405      405    405     405   405 login   403
PUT    /teams/web/codes/new/        login    405   405      405    405     405   405 login   403
GET    /teams/web/codes/plan/       login    302   302      302    302     302   302 login   302
GET    /codes/CODE/stored/          login    302   302      302    302     302   302 login   302
HEAD   /                            login    200   200      403    403     200   200 login   200
HEAD   /codes/CODE/                 login    200   404      404    404     200   200 login   200
HEAD   /teams/web/codes/new/        login    200   404      404    404     404   404 login   403
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
CASES = [(row[0], row[1], who, said) for row in ROWS for who, said in zip(PEOPLE, row[2:], strict=True)]
GROUPS = {
    "member": ["sample-web", "asleep"],
    "other": ["sample-payments"],
    "teamless": ["everyone"],
    "lapsed": ["sample-web", "asleep"],
    "auditor": ["portal-auditors"],
    "admin": ["portal-admins"],
    "gone": ["sample-web", "portal-admins"],
}
OPEN_TO_ALL = ("/sso/", "/find/report/", "/healthz", "/readyz", "/static/")


@pytest.fixture
def seated(provider, payments):
    """A browser in which the one whom ``who`` names signed in."""
    Team.objects.create(key="asleep", name="Asleep", sso_group="asleep", active=False)

    def of(who: str) -> Client:
        browser = seat(who, groups=GROUPS[who]) if who in GROUPS else Client()
        if who == "lapsed":
            long_ago = timezone.now() - timedelta(days=30, minutes=1)
            Membership.objects.filter(user__username=who).update(checked_at=long_ago)
        if who == "gone":
            User.objects.filter(username=who).update(is_active=False)
        return let_in("member") if who == "glass" else browser

    return of


@pytest.fixture
def member(seated):
    seated("member")
    return User.objects.get(username="member")


@pytest.fixture
def code(web, member):
    """Its maker is in the team, whoever signs in afterwards."""
    return a_code(team=web, person=member)


def ask(client: Client, method: str, path: str, fields):
    if method == "POST":
        return send(client, path, fields)
    answer = client.generic(method, path)
    if answer.streaming:  # a static file
        answer.close()
    return answer


def is_sent_to_sign_in(answer) -> bool:
    if answer.status_code == 302:
        return answer["Location"].startswith(LOGIN)
    return answer.status_code == 200 and not answer.streaming and f'content="0; url={LOGIN}' in text(answer)


@pytest.mark.parametrize(("method", "path", "who", "said"), CASES, ids=[" ".join(case[:3]) for case in CASES])
def test_every_address_answers_each_person_as_the_table_says(
    method, path, who, said, seated, code, member, web, cloud
):
    fields = Typed(member, web)() if path.startswith("/teams/") else {}

    answer = ask(seated(who), method, placed(path, code, web), fields)

    assert is_sent_to_sign_in(answer) is (said == "login")
    assert said == "login" or answer.status_code == int(said)
    if method == "POST":
        creates = who == "member" and path == "/teams/web/codes/new/"
        assert RegisterCode.objects.count() - 1 == len(cloud.calls("CreateRegisterCode")) == creates


def patterns(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)
        else:
            yield from patterns(pattern, prefix + str(pattern.pattern))


def test_every_address_of_the_portal_is_in_the_table():
    """Those below ADMIN_PATH have a table of their own."""
    admin = getattr(configured, "ADMIN_PATH", None)
    asked = {path.lstrip("/") for _, path, *_ in ROWS}
    for pattern in patterns():
        shape = re.sub(r"<slug:team_key>", "web", re.sub(r"<reference:reference>", "CODE", pattern))
        shape = shape.replace("<int:pk>", "OUTSIDE")
        if not (admin and pattern.startswith(admin.lstrip("/"))):
            assert shape in asked, f"{pattern} is not in the table"


def test_whoever_has_no_team_reads_whom_to_ask_and_reaches_nothing_else(seated, code):
    browser = seated("teamless")

    page = browser.get("/")

    assert page.status_code == 403 and heading(page) == "You are in no team yet"
    assert "Ask the desk on floor three." in text(page)
    column = 2 + PEOPLE.index("teamless")
    theirs = {(row[1], row[column]) for row in ROWS if not row[1].startswith(OPEN_TO_ALL)}
    assert {said for path, said in theirs} <= {"302", "403", "404", "405"}
    assert {path for path, said in theirs if said == "302"} == {
        "/teams/web/codes/plan/",
        "/teams/web/codes/sites/one/",
        "/codes/CODE/stored/",
    }


# Another team's and missing ones are the same to ask for.


def same_page(answer) -> tuple:
    """Everything but what differs at each request: its number, and tokens."""
    body = re.sub(r'<code translate="no">[0-9a-f]{32}</code>', "", text(answer))
    body = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", body)
    return answer.status_code, sorted(set(answer.headers) - {"Content-Length"}), body


STRANGERS = ["other", "teamless", "lapsed"]
OF_A_CODE = [("GET", ""), ("GET", "disable/"), ("POST", "disable/"), ("POST", "stored/")]


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(("method", "tail"), OF_A_CODE)
def test_another_teams_code_answers_exactly_as_a_missing_one(seated, code, who, method, tail):
    browser = seated(who)

    theirs, none = (ask(browser, method, f"/codes/{name}/{tail}", {}) for name in (code.reference, "zzzzzzz"))

    assert same_page(theirs) == same_page(none)
    assert theirs.status_code == 404 and code.reference not in text(theirs)


@pytest.mark.parametrize("who", STRANGERS)
@pytest.mark.parametrize(("method", "tail"), OF_A_CODE)
def test_another_teams_code_costs_the_statements_of_a_missing_one(seated, code, who, method, tail):
    browser = seated(who)

    def shapes(reference: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            ask(browser, method, f"/codes/{reference}/{tail}", {})
        Fold.objects.all().delete()
        return [re.sub(r"'.*?'|\d+", "?", query["sql"])[:120] for query in captured.captured_queries]

    shapes(code.reference)  # templates and banner
    assert shapes(code.reference) == shapes("zzzzzzz")


@pytest.mark.parametrize("who", [*STRANGERS, "auditor", "admin"])
@pytest.mark.parametrize(("method", "form"), [("GET", "new"), ("POST", "new"), ("POST", "plan")])
def test_another_team_answers_exactly_as_a_missing_one(seated, code, web, member, who, method, form):
    browser, fields = seated(who), Typed(member, web)()

    theirs, none = (ask(browser, method, f"/teams/{key}/codes/{form}/", fields) for key in ("web", "none"))

    assert same_page(theirs) == same_page(none)
    assert theirs.status_code == 404
