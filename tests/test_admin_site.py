"""Who reaches the admin: people with a role, by single sign-on alone; there is no password field to try."""

import re

import pytest
from cast import browser_of, person
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, get_resolver, reverse
from reading_pages import heading, text

from portal.addresses import TAKEN
from portal.sso.models import User
from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db

PEOPLE = ["anonymous", "alice", "charlie", "mallory", "dora", "erin", "deactivated"]
TABLE = """
                              anonymous alice charlie mallory dora erin deactivated
/admin/                             302   403     403     403  200  200         302
/admin/login/                       302   302     302     302  302  302         302
/admin/jsi18n/                      302   403     403     403  404  404         302
/admin/overview/                    302   403     403     403  200  200         302
/admin/registercodes/               302   403     403     403  200  200         302
/admin/registercodes/auditevent/    302   403     403     403  200  200         302
/admin/registercodes/auditevent/export/ 302 403   403     403  200  200         302
/admin/registercodes/auditevent/1/manifest/ 302 403 403   403  404  404         302
/admin/registercodes/registercode/  302   403     403     403  200  200         302
/admin/registercodes/team/          302   403     403     403  200  200         302
/admin/registercodes/team/TEAM/change/ 302 403    403     403  200  200         302
/admin/auth/                        302   403     403     403  404  404         302
/admin/sso/                         302   403     403     403  200  200         302
/admin/logout/                      302   403     403     403  404  404         302
/admin/password_change/             302   403     403     403  404  404         302
/admin/password_change/done/        404   404     404     404  404  404         404
/admin/autocomplete/                302   403     403     403  404  404         302
/admin/sso/user/                    302   403     403     403  200  200         302
/admin/auth/group/                  404   404     404     404  404  404         404
/admin/sessions/session/            404   404     404     404  404  404         404
/admin/admin/logentry/              404   404     404     404  404  404         404
/admin/r/1/1/                       404   404     404     404  404  404         404
"""
ROWS = [line.split() for line in TABLE.strip().splitlines()[1:]]
CASES = [(row[0], who, int(status)) for row in ROWS for who, status in zip(PEOPLE, row[1:], strict=True)]


@pytest.fixture
def seated(request, web):
    def of(who: str) -> Client:
        if who == "anonymous":
            return Client()
        if who == "deactivated":
            gone = browser_of(user := person("zoe", roles=("administrator",)))
            User.objects.filter(pk=user.pk).update(is_active=False)
            return gone
        return request.getfixturevalue(f"as_{who}")

    return of


@pytest.mark.parametrize(("path", "who", "status"), CASES, ids=[f"{case[0]} {case[1]}" for case in CASES])
def test_each_address_answers_each_person_as_the_table_says(path, who, status, seated, web):
    path = path.replace("TEAM", str(web.pk))

    answer = seated(who).get(path)

    assert answer.status_code == status
    if status == 302 and path != "/admin/login/":
        assert answer["Location"] == f"/sso/sign-in/?next={path}"


