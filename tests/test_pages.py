"""Every page and outcome: its status, its one heading, what it says was created, and how often it asks the database."""

import re
from datetime import timedelta

import pytest
from cast import browser_of
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reading_pages import heading, send, summary, text, typed_in, value_in
from records import a_code

from registercodes.models import Membership, RegisterCode, Team

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"

# fault at the cloud, status, heading, what "Was anything created?" is answered with, where the row ends.
OUTCOMES = {
    "refused": ({"fault": "error", "code": "LimitExceeded"}, "The cloud refused this code", "No. ", "refused"),
    "unknown": ({"fault": "reset"}, "The cloud’s answer never arrived", "Perhaps. ", "unknown"),
    "cloud fault": (
        {"fault": "error", "code": "InternalError"},
        "The cloud’s answer never arrived",
        "Perhaps. ",
        "unknown",
    ),
    "withheld": ({"fault": "no_value"}, "The code was made, but its value is withheld", "Yes, but ", "withheld"),
}


def said_of_creation(response) -> str:
    answer = re.search(r"Was anything created\?</dt>\s*<dd>(.*?)</dd>", text(response), re.DOTALL)
    return answer.group(1).strip()


def is_well_formed(response) -> bool:
    page = text(response)
    assert page.count("<h1") == 1
    assert not re.search(r"<(script|style)[^>]*>[^<]", page), "inline script or style"
    assert not re.search(r'\s(style|on\w+)="', page), "inline style or handler"
    assert not re.search(r'(src|href|action)="(https?:)?//', page), "something of another site"
    assert "</html>" in page and "{{" not in page and "{%" not in page
    return True


def test_an_issued_code_is_200_with_value_id_and_commands(as_alice, typed, cloud):
    response = send(as_alice, NEW, typed())

    code, value = RegisterCode.objects.get(), value_in(response)
    assert (response.status_code, heading(response)) == (200, "Your register code")
    assert is_well_formed(response)
    assert text(response).count(value) == 3  # itself, and two commands; the third asks for it
    assert f"register ap-singapore {code.code_id} {value}" in text(response)
    assert "Up to 10 hosts in ap-singapore, named web…, from 203.0.113.0/24 (256 addresses), until " in text(response)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_every_outcome_with_a_row_is_200_and_says_whether_anything_was_created(as_alice, typed, cloud, outcome):
    fault, title, created, state = OUTCOMES[outcome]
    cloud.fault(**fault)

    response = send(as_alice, NEW, typed())

    code = RegisterCode.objects.get()
    assert (response.status_code, heading(response), code.state) == (200, title, state)
    assert said_of_creation(response).startswith(created)
    assert code.reference in text(response) and is_well_formed(response)
    assert f"{NEW}?like={code.reference}" in text(response)


def test_a_cloud_that_cannot_be_reached_is_200_and_not_sent(as_alice, typed, point_at):
    point_at("http://127.0.0.1:1")

    response = send(as_alice, NEW, typed())

    assert (response.status_code, heading(response)) == (200, "The request never reached the cloud")
    assert said_of_creation(response).startswith("No. ")
    assert RegisterCode.objects.get().state == "not_sent"


def test_no_place_to_wait_for_the_cloud_is_503_and_keeps_words_and_submission(as_alice, typed, cloud, settings):
    settings.TAT_CONCURRENT = 0
    fields = typed()

    response = send(as_alice, NEW, fields)

    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert typed_in(response, "description") == "webserver"
    assert typed_in(response, "submission") == fields["submission"]
    assert cloud.calls() == [] and not RegisterCode.objects.exists()
    settings.TAT_CONCURRENT = 4
    assert value_in(send(as_alice, NEW, fields))


def test_mistakes_are_422_with_a_summary_that_leads_to_the_fields(as_alice, typed, cloud):
    response = send(as_alice, NEW, typed(register_limit="0"))

    assert (response.status_code, heading(response)) == (422, "New register code")
    assert summary(response) == ["How many hosts: Use 1 or more."]
    assert 'href="#id_register_limit"' in text(response) and is_well_formed(response)
    assert "<title>Error: New register code" in text(response) and "Error:" not in text(as_alice.get(NEW))


