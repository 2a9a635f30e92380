"""The list as a file: what is shown, on all its pages, in cells that no spreadsheet runs."""

import csv
import io

import pytest
from cast import browser_of
from django.db import connection
from django.test.utils import CaptureQueriesContext
from reading_pages import send, value_in
from records import a_code
from syncs import ago, ahead

from registercodes.models import AuditEvent
from registercodes.tabular import safe
from registercodes.views import lists

pytestmark = pytest.mark.django_db


def rows(client, query: str = "") -> list[dict[str, str]]:
    body = client.get(f"/codes.csv{query}").content
    assert body.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_it_is_a_file_with_a_name_that_nobody_keeps(as_alice, web):
    answer = as_alice.get("/codes.csv")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="register-codes-20')
    assert "no-store" in answer["Cache-Control"]


def test_a_line_says_what_the_list_says(as_alice, alice, web):
    code = a_code(
        team=web, person=alice, description="Größe, „quoted“", expires_at=ahead(hours=1), confirmed_at=ago(hours=1)
    )

    [row] = rows(as_alice)

    assert (row["Reference"], row["Team"], row["State"]) == (code.reference, "Web", "Active")
    assert (row["Description"], row["Made by"], row["Code id"]) == ("Größe, „quoted“", "Alice Sample", code.code_id)
    assert row["Until"] == code.expires_at.strftime("%Y-%m-%d %H:%M:%SZ")


def test_it_holds_every_page_of_what_is_shown_in_its_order_and_nothing_else(as_alice, alice, web):
    odd = [a_code(team=web, person=alice, description="odd") for _ in range(60)]
    a_code(team=web, person=alice, description="even")

    assert [row["Reference"] for row in rows(as_alice, "?q=odd")] == [code.reference for code in reversed(odd)]


def test_beyond_its_limit_a_last_line_says_so(as_alice, alice, web, monkeypatch):
    monkeypatch.setattr(lists, "CSV_MOST", 3)
    for _ in range(5):
        a_code(team=web, person=alice)

    found = rows(as_alice)

    assert len(found) == 4 and found[-1]["Reference"].startswith("More than 3 codes match")


@pytest.mark.parametrize(
    "typed",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "＝1",
        "＋1",
        '=HYPERLINK("//x","y")',
        "=cmd|' /C'!A1",
    ],
)
def test_a_cell_that_would_run_begins_with_an_apostrophe(typed):
    assert safe(typed) == f"'{typed}"


@pytest.mark.parametrize("typed", ["web", "a=b", "1-2", "", "ü", "10.0.0.0/8", "'=1"])
def test_any_other_cell_is_left_alone(typed):
    assert safe(typed) == typed


def test_a_description_that_is_a_formula_does_not_run(as_alice, alice, web):
    a_code(team=web, person=alice, description="=cmd|' /C calc'!A1", instance_name_prefix="-2+3")

    [row] = rows(as_alice)

    assert (row["Description"], row["Instance name prefix"]) == ("'=cmd|' /C calc'!A1", "'-2+3")


# What must not happen.


def test_another_teams_codes_are_in_nobodys_file(as_charlie, as_dora, alice, web):
    a_code(team=web, person=alice)

    assert rows(as_charlie) == [] and rows(as_dora) == []
    assert as_charlie.get("/codes.csv?team=web").status_code == 404


def test_no_value_is_in_it_and_no_history_is_written(as_alice, typed, cloud):
    value = value_in(send(as_alice, "/teams/web/codes/new/", typed()))
    before = AuditEvent.objects.count()

    body = as_alice.get("/codes.csv").content.decode()

    assert value and value not in body and AuditEvent.objects.count() == before


def test_statements_do_not_grow_with_lines(alice, web):
    browser = browser_of(alice)

    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get("/codes.csv")
        return len(captured)

    a_code(team=web, person=alice)
    few = asked()
    for _ in range(60):
        a_code(team=web, person=alice)

    assert asked() == few