def patterns(resolver, prefix=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield prefix + str(pattern.pattern)
        else:
            yield from patterns(pattern, prefix + str(pattern.pattern))


EXPORT = "/admin/registercodes/auditevent/export/"  # test_export_page
DEEDS = ("<int:pk>/end-sessions/", "<int:pk>/deactivate/", "<int:pk>/reactivate/")  # test_admin_people


def addresses():
    """Of the admin, as its resolver knows them."""
    site = next(pattern for pattern in get_resolver().url_patterns if getattr(pattern, "namespace", "") == "admin")
    return [f"/{pattern}" for pattern in patterns(site, "admin/")]


def test_the_admin_has_these_addresses_and_no_other():
    models = "/admin/registercodes"
    assert addresses() == [
        *("/admin/", "/admin/overview/", "/admin/login/"),
        *(f"{models}/{name}/{tail}" for name in ("registercode", "auditevent") for tail in ("", "<int:pk>/change/")),
        *(EXPORT, f"{models}/auditevent/<int:pk>/manifest/"),
        *(f"{models}/team/", f"{models}/team/<path:object_id>/change/"),
        *(f"/admin/sso/user/{tail}" for tail in ("", "<int:pk>/change/", *DEEDS)),
        "/admin/<str:app_label>/",
    ]


@pytest.mark.parametrize("who", ["alice", "charlie", "mallory"])
def test_every_address_but_its_sign_in_refuses_whoever_has_no_role(seated, who):
    browser = seated(who)
    for address in set(addresses()) - {"/admin/login/"}:
        path = re.sub("<[^>]+>", "1", address)
        assert (browser.get(path).status_code, browser.post(path).status_code) == (403, 403), path


def test_every_address_but_a_policys_is_for_reading_alone(as_erin):
    deeds = {f"/admin/sso/user/{deed}" for deed in DEEDS}
    for address in set(addresses()) - {"/admin/registercodes/team/<path:object_id>/change/", EXPORT} - deeds:
        posted = as_erin.post(re.sub("<[^>]+>", "1", address), {"action": "delete_selected", "_selected_action": "1"})
        assert posted.status_code in {302, 404, 405}, address
        assert posted.status_code != 302 or posted["Location"].startswith("/sso/sign-in/"), address


def test_a_person_without_a_role_gets_the_portals_own_page_and_it_is_on_record(as_alice):
    for _ in range(2):
        answer = as_alice.get("/admin/")

    assert (answer.status_code, heading(answer)) == (403, "You may not do this")
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name) == ("user.denied", "Alice Sample")
    assert event.detail == {"reason": "admin_may_not_open", "asked": "/admin/", "repeats_before": 0}


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("", "/admin/"),
        ("/admin/registercodes/auditevent/?q=1", "/admin/registercodes/auditevent/%3Fq%3D1"),
        ("https://elsewhere.example/", "/admin/"),
        ("//elsewhere.example/", "/admin/"),
        ("/\\elsewhere.example", "/admin/"),
        ("javascript:alert(1)", "/admin/"),
        ("http:///elsewhere.example", "/admin/"),
    ],
)
def test_its_sign_in_is_single_sign_on_and_leads_on_to_this_site_only(client, wanted, leads_to):
    answer = client.get("/admin/login/", {"next": wanted})

    assert (answer.status_code, answer["Location"]) == (302, f"/sso/sign-in/?next={leads_to}")


def test_the_navigation_shows_it_to_people_with_a_role_alone(as_alice, as_dora, as_erin):
    link = '<a href="/admin/">Audit</a>'

    assert link in text(as_dora.get("/")) and link in text(as_erin.get("/"))
    assert link not in text(as_alice.get("/"))


def test_roles_are_read_with_the_person_in_one_statement(as_dora, django_assert_num_queries):
    as_dora.get("/admin/")

    with django_assert_num_queries(3):  # session, person with roles, the frame's teams
        as_dora.get("/admin/")


def test_it_signs_out_through_the_portal(as_dora):
    page = text(as_dora.get("/admin/"))

    assert re.findall(r'<form[^>]*action="([^"]*)"', page) == ["/sso/logout/"]


def test_every_first_word_of_an_address_is_closed_to_the_admins_path():
    words = {str(pattern.pattern).split("/")[0] for pattern in get_resolver().url_patterns}
    pages = get_resolver().url_patterns[-1]
    words |= {str(pattern.pattern).split("/")[0] for pattern in pages.url_patterns}

    assert words - {"", "admin"} <= TAKEN


@pytest.mark.parametrize("name", ["logout", "password_change", "password_change_done", "autocomplete", "view_on_site"])
def test_what_djangos_admin_has_besides_is_no_address(name):
    with pytest.raises(NoReverseMatch):
        reverse(f"admin:{name}")


def test_nothing_is_registered_that_is_not_ours():
    assert {model._meta.app_label for model in admin.site._registry} <= {"registercodes", "sso"}
    modules = {type(model_admin).__module__.split(".")[0] for model_admin in admin.site._registry.values()}
    assert modules <= {"registercodes", "portal"}


def test_a_password_is_asked_for_nowhere_and_djangos_log_stays_empty(client, as_dora, as_erin):
    for browser in (client, as_dora, as_erin):
        for path in ("/admin/", "/admin/login/"):
            answer = browser.get(path, follow=True)
            assert 'type="password"' not in text(answer) and "Recent actions" not in text(answer)
    posted = client.post("/admin/login/", {"username": "erin", "password": "erin"})
    assert posted.status_code == 302 and "_auth_user_id" not in client.session
    assert not LogEntry.objects.exists()