def test_a_row_that_is_still_pending_shows_still_working_and_moves_on(as_alice, alice, web, typed):
    fields = typed()
    token = submission_of(fields, alice, web)
    a_code(team=web, person=alice, state="pending", submission=token, **asked_by(fields))

    response = send(as_alice, NEW, fields)

    assert (response.status_code, heading(response)) == (200, "Still working on this code")
    assert 'http-equiv="refresh"' in text(response) and is_well_formed(response)


def submission_of(fields, person, team):
    from registercodes import submissions

    return submissions.opened(fields["submission"], person=person, team=team)


def asked_by(fields) -> dict:
    texts = ("region", "description", "instance_name_prefix", "ip_address_range")
    return {name: fields[name] for name in texts}


CARDS = {
    "pending": ({"state": "pending"}, "Still working"),
    "pending for too long": ({"state": "pending", "created_at": timezone.now() - timedelta(minutes=5)}, "Unknown"),
    "unconfirmed": ({}, "Unconfirmed"),
    "active": ({"confirmed_at": timezone.now()}, "Active"),
    "expired": ({"expires_at": timezone.now() - timedelta(seconds=1)}, "Expired"),
    "not disabled yet": ({"disable_wanted_at": timezone.now()}, "Disabling"),
    "disabled": ({"disabled_at": timezone.now()}, "Disabled"),
    "permanent": ({"permanent": True, "effective_time": 100_000, "confirmed_at": timezone.now()}, "Active"),
    "refused": ({"state": "refused"}, "Refused"),
    "not sent": ({"state": "not_sent"}, "Not sent"),
    "unknown": ({"state": "unknown"}, "Unknown"),
    "withheld": ({"state": "withheld"}, "Withheld"),
    "found": ({"state": "found", "disabled_at": timezone.now()}, "Found and disabled"),
    "found and not disabled yet": ({"state": "found", "disable_wanted_at": timezone.now()}, "Disabling"),
    "absent": ({"state": "absent"}, "Never made"),
}


@pytest.mark.parametrize("case", CARDS)
def test_the_card_and_the_list_name_how_a_code_stands(as_alice, alice, web, case):
    facts, label = CARDS[case]
    code = a_code(team=web, person=alice, **facts)

    card, home = as_alice.get(f"/codes/{code.reference}/"), as_alice.get("/")

    for page in (card, home):
        assert page.status_code == 200 and is_well_formed(page)
        assert f">{label}</span>" in text(page)
    assert ("Disable</a>" in text(card)) is bool(code.code_id and not code.disabled_at)


def test_large_numbers_are_grouped_and_long_lives_are_told_in_years_too(as_alice, alice, web):
    code = a_code(team=web, person=alice, register_limit=10_000, effective_time=99_999)

    card, home = (text(as_alice.get(path)).replace("\u00a0", " ") for path in (f"/codes/{code.reference}/", "/"))

    assert "<dd>10 000</dd>" in card and "<dd>99 999 hours (about 11.4 years)</dd>" in card
    assert ">10 000</td>" in home


def test_reading_a_page_never_writes_history(as_alice, alice, web):
    code = a_code(team=web, person=alice, state="pending", created_at=timezone.now() - timedelta(hours=1))

    as_alice.get(f"/codes/{code.reference}/")
    as_alice.get("/")

    code.refresh_from_db()
    assert code.state == "pending" and not code.events.exists()


def test_saying_it_is_stored_is_noted_once_and_the_card_stops_asking(as_alice, alice, web):
    code = a_code(team=web, person=alice)

    for _ in range(2):
        assert as_alice.post(f"/codes/{code.reference}/stored/")["Location"] == f"/codes/{code.reference}/"

    assert [event.action for event in code.events.all()] == ["code.confirmed"]
    assert "I have stored it" not in text(as_alice.get(f"/codes/{code.reference}/"))


def test_disabling_is_asked_for_in_words_and_then_done(as_alice, typed, cloud):
    send(as_alice, NEW, typed())
    code = RegisterCode.objects.get()
    asked = as_alice.get(f"/codes/{code.reference}/disable/")
    assert heading(asked) == "Disable this code?" and "cannot be undone" in text(asked)

    as_alice.post(f"/codes/{code.reference}/disable/")

    assert cloud.code(code.code_id).Enabled is False
    assert ">Disabled</span>" in text(as_alice.get(f"/codes/{code.reference}/"))
    assert as_alice.get(f"/codes/{code.reference}/disable/")["Location"] == f"/codes/{code.reference}/"


