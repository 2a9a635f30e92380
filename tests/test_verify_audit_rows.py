"""manage.py verifyaudit on single rows: keys and forms it does not know, what cannot be read, clocks, and --since."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from tampering import (
    a_record,
    at,
    become_owner,
    chain_anew,
    edit,
    manage,
    put_triggers_back,
    remove,
    seal,
    verify,
)

from registercodes.models import Action

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
SQLITE = connection.vendor == "sqlite"


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_retired_key_still_verifies_and_a_forgotten_one_is_named_at_its_row(settings):
    a_record(4)
    retired, settings.AUDIT_KEY = settings.AUDIT_KEY, "another-audit-key-0123456789abcdefghijkl"
    settings.AUDIT_KEY_FALLBACKS = [retired]
    a_record(4)
    assert verify()[0] == 0

    settings.AUDIT_KEY_FALLBACKS = []

    known = at(1).get().key_id
    assert verify() == (1, f"sequence 1: its key id '{known}' is not among AUDIT_KEY and AUDIT_KEY_FALLBACKS")
    assert verify("--since", 5)[0] == 0


@pytest.mark.parametrize(("minutes", "is_wrong"), [(50, False), (70, True)])
def test_a_retired_key_that_comes_back_is_named_at_its_row(settings, monkeypatch, minutes, is_wrong):
    """Workers restart one after another: for a while both keys are in use."""
    old, new, now = settings.AUDIT_KEY, "another-audit-key-0123456789abcdefghijkl", timezone.now()
    for key, later in ((old, 0), (new, 1), (old, 2), (old, minutes + 1)):
        settings.AUDIT_KEY, settings.AUDIT_KEY_FALLBACKS = key, [old, new]
        monkeypatch.setattr(timezone, "now", lambda at=now + timedelta(minutes=later): at)
        a_record(2)

    status, said = verify()

    assert (status == 1) is is_wrong
    assert said.startswith(f"sequence 7: its key id '{at(1).get().key_id}' was retired 1:10:00 before") is is_wrong


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"form_version": 2}, "its form version 2 is not known to this portal"),
        ({"key_id": "nobody's"}, 'its key id "nobody\'s" is not among AUDIT_KEY and AUDIT_KEY_FALLBACKS'),
    ],
)
def test_a_form_or_key_that_is_not_known_is_named_at_its_row(columns, reason):
    a_record(9)
    become_owner()
    edit(6, **columns)
    put_triggers_back()

    assert verify() == (1, f"sequence 6: {reason}")


@pytest.mark.skipif(not SQLITE, reason="PostgreSQL's columns take nothing of another type")
@pytest.mark.parametrize("change", ["at = 'long ago'", "detail = '{'", "at = 7", "digest = 5"])
def test_what_cannot_even_be_read_is_named_at_its_row(change):
    a_record(9)
    become_owner()
    sql("PRAGMA ignore_check_constraints = ON")
    sql(f"UPDATE registercodes_auditevent SET {change} WHERE sequence = 6")
    sql("PRAGMA ignore_check_constraints = OFF")

    status, said, _ = manage("verifyaudit")

    assert status == 1 and said.splitlines()[1].startswith("sequence 6: altered: ")


def test_since_begins_there_and_says_what_it_did_not_look_at():
    a_record(9)
    become_owner()
    edit(3, actor_name="Mallory")
    put_triggers_back()

    status, said, _ = manage("verifyaudit", "--since", 5)

    assert status == 0 and "whole: 5 events, events 5 to 9" in said
    assert "Events before 5 were not looked at" in said
    assert verify("--since", 3)[0] == verify("--since", 1)[0] == 1


def test_since_the_row_that_follows_a_removed_one_names_it():
    a_record(9)
    become_owner()
    remove(4)
    put_triggers_back()

    assert verify("--since", 5) == (1, "sequence 4: missing")


def test_since_beyond_the_end_is_no_answer():
    a_record(9)

    assert verify("--since", 11) == (
        2,
        "cannot verify: there is nothing from event 11 on: the record ends with event 9",
    )


@pytest.mark.parametrize(("minutes", "is_wrong"), [(4, False), (6, True)])
def test_clocks_that_differ_a_little_are_no_backdating(minutes, is_wrong):
    a_record(9)
    become_owner()
    edit(5, at=at(4).get().at - timedelta(minutes=minutes))
    chain_anew(5)
    put_triggers_back()

    status, said = verify()

    assert (status == 1) is is_wrong
    assert said.startswith("sequence 5: backdated: its time is 0:06:00 before") is is_wrong


def test_backdating_by_small_steps_is_found_too():
    a_record(9)
    become_owner()
    for step, sequence in enumerate(range(5, 9), start=1):
        edit(sequence, at=at(4).get().at - timedelta(minutes=2 * step))
    chain_anew(5)
    put_triggers_back()

    assert verify()[1].startswith("sequence 7: backdated: its time is 0:06:00")


def test_one_fast_clock_is_told_and_accuses_nobody(monkeypatch):
    real = timezone.now
    a_record(3)
    monkeypatch.setattr(timezone, "now", lambda: real() + timedelta(minutes=20))
    a_record(1)
    monkeypatch.setattr(timezone, "now", real)
    a_record(3)

    status, said, _ = manage("verifyaudit")

    assert status == 0 and "Event 4 is ahead of its time" in said
    assert said.count("ahead of its time") == 1


def test_backdating_after_a_fast_clock_is_still_found_at_its_number(monkeypatch):
    real = timezone.now
    for minutes in (0, 20, 0, -10, 0):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: real() + timedelta(minutes=minutes))
        a_record(1)

    assert verify()[1].startswith("sequence 4: backdated: its time is 0:")


# What must not happen.


def test_two_late_events_do_not_make_the_next_one_in_order(monkeypatch):
    real = timezone.now
    for minutes in (0, 20, 20, 0):
        monkeypatch.setattr(timezone, "now", lambda minutes=minutes: real() + timedelta(minutes=minutes))
        a_record(1)

    assert verify()[1].startswith("sequence 4: backdated: its time is 0:")


def test_a_restore_that_is_not_on_record_excuses_no_other_chain():
    a_record(9)
    become_owner()
    edit(5, action=Action.CHAIN_RESTORED, chain="new", at=timezone.now(), detail={"old_chain": "x"})
    edit(5, previous_digest=at(4).get().digest)
    seal(5)

    assert manage("verifyaudit")[1].splitlines()[1].startswith("sequence 5: it belongs to chain new, not ")
