"""The list of several sites: how lines are read, what is wrong with which, and that checking makes nothing."""

import html
import re

import pytest
from reading_pages import errors_beside, heading, send, summary, text

from registercodes import sites, submissions
from registercodes.models import AuditEvent, RegisterCode
from registercodes.sites import Site

SITES = "/teams/web/codes/sites/"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("203.0.113.7", [Site(1, "203.0.113.7")]),
        ("203.0.113.0/24, par, Paris", [Site(1, "203.0.113.0/24", "par", "Paris")]),
        ("203.0.113.0/24,par,Paris", [Site(1, "203.0.113.0/24", "par", "Paris")]),
        ("203.0.113.0/24, par", [Site(1, "203.0.113.0/24", "par")]),
        ("203.0.113.0/24,, Paris", [Site(1, "203.0.113.0/24", "", "Paris")]),
        (
            "203.0.113.0/24, par, Lyon, second floor, left",
            [Site(1, "203.0.113.0/24", "par", "Lyon, second floor, left")],
        ),
        ("  203.0.113.7 ,  par\t,  Paris  ", [Site(1, "203.0.113.7", "par", "Paris")]),
        ("203.0.113.7\r\n198.51.100.7\r\n", [Site(1, "203.0.113.7"), Site(2, "198.51.100.7")]),
        ("203.0.113.7\r198.51.100.7", [Site(1, "203.0.113.7"), Site(2, "198.51.100.7")]),
        ("\n\n203.0.113.7\n  \n198.51.100.7", [Site(3, "203.0.113.7"), Site(5, "198.51.100.7")]),
        (", par", [Site(1, "", "par")]),
        ("a\u2028b\x0bc", [Site(1, "a\u2028b\x0bc")]),
        ("", []),
        (" \r\n \n", []),
    ],
)
def test_lines_are_read_as_the_table_says(typed, read):
    assert sites.read(typed) == read


def test_the_same_network_twice_is_found_however_it_is_written():
    found = sites.read("203.0.113.0/24\n198.51.100.7\n203.0.113.9/24\n198.51.100.7/32\n198.51.100.8")

    assert sites.repeated(found) == {3: 1, 4: 2}


@pytest.fixture
def listed(alice, web):
    """Fields as Alice's browser sends them, with a submission of its own at each call."""

    def of(lines: str, **changes: str) -> dict[str, str]:
        return {
            "lines": lines,
            "region": "ap-singapore",
            "register_limit": "3",
            "validity": "hours",
            "effective_time": "4",
            "submission": submissions.new_token(person=alice, team=web),
        } | changes

    return of


def tokens(page) -> list[str]:
    return re.findall(r'data-token="([^"]+)"', text(page))


def warned(page) -> list[str]:
    return [html.unescape(words) for words in re.findall(r'<p class="site-warning">(.*?)</p>', text(page))]


def many(count: int) -> str:
    return "\r\n".join(f"203.0.113.{number}, site{number}" for number in range(1, count + 1))


@pytest.mark.django_db
def test_a_list_that_is_right_is_shown_line_by_line_and_makes_nothing(as_alice, listed, alice, web, cloud):
    page = send(as_alice, SITES, listed("203.0.113.0/24, par, Paris\r\n\r\n198.51.100.7,, <b>Lyon</b>, left"))

    assert (page.status_code, heading(page)) == (200, "Codes for several sites")
    assert "no-store" in page["Cache-Control"]
    lines = [submissions.line_in(token, person=alice, team=web) for token in tokens(page)]
    assert [(line.asked.ip_address_range, line.asked.description) for line in lines] == [
        ("203.0.113.0/24", "Paris"),
        ("198.51.100.7", "<b>Lyon</b>, left"),
    ]
    assert {(line.asked.register_limit, line.asked.effective_time) for line in lines} == {(3, 4)}
    assert "&lt;b&gt;Lyon&lt;/b&gt;, left" in text(page) and "Line 3" in text(page)
    assert not cloud.calls() and not RegisterCode.objects.exists()


@pytest.mark.django_db
def test_fifty_lines_are_taken_and_fifty_one_are_not(as_alice, listed):
    assert len(set(tokens(send(as_alice, SITES, listed(many(50)))))) == 50

    page = send(as_alice, SITES, listed(many(51)))

    assert page.status_code == 422 and not tokens(page)
    assert summary(page) == ["Sites, one a line: Use at most 50 lines; this has 51."]


@pytest.mark.django_db
def test_every_wrong_line_is_named_with_what_is_wrong_and_nothing_can_be_sent(as_alice, listed, cloud):
    typed = "203.0.113.7\n300.1.1.1, par\n, lyo\n198.51.100.7, " + "x" * 33 + "\n198.51.100.0/24-9,,a\u200eb"

    page = send(as_alice, SITES, listed(typed))

    assert page.status_code == 422 and not tokens(page)
    assert [line.split(": ", 1)[1] for line in summary(page)] == [
        "Line 2, IP range: Use an IPv4 address or CIDR block, such as 203.0.113.7 or 203.0.113.0/24.",
        "Line 3, IP range: Begin the line with the site's IP range.",
        "Line 4, Instance name prefix: Use at most 32 characters; this has 33.",
        "Line 5, Description: Remove the invisible character U+200E; one line of visible text is wanted.",
        "Line 5, IP range: One address or one CIDR block only: a code takes no lists or from–to ranges.",
    ]
    assert "300.1.1.1, par" in html.unescape(text(page))  # what was typed stays


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", " \r\n\r\n"])
def test_an_empty_list_asks_for_lines(as_alice, listed, typed):
    assert summary(send(as_alice, SITES, listed(typed))) == ["Sites, one a line: Paste one line for each site."]