def test_a_long_list_is_paged_by_key(as_alice, alice, web):
    codes = [a_code(team=web, person=alice) for _ in range(60)]

    shown, path = [], "/"
    while path:
        page = text(as_alice.get(path))
        shown += re.findall(r'class="codes-ref" translate="no">(\w{7})<', page)
        older = re.search(r'href="(\?[^"]*before=\d+)"', page)
        path = "/" + older.group(1).replace("&amp;", "&") if older else ""

    assert shown == [code.reference for code in reversed(codes)]


@pytest.mark.parametrize(
    "odd", ["before=x", "before=-1", "before=9999999999999999999999", "before=٣", "before=", "like="]
)
def test_an_odd_query_shows_the_plain_page(as_alice, web, odd):
    assert as_alice.get(f"/?team=web&{odd}").status_code == 200
    assert as_alice.get(f"{NEW}?{odd}").status_code == 200


@pytest.mark.parametrize("unknown", ["none", "payments", "\x00", "<b>"])
def test_a_list_of_a_team_one_is_not_in_is_404(as_alice, payments, unknown):
    assert as_alice.get("/", {"team": unknown}).status_code == 404


def test_the_plan_is_a_sentence_and_sends_nothing(as_alice, typed, cloud):
    fields = typed(ip_address_range="192.168.10.1/10", register_limit="40")
    plan = text(as_alice.post("/teams/web/codes/plan/", fields, headers={"X-Requested-With": "fetch"}))

    assert (
        "Up to 40 hosts in ap-singapore, named web…, from 192.128.0.0/10 (4 194 304 addresses), until "
        in plan.replace("\u00a0", " ")
    )
    assert "192.168.10.1/10 means the whole network" in plan and "<h1" not in plan
    assert cloud.calls() == [] and not RegisterCode.objects.exists()


@pytest.mark.parametrize("changes", [{}, {"register_limit": "0"}], ids=["good", "wrong"])
def test_without_scripts_the_plan_is_asked_for_by_a_button_that_sends_nothing(as_alice, typed, cloud, changes):
    fields = typed() | changes

    page = send(as_alice, "/teams/web/codes/plan/", fields)

    assert (page.status_code, heading(page)) == (200, "New register code")
    assert typed_in(page, "submission") == fields["submission"]
    assert ("Up to 10 hosts in ap-singapore, named web…" in text(page)) is (not changes)
    assert cloud.calls() == [] and not RegisterCode.objects.exists()
    assert value_in(send(as_alice, NEW, typed() | {"submission": fields["submission"]}))


# How often each page asks the database; a number that grows with the rows would show here.

QUERIES = {"/": 7, NEW: 4, "/codes/{}/": 10, "/codes/{}/disable/": 8, "/nowhere/": 4, "/sso/sign-in/": 3}

ISSUE = {"sqlite": 19, "postgresql": 16}  # two of SQLite switch its flush off and on


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize("path", QUERIES)
def test_queries_are_pinned(alice, web, cloud, django_assert_num_queries, path, rows):
    codes = [a_code(team=web, person=alice) for _ in range(rows)]
    browser = browser_of(alice)
    browser.get(path.format(codes[0].reference))  # a card asks the cloud for its hosts, once in ten seconds

    with django_assert_num_queries(QUERIES[path]):
        browser.get(path.format(codes[0].reference))


@pytest.mark.django_db(transaction=True)
def test_after_the_outcome_is_committed_its_page_asks_the_database_nothing(as_alice, typed, cloud):
    """A database that goes away in that moment must not cost the value; and the number of statements is pinned."""
    as_alice.post(NEW, typed())
    with CaptureQueriesContext(connection) as captured:
        assert as_alice.post(NEW, typed()).status_code == 200

    statements = [query["sql"].split()[0] for query in captured.captured_queries]
    assert statements[-1] == "COMMIT"
    assert len([word for word in statements if word not in {"BEGIN", "COMMIT"}]) == ISSUE[connection.vendor]


def test_queries_of_a_list_grow_with_teams_and_never_with_codes(alice, web, cloud, django_assert_num_queries):
    other = Team.objects.create(key="other", name="Other", sso_group="other")
    Membership.objects.create(team=other, user=alice, checked_at=timezone.now())
    for team in (web, other):
        for _ in range(10):
            a_code(team=team, person=alice)

    browser = browser_of(alice)

    with django_assert_num_queries(QUERIES["/"] + 1):
        browser.get("/")
