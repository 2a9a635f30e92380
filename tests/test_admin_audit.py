"""The audit record in the admin: its columns, questions and pages, and the story of one code. Nothing changes it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from audit_cast import LIST, a_range, note, told  # noqa: F401
from django.db import connection
from django.test.utils import CaptureQueriesContext
from reading_pages import heading, text
from records import a_code

from registercodes import history, triggers
from registercodes.history import EVENTS
from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db


def numbers(answer) -> list[int]:
    return [row.sequence for row in answer.context["rows"]]


def cells(answer, sequence) -> list[str]:
    row = AuditEvent.objects.get(sequence=sequence)
    shown = re.search(rf"<tr>\s*<th scope=\"row\"><a href=\"{LIST}{row.pk}/change/\">.*?</tr>", text(answer), re.S)[0]
    return [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", shown, re.S)]


def test_each_column_an_auditor_needs_is_there(as_dora, told):
    narrow, _ = told
    answer = as_dora.get(LIST)

    headings = re.findall(r'<th scope="col">(.*?)</th>', text(answer))
    assert headings == [
        *("Time (UTC)", "Action", "Outcome", "Person", "Team", "Description", "Limit", "Expiry", "IP range"),
        *("Region", "Reference", "Code id", "Client address"),
    ]
    assert cells(answer, 2)[1:] == [
        *("code issued", "success", "Alice Sample", "Web", "web &lt;b&gt;one&lt;/b&gt;", "10", "4 h"),
        *("203.0.113.0/24", "ap-singapore", narrow.reference, narrow.code_id, "192.0.2.7"),
    ]
    assert cells(answer, 4)[7:9] == ["permanent", "any address"]
    assert cells(answer, 5)[3:13] == ["Dora Sample", *[""] * 8, "192.0.2.7"]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("", [6, 5, 4, 3, 2, 1]),
        ("action=code.issued", [4, 2]),
        ("outcome=failure", [6]),
        ("team=payments", [4, 3]),
        ("person=alice", [6, 2, 1]),
        ("person=Sample", [6, 5, 4, 3, 2, 1]),
        ("person=nobody", []),
        ("region=eu-frankfurt", [4, 3]),
        ("region=ap-gone", []),
        ("permanent=yes", [4, 3]),
        ("permanent=no", [2, 1]),
        ("unrestricted=yes", [4, 3]),
        ("unrestricted=no", [2, 1]),
        ("team=web&action=code.requested&permanent=no", [1]),
        ("q=CODEID", [2, 1]),
        ("q=REFERENCE", [2, 1]),
        ("q=alice", [6, 2, 1]),
        ("q=Charlie+Sam", [4, 3]),
        ("q=203.0.113.9", [4, 3, 2, 1]),
        ("q=203.0.113.255", [4, 3, 2, 1]),
        ("q=203.0.114.0", [4, 3]),
        ("q=0.0.0.0", [4, 3]),
        ("q=203.0.113.9&unrestricted=no", [2, 1]),
        ("q=REQUEST", [5]),
        ("q=alice&team=payments", []),
        ("q=nothing+like+it", []),
        ("other_than=web", [4, 3]),
        ("other_than=web,payments", []),
        ("caused=no", []),
        ("cause=quota", [6]),
        ("q=%25", []),
    ],
)
def test_questions_find_exactly_their_rows(as_dora, told, asked, found):
    ids = {"CODEID": told[0].code_id, "REFERENCE": told[0].reference}
    ids["REQUEST"] = AuditEvent.objects.get(sequence=5).request_id
    for word, given in ids.items():
        asked = asked.replace(word, given)

    answer = as_dora.get(f"{LIST}?{asked}")

    assert answer.status_code == 200 and numbers(answer) == found
    form = answer.context["form"]
    assert [row.sequence for row in history.selected(EVENTS, form.question)] == found[::-1]


@pytest.mark.parametrize("asked", ["q", "person"])
def test_a_person_is_found_by_the_whole_name_that_stood_on_record(as_dora, told, alice, charlie, asked):
    type(alice).objects.filter(pk=alice.pk).update(username="amara", display_name="Amara Married")
    type(alice).objects.filter(pk=charlie.pk).update(username="alice", display_name="Alice Sample")
    note("user.signed_in", actor=type(alice).objects.get(pk=alice.pk))  # 7
    note("user.signed_in", actor=type(alice).objects.get(pk=charlie.pk))  # 8

    both = as_dora.get(LIST, {asked: "Alice Sample"})
    assert numbers(both) == [8, 7, 6, 4, 3, 2, 1]
    assert [row.sequence for row in history.selected(EVENTS, both.context["form"].question)] == numbers(both)[::-1]
    assert numbers(as_dora.get(LIST, {asked: "Amara Married"})) == [7, 6, 2, 1]
    codes = as_dora.get("/admin/registercodes/registercode/", {asked: "Alice Sample"}).context["rows"]
    assert {code.pk for code in codes} == {code.pk for code in told}
    assert numbers(as_dora.get(LIST, {asked: "Alice Samp"})) == [8, 4, 3]
    assert "the whole name as it stood on record" in text(both)


def test_the_clouds_request_id_finds_its_event(as_dora, web, alice):
    code = a_code(team=web, person=alice, tencent_request_id="5a2e-cloud")
    note("code.issued", actor=alice, team=web, code=code)
    note("user.signed_in", actor=alice)

    assert numbers(as_dora.get(LIST, {"q": "5a2e-cloud"})) == [1]


DAY = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("since=2026-03-10", [6, 5, 4, 3]),
        ("until=2026-03-10", [4, 3, 2, 1]),
        ("since=2026-03-10&until=2026-03-10", [4, 3]),
        ("since=2026-03-12", [6]),
        ("when=today", [6]),
        ("when=7", [6]),
        ("when=30", [6]),
        ("when=today&until=2026-03-09", [2, 1]),
        ("since=2030-01-01", []),
        ("until=2001-01-01", []),
        ("since=2026-03-10&until=2026-03-09", []),
    ],
)
def test_times_are_days_of_utc_both_included(as_dora, dora, asked, found):
    for at in (
        *(DAY - timedelta(days=40), DAY - timedelta(microseconds=1)),
        *(DAY, DAY + timedelta(days=1) - timedelta(microseconds=1), DAY + timedelta(days=1)),
    ):
        note("user.signed_in", actor=dora, at=at)
    note("user.signed_in", actor=dora)

    assert numbers(as_dora.get(f"{LIST}?{asked}")) == found


def test_a_row_that_another_machines_clock_dated_earlier_is_found(as_dora, dora):
    for hours in (0, 9, 3, 10):
        note("user.signed_in", actor=dora, at=DAY + timedelta(days=1, hours=hours - 6))

    assert numbers(as_dora.get(f"{LIST}?since=2026-03-11")) == [4, 2]
    assert numbers(as_dora.get(f"{LIST}?until=2026-03-10")) == [3, 1]


def test_older_and_newer_walk_over_every_row_once_and_back(as_dora, dora):
    for _ in range(2 * history.PAGE + 7):
        note("user.signed_in", actor=dora)
    every = list(range(2 * history.PAGE + 7, 0, -1))

    def follow(link):
        answer, seen = as_dora.get(f"{LIST}?action=user.signed_in"), []
        while True:
            seen.append(numbers(answer))
            assert "action=user.signed_in" in (answer.context[link] or "action=user.signed_in")
            if not answer.context[link]:
                return seen, answer
            answer = as_dora.get(LIST + answer.context[link])

    pages, last = follow("older_url")
    assert [len(page) for page in pages] == [50, 50, 7] and [*pages[0], *pages[1], *pages[2]] == every
    back = as_dora.get(LIST + last.context["newer_url"])
    assert numbers(back) == pages[1]
    first = as_dora.get(LIST + back.context["newer_url"])
    assert numbers(first) == pages[0] and first.context["newer_url"] is None
    assert first.context["older_url"] == f"?action=user.signed_in&before={pages[0][-1]}"


def test_a_rows_page_tells_the_whole_story_of_its_code_with_digests(as_dora, told):
    issued = AuditEvent.objects.get(sequence=2)

    answer = as_dora.get(f"{LIST}{issued.pk}/change/")

    page = text(answer)
    assert heading(answer) == "Code issued"
    assert [int(number) for number in re.findall(r'<li id="event-(\d+)"', page)] == [1, 2]
    assert re.search(r'id="event-2" class="events-this" aria-current="true"', page)
    for event in AuditEvent.objects.filter(sequence__in=(1, 2)):
        assert event.digest in page and event.request_id in page
    assert f'href="/codes/{told[0].reference}/"' in page
    assert f'href="/admin/registercodes/registercode/{told[0].pk}/change/"' in page
    assert "Up to 10 hosts in ap-singapore, from 203.0.113.0/24 (256 addresses)" in page
    assert "web &lt;b&gt;one&lt;/b&gt;" in page and "<b>one</b>" not in page


def test_an_event_without_a_code_tells_itself(as_dora, told):
    denied = AuditEvent.objects.get(sequence=6)

    page = text(as_dora.get(f"{LIST}{denied.pk}/change/"))

    assert "quota" in page and denied.digest in page and "Its card" not in page


# A person costs one more than today's names do: who was called so when something happened.
QUERIES = {"": 6, "?action=code.issued": 6, "?team=web": 7, "?q=203.0.113.9": 7, "?q=alice": 10, "?when=7": 7}


@pytest.mark.parametrize("rows", [1, 60])
@pytest.mark.parametrize("asked", QUERIES)
def test_queries_are_pinned(as_dora, web, alice, django_assert_num_queries, asked, rows):
    for _ in range(rows):
        note("code.issued", actor=alice, team=web, code=a_code(team=web, person=alice))
    as_dora.get(LIST)

    with django_assert_num_queries(QUERIES[asked]):
        assert as_dora.get(LIST + asked).context["rows"]


@pytest.mark.parametrize(
    "asked",
    [
        *("team=elsewhere", "when=tomorrow", "since=yesterday", "since=0001-01-01", "until=9999-12-31", "action=LEAK"),
        *("region=<script>", "permanent=maybe", "q=" + "x" * 201, "q=%00", "outcome=gone"),
        *("other_than=web,elsewhere", "caused=maybe"),
    ],
)
def test_a_question_that_cannot_be_is_said_and_answered_with_nothing(as_dora, told, asked):
    answer = as_dora.get(f"{LIST}?{asked}")

    assert answer.status_code == 200 and numbers(answer) == [] and answer.context["form"].errors
    assert "<script>" not in text(answer)


@pytest.mark.parametrize(
    "asked", ["before=x", "before=-1", "after=" + "9" * 30, "p=7", "o=1.2", "actor__email=x", "e=1"]
)
def test_other_words_in_the_address_are_not_understood(as_dora, told, asked):
    assert numbers(as_dora.get(f"{LIST}?{asked}")) == [6, 5, 4, 3, 2, 1]


def test_nothing_is_counted_and_no_row_is_skipped(as_dora, told):
    with CaptureQueriesContext(connection) as captured:
        as_dora.get(f"{LIST}?before=5&team=web&q=alice&when=30")

    sql = " ".join(query["sql"] for query in captured.captured_queries)
    assert "COUNT(" not in sql and "OFFSET" not in sql


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("tail", ["", "{}/change/"])
@pytest.mark.parametrize("who", ["as_dora", "as_erin"])
def test_no_method_but_reading_is_known(request, told, who, tail, method):
    event = AuditEvent.objects.get(sequence=2)
    browser = request.getfixturevalue(who)

    answer = getattr(browser, method)(LIST + tail.format(event.pk), {"action": "delete_selected", "_selected": "1"})

    assert answer.status_code == 405 and AuditEvent.objects.count() == 6


@pytest.mark.parametrize(
    "tail", ["add/", "{}/delete/", "{}/history/", "{}/", "0/change/", "x/change/", "autocomplete/"]
)
def test_there_is_no_address_to_add_change_or_delete(as_erin, told, tail):
    event = AuditEvent.objects.get(sequence=2)

    assert as_erin.get(LIST + tail.format(event.pk)).status_code == 404


@pytest.mark.parametrize("tail", ["", "{}/change/"])
def test_a_person_without_a_role_sees_none_of_it(as_alice, told, tail):
    event = AuditEvent.objects.get(sequence=2)

    answer = as_alice.get(LIST + tail.format(event.pk))

    assert answer.status_code == 403 and event.digest not in text(answer)


def test_the_indexes_left_the_guards_in_place(db):
    assert triggers.missing(connection) == []
