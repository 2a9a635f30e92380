"""manage.py verifyaudit on SQLite, where one time or one JSON object can be written in several ways."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone
from records import a_code
from tampering import a_record, at, become_owner, put_triggers_back, verify

from registercodes import audit
from registercodes.models import Action, Outcome

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's types leave no two spellings"),
]
REASON = "altered: a column means what was written and is spelled otherwise, so that filters miss it"


def stored(column: str, value: object, *, sequence: int = 2) -> None:
    become_owner()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE registercodes_auditevent SET {column} = %s WHERE sequence = %s", [value, sequence])
    put_triggers_back()


def text_of(column: str, *, sequence: int = 2) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT CAST({column} AS TEXT) FROM registercodes_auditevent WHERE sequence = %s", [sequence])
        return cursor.fetchone()[0]


@pytest.fixture
def record(alice, web):
    """Three events of a code that expires."""
    code = a_code(team=web, person=alice, expires_at=timezone.now() + timedelta(hours=4))
    for number in range(3):
        with transaction.atomic():
            audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, actor=alice, detail={"n": number, "é": [1.5]})


def test_what_the_portal_wrote_is_spelled_as_it_should_be(record):
    assert verify()[0] == 0


def test_whole_seconds_are_spelled_without_a_fraction(monkeypatch):
    whole = timezone.now().replace(microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: whole)
    a_record(2)

    assert "." not in text_of("at") and verify()[0] == 0


@pytest.mark.parametrize("column", ["at", "expires_at"])
def test_the_same_moment_in_another_zone_is_found(record, column):
    moment = getattr(at(2).get(), column) + timedelta(hours=14)
    stored(column, f"{moment:%Y-%m-%d %H:%M:%S.%f}+14:00")

    assert verify() == (1, f"sequence 2: {REASON}")


@pytest.mark.parametrize(
    "spelled",
    [
        lambda text: text.replace("2", "\N{ARABIC-INDIC DIGIT TWO}", 1),
        lambda text: text.replace(" ", "T"),
        lambda text: text + "+00:00",
        lambda text: text + "Z",
        lambda text: text + " ",
    ],
    ids=["another digit", "a T", "an offset", "a Z", "a blank"],
)
def test_a_time_spelled_otherwise_is_found(record, spelled):
    stored("at", spelled(text_of("at")))

    assert verify()[0] == 1 and verify()[1].startswith("sequence 2: altered: ")


@pytest.mark.parametrize(
    "spelled",
    ['{"n": 7, "n": 1, "\\u00e9": [1.5]}', '{"n":1,"\\u00e9":[1.5]}', '{"n": 1, "é": [1.5]}', ' {"n": 1, "é": [1.5]}'],
    ids=["a key twice", "without blanks", "without escapes", "a blank before"],
)
def test_a_detail_spelled_otherwise_is_found(record, spelled):
    stored("detail", spelled)

    assert verify() == (1, f"sequence 2: {REASON}")


@pytest.mark.parametrize("beyond", ["9999-12-31 23:59:59.9-14:00", "0001-01-01 00:00:00+14:00"])
@pytest.mark.parametrize("column", ["at", "expires_at"])
def test_a_time_that_no_calendar_has_is_found(record, column, beyond):
    stored(column, beyond)

    assert verify() == (1, "sequence 2: altered: it cannot be read (OverflowError)")


def test_a_detail_in_bytes_is_found(record):
    stored("detail", text_of("detail").encode())

    assert verify() == (1, f"sequence 2: {REASON}")


def test_a_truth_that_is_neither_is_found(record):
    stored("permanent", 2)

    assert verify() == (1, f"sequence 2: {REASON}")


# What must not happen.


def test_what_is_missing_before_it_is_named_first(record):
    stored("at", text_of("at", sequence=3) + "Z", sequence=3)
    become_owner()
    at(2)._raw_delete("default")
    put_triggers_back()

    assert verify() == (1, "sequence 2: missing")


def test_a_number_that_is_text_is_named_and_is_no_traceback(record):
    become_owner()
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE other AS SELECT * FROM registercodes_auditevent WHERE sequence = 2")
        cursor.execute("UPDATE other SET id = 99, sequence = 'abc'")
        cursor.execute("INSERT INTO registercodes_auditevent SELECT * FROM other")
        cursor.execute("DROP TABLE other")
    put_triggers_back()

    try:
        assert verify() == (1, "sequence 4: inserted: it comes after the end that the head names")
    finally:
        become_owner()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM registercodes_auditevent WHERE id = 99")
