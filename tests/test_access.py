"""Who may do what: a literal table of every address and every member of the cast."""

import re
from urllib.parse import urlencode

import pytest
from access_cast import asleep, code, seated  # noqa: F401
from django.urls import URLPattern, get_resolver
from reading_pages import send
from records import placed

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
