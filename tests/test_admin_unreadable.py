"""A stored time that is none, in the admin: the page says so in words and names the row, where it would have failed."""

import pytest
from django.db import connection
from reading_pages import heading, text
from tampering import become_owner, put_triggers_back
from test_verify_audit_spelling import record  # noqa: F401

from registercodes.models import AuditEvent, RegisterCode

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's types hold no such time"),
]
EVENTS, CODES = "/admin/registercodes/auditevent/", "/admin/registercodes/registercode/"
IN_WORDS = "The record holds a time that cannot be read"


def stored(table: str, column: str, value: object) -> None:
    become_owner()
    with connection.cursor() as cursor:
        last = f"(SELECT max(id) FROM registercodes_{table})"
        cursor.execute(f"UPDATE registercodes_{table} SET {column} = %s WHERE id = {last}", [value])
    put_triggers_back()


def pages() -> dict[str, str]:
    event, code = (
        model.objects.values_list("pk", flat=True).order_by("-pk")[0] for model in (AuditEvent, RegisterCode)
    )
    return {
        "overview": "/admin/overview/",
        "events": EVENTS,
        "codes": CODES,
        "event": f"{EVENTS}{event}/change/",
        "code": f"{CODES}{code}/change/",
    }


BEYOND = "9999-12-31 23:59:59.9-14:00"  # later than any time that Python knows, in UTC


@pytest.mark.parametrize(
    ("column", "value", "page"),
    [
        ("at", "nonsense", "overview"),
        ("at", "2026-13-45 10:00:00", "overview"),
        ("at", b"x", "overview"),
        *(("at", "2026-02-30 10:00:00", page) for page in ("events", "event", "code")),
        *(("expires_at", "2026-11-24 25:00:00", page) for page in ("events", "event", "code")),
        *(("at", BEYOND, page) for page in ("events", "event", "code")),
    ],
)
def test_an_events_time_is_told_with_its_number(as_dora, record, column, value, page):
    stored("auditevent", column, value)

    answer = as_dora.get(pages()[page])

    assert answer.status_code == 200 and heading(answer) == IN_WORDS
    assert "manage.py verifyaudit" in text(answer)
    assert [(one.event, one.column) for one in answer.context["found"]] == [(3, column)]


@pytest.mark.parametrize("column", ["created_at", "expires_at", "settled_at"])
@pytest.mark.parametrize("page", ["overview", "codes", "event", "code"])
def test_a_codes_time_is_told_with_its_reference(as_dora, record, column, page):
    stored("registercode", column, "2026-13-45 10:00:00")

    answer = as_dora.get(pages()[page])

    code = RegisterCode.objects.values_list("reference", flat=True).get()
    assert answer.status_code == 200 and heading(answer) == IN_WORDS
    assert [(one.code, one.column) for one in answer.context["found"]] == [(code, column)]


# What must not happen.


def test_a_record_that_can_be_read_is_shown_and_not_looked_through(as_dora, record):
    for page in pages().values():
        assert heading(as_dora.get(page)) != IN_WORDS


def test_another_failure_is_no_unreadable_time(as_dora, record, monkeypatch):
    monkeypatch.setattr("registercodes.charts.round_up", lambda number: int("no number"))

    with pytest.raises(ValueError, match="no number"):
        as_dora.get("/admin/overview/")


def test_nobody_without_a_role_is_told(as_alice, record):
    stored("auditevent", "at", "nonsense")

    answer = as_alice.get("/admin/overview/")

    assert answer.status_code == 403 and IN_WORDS not in text(answer)
