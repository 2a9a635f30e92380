"""manage.py verifyaudit: what it says, with which exit status, and that nothing makes it fall over."""

import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import pytest
from django.db import connection, transaction
from records import a_code
from tampering import (
    a_record,
    become_owner,
    cut_after,
    edit,
    manage,
    put_triggers_back,
    verify,
)

from registercodes import audit, keys, triggers, verifying, walking
from registercodes.management.progress import Progress
from registercodes.models import Action, AuditEvent, AuditHead, Outcome

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent
SQLITE = connection.vendor == "sqlite"
WHOLE = "whole: 9 events, events 1 to 9, chain "


def test_a_whole_record_is_said_to_be_whole_and_what_is_not_known_is_said_too():
    a_record(9)

    status, said, _ = manage("verifyaudit")

    assert status == 0
    assert said.startswith(WHOLE) and AuditHead.objects.get().digest in said
    assert "Without an anchor from outside this cannot tell: whether events at the end were cut off" in said
    assert "triggers" not in said


def test_an_empty_record_is_whole():
    assert verify() == (0, "whole: 0 events")


def test_events_of_every_kind_are_verified_as_they_were_written(alice, web):
    code = a_code(team=web, person=alice, description='注 🚀 \\ " é', ip_first=2**32 - 1, ip_last=2**32 - 1)
    with transaction.atomic():
        for detail in ({}, {"x": [1, None, True, {"b": "ü", "a": 0.5}]}, {"until": "2026-01-01"}):
            audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, actor=alice, team=web, detail=detail)

    assert verify()[0] == 0


def test_missing_triggers_are_told_apart_and_do_not_change_the_answer():
    a_record(9)
    become_owner()

    status, said, _ = manage("verifyaudit")

    assert status == 0
    assert said.splitlines()[0].startswith("triggers missing or changed: code_no_delete, ")
    assert "run manage.py migrate" in said and WHOLE in said


def test_a_record_longer_than_a_chunk_is_read_to_its_end(monkeypatch):
    a_record(9)
    become_owner()
    edit(8, region="mars")
    put_triggers_back()

    for chunk in (1, 2, 3, 8, 9):
        rows = walking.rows(*verifying.COLUMNS, chunk=chunk)
        found = verifying.walk(rows, place=verifying.Place(1), keys=keys.by_id())
        assert str(found).startswith("sequence 8: altered")


@pytest.mark.django_db(transaction=True)
def test_a_portal_that_writes_meanwhile_is_neither_stopped_nor_accused(alice):
    a_record(50)
    stop, written = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            a_record(1)
            written.append(1)
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        answers = [verify()[0] for _ in range(20)]
    finally:
        stop.set()
        writer.join()

    assert answers == [0] * 20 and written


class Screen(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_long_run_shows_people_how_far_it_is_and_a_log_nothing(monkeypatch):
    for stream, shows in ((Screen(), True), (StringIO(), False)):
        progress = Progress(stream, label="Verifying")
        progress._due = 0
        progress(500_000, 1_000_000)
        progress(1_000_000, 1_000_000)
        assert ("500,000 of 1,000,000" in stream.getvalue()) is shows
        assert stream.getvalue().endswith("\n") is shows


def test_a_short_run_shows_no_bar():
    progress = Progress(screen := Screen(), label="Verifying")

    progress(1, 2)
    progress(2, 2)

    assert screen.getvalue() == ""


def test_without_a_database_it_says_so_and_exits_2(tmp_path):
    variables = {"PATH": "/usr/bin", "PORTAL_MODE": "development", "DATABASE_URL": f"sqlite:///{tmp_path}/none/x.db"}
    for url in (variables["DATABASE_URL"], f"sqlite:///{tmp_path}/new.sqlite3", "postgres://p@127.0.0.1:1/none"):
        command = [sys.executable, "manage.py", "verifyaudit"]
        ended = subprocess.run(
            command, cwd=ROOT, env=variables | {"DATABASE_URL": url}, capture_output=True, text=True, check=False
        )
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("cannot verify: the database does not answer: ")


# What must not happen.


def test_verifying_writes_nothing():
    a_record(9)
    before = list(AuditEvent.objects.values()), list(AuditHead.objects.values())

    manage("verifyaudit")

    assert (list(AuditEvent.objects.values()), list(AuditHead.objects.values())) == before
    assert triggers.missing(connection) == []


def test_a_head_that_is_gone_is_not_taken_for_an_empty_record():
    a_record(9)
    become_owner()
    AuditHead.objects.all()._raw_delete("default")

    status, said = verify()

    assert (status, said[:41]) == (2, "cannot verify: the audit head's row is go")


def test_a_cut_tail_with_its_head_set_back_to_the_old_digest_is_found():
    a_record(9)
    become_owner()
    cut_after(6)
    AuditHead.objects.update(sequence=6)
    put_triggers_back()

    assert verify() == (1, "sequence 6: the head names another event of this number: the end was rewritten")


def test_a_second_row_of_a_number_is_not_skipped():
    """Where the owner dropped the unique index as well."""
    a_record(9)
    columns = [dict(zip(verifying.COLUMNS, row, strict=True)) for row in walking.rows(*verifying.COLUMNS)]
    twice = [*columns[:5], columns[4], *columns[5:]]
    rows = (tuple(row[name] for name in verifying.COLUMNS) for row in twice)

    found = verifying.walk(rows, place=verifying.Place(1), keys=keys.by_id())

    assert str(found) == "sequence 5: inserted: this number is there twice"