@pytest.mark.django_db
def test_what_is_common_is_said_once_beside_its_field(as_alice, listed):
    page = send(as_alice, SITES, listed(many(3), register_limit="0", effective_time="x", region="mars"))

    assert {name: len(messages) for name, messages in errors_beside(page).items()} == {
        "region": 1,
        "register_limit": 1,
        "effective_time": 1,
    }


@pytest.mark.django_db
def test_policy_is_asked_for_each_line_and_its_refusal_is_on_record(as_alice, listed, web, cloud):
    web.allowed_networks, web.description_required = ["203.0.113.0/24"], True
    web.save()

    page = send(as_alice, SITES, listed("203.0.113.7,, Paris\n198.51.100.7,, Lyon\n203.0.113.8"))

    assert [line.split(": ", 1)[1] for line in summary(page)] == [
        "Line 2, IP range: Your team allows addresses in 203.0.113.0/24 only.",
        "Line 3, Description: Your team asks for a description.",
    ]
    event = AuditEvent.objects.get()
    assert event.action == "code.denied"
    assert event.detail["reason"] == "web:description.policy,ip_address_range.policy"


@pytest.mark.django_db
def test_more_lines_than_the_day_has_left_are_refused_whole(as_alice, listed, web):
    web.codes_per_day = 2
    web.save()

    page = send(as_alice, SITES, listed(many(3)))

    assert summary(page) == [
        "Your team may make 2 more today, and this asks for 3. The day changes at 00:00 UTC.",
    ]
    assert not tokens(page)
    assert len(tokens(send(as_alice, SITES, listed(many(2))))) == 2


@pytest.mark.django_db
def test_repeated_private_and_permanent_are_warned_about_and_allowed(as_alice, listed, web):
    web.permanent_allowed = True
    web.save()

    said = warned(send(as_alice, SITES, listed("203.0.113.7\n10.0.0.7\n203.0.113.7/32", validity="permanent")))

    assert sum(words.startswith("A permanent code never expires") for words in said) == 3
    assert "The same range as in line 1." in said
    assert any(words.startswith("This range is private") for words in said)


@pytest.mark.django_db
def test_a_page_that_is_sent_again_brings_the_same_submissions_so_that_nothing_is_made_twice(
    as_alice, listed, alice, web
):
    fields = listed(many(2))

    def drawn(**changes):
        page = send(as_alice, SITES, fields | changes)
        return [submissions.line_in(token, person=alice, team=web).submission for token in tokens(page)]

    first = drawn()
    assert drawn() == first and len(set(first)) == 2
    assert not set(drawn(register_limit="4")) & set(first)
    assert not set(drawn(submission=listed("")["submission"])) & set(first)
    assert drawn(lines=many(1) + "\r\n203.0.113.2, other")[0] == first[0]


@pytest.mark.django_db
def test_the_new_code_page_leads_here(as_alice, web):
    assert f'href="{SITES}"' in text(as_alice.get("/teams/web/codes/new/"))
    page = as_alice.get(SITES)
    assert heading(page) == "Several sites at once" and "This page needs scripts" in text(page)


# What must not happen.


@pytest.mark.django_db
def test_a_line_of_one_person_or_team_is_nobody_elses(as_alice, listed, alice, bob, web, payments):
    token = tokens(send(as_alice, SITES, listed(many(1))))[0]

    assert submissions.line_in(token, person=alice, team=web)
    assert submissions.line_in(token, person=bob, team=web) is None
    assert submissions.line_in(token, person=alice, team=payments) is None
    assert submissions.opened(token, person=alice, team=web) is None


@pytest.mark.django_db
def test_a_form_of_somebody_else_draws_no_lines(as_bob, listed):
    page = send(as_bob, SITES, listed(many(1)))

    assert page.status_code == 422 and not tokens(page)
    assert summary(page) == ["This form was open for too long or was not yours. Nothing was sent; please press again."]


@pytest.mark.django_db
@pytest.mark.parametrize("extra", [{"description": "x"}, {"ip_address_range": "203.0.113.7"}])
def test_a_field_this_page_does_not_have_is_refused(as_alice, listed, extra):
    page = send(as_alice, SITES, listed(many(1), **extra))

    assert page.status_code == 422 and not tokens(page)


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["203.0.113.7\x00", "203.0.113.7, \ud7ff\ufffd", "\x1b[31m203.0.113.7"])
def test_signs_that_hide_are_refused(as_alice, listed, typed):
    page = send(as_alice, SITES, listed(typed))

    assert page.status_code == 422 and not tokens(page)
