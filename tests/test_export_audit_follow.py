"""exportaudit --follow: every event in order, at least once, none left out, across stops, kills and restores."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from server_database import new_database
from tampering import (
    a_record,
    become_owner,
    chain_anew,
    cut_after,
    edit,
    forge_head,
    put_triggers_back,
    remove,
)

from registercodes import following, restoring
from registercodes.management.commands import exportaudit
from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def cursor(tmp_path):
    return tmp_path / "cursor.json"


@pytest.fixture
def follow(cursor, capfdbinary):
    """Numbers handed out by one run that ends when all is handed out."""

    def run() -> list[int]:
        capfdbinary.readouterr()
        call_command("exportaudit", "--follow", "--once", "--cursor", str(cursor))
        return [json.loads(line)["event.sequence"] for line in capfdbinary.readouterr().out.splitlines()]

    return run


def stopped_there(*_: object) -> None:
    raise KeyboardInterrupt


def test_every_event_is_handed_out_once_and_in_order(follow):
    a_record(5)
    assert follow() == [1, 2, 3, 4, 5, 6]  # 6 says that somebody follows
    assert follow() == []
    a_record(3)

    assert follow() == [7, 8, 9]


def test_who_begins_to_follow_is_on_record_once(follow):
    for _ in range(3):
        a_record(2)
        follow()

    events = AuditEvent.objects.filter(action="audit.exported")
    assert [event.detail["follow"] for event in events] == [True]


def test_the_cursor_moves_only_after_the_rows_are_out(cursor, follow, monkeypatch):
    """So a stop in between hands them out again rather than never."""
    a_record(3)
    monkeypatch.setattr(following, "write_cursor", stopped_there)
    assert follow() == [1, 2, 3, 4]
    monkeypatch.undo()

    assert not cursor.exists()
    assert follow()[:3] == [1, 2, 3]


def test_a_long_record_moves_the_cursor_at_each_batch(cursor, follow, monkeypatch):
    monkeypatch.setattr(following, "BATCH", 4)
    a_record(10)

    assert follow() == list(range(1, 12))
    assert following.read_cursor(cursor).sequence == 11


def test_a_gap_stops_it_after_what_comes_before(cursor, follow, capfdbinary):
    a_record(6)
    become_owner()
    remove(4)
    put_triggers_back()

    with pytest.raises(CommandError, match="sequence 4: missing"):
        call_command("exportaudit", "--follow", "--once", "--cursor", str(cursor))
    assert [json.loads(line)["event.sequence"] for line in capfdbinary.readouterr().out.splitlines()] == [1, 2, 3]
    assert following.read_cursor(cursor).sequence == 3


def test_after_an_admitted_restore_it_goes_on_with_the_new_chain(follow):
    a_record(5)
    follow()
    become_owner()
    cut_after(3)
    forge_head()
    put_triggers_back()
    call_command("restoredaudit", "--reason", "disk lost", verbosity=0)
    a_record(1)

    assert follow() == [4, 5]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda: (cut_after(3), forge_head()), "the record ends before that"),
        (lambda: (edit(2, actor_name="Mallory"), chain_anew(2)), "the record says otherwise"),
    ],
)
def test_it_does_not_go_on_with_another_record(follow, change, why):
    a_record(5)
    follow()
    become_owner()
    change()
    put_triggers_back()

    with pytest.raises(CommandError, match=f"the cursor stands at event 6, and {why}"):
        follow()


@pytest.mark.parametrize("text", ["", "7", "{}", '{"kind": "register code portal: audit cursor"}'])
def test_a_cursor_that_is_none_stops_it(cursor, follow, text):
    a_record(2)
    cursor.write_text(text)

    with pytest.raises(CommandError, match="is no cursor to go on from"):
        follow()
    assert cursor.read_text() == text


@pytest.mark.parametrize(
    "words",
    [("--follow",), ("--once",), ("--follow", "--cursor", "c", "--since", "3"), ("--cursor", "c")],
)
def test_what_would_leave_events_out_is_refused(words):
    with pytest.raises(CommandError):
        call_command("exportaudit", *words)


# What must not happen.


def test_killed_again_and_again_while_others_write_it_leaves_nothing_out(tmp_path):
    database = new_database(tmp_path, endpoint="127.0.0.1:8001")
    variables = {"PATH": os.environ["PATH"], "PORTAL_MODE": "development", "DATABASE_URL": database.url}
    follow = [sys.executable, "manage.py", "exportaudit", "--follow", "--cursor", str(tmp_path / "cursor.json")]
    seen: list[int] = []
    try:
        for round_number in range(3):
            for team in range(2):
                add = [
                    "team",
                    "create",
                    f"t{round_number}{team}",
                    "--name",
                    "T",
                    "--sso-group",
                    f"g{round_number}{team}",
                ]
                subprocess.run(
                    [sys.executable, "manage.py", *add], cwd=ROOT, env=variables, check=True, capture_output=True
                )
            with subprocess.Popen(follow, cwd=ROOT, env=variables, stdout=subprocess.PIPE) as follower:
                seen += read_until_quiet(follower)
                follower.send_signal(signal.SIGKILL if round_number < 2 else signal.SIGTERM)
                follower.wait(10)
        recorded = [row.sequence for row in database.query("SELECT sequence FROM registercodes_auditevent ORDER BY 1")]
    finally:
        database.remove()

    assert sorted(set(seen)) == recorded
    assert len(seen) <= len(recorded) + 2 * following.BATCH


def read_until_quiet(follower: subprocess.Popen[bytes]) -> list[int]:
    os.set_blocking(follower.stdout.fileno(), False)
    text, quiet_since, deadline = b"", time.monotonic(), time.monotonic() + 20
    while time.monotonic() < deadline and not (text.endswith(b"\n") and time.monotonic() - quiet_since > 1.5):
        if part := follower.stdout.read():
            text, quiet_since = text + part, time.monotonic()
        time.sleep(0.05)
    return [json.loads(line)["event.sequence"] for line in text.splitlines()]


def test_a_restore_under_the_follower_is_no_gap_that_nobody_notices(tmp_path, monkeypatch, capfdbinary):
    """The numbers after the backup are used again while it sleeps."""
    a_record(5)

    def restore_and_go_on(_: float) -> None:
        if AuditEvent.objects.filter(action="chain.restored").exists():
            raise KeyboardInterrupt
        become_owner()
        cut_after(2)
        forge_head()
        restoring.admit(reason="disk", by="root")
        a_record(3)
        put_triggers_back()

    monkeypatch.setattr("registercodes.management.commands.exportaudit.time.sleep", restore_and_go_on)
    call_command("exportaudit", "--follow", "--cursor", str(tmp_path / "cursor"))

    lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
    assert [line["event.sequence"] for line in lines if "event.sequence" in line] == [1, 2, 3, 4, 5, 6, 3, 4, 5, 6]


def test_a_row_that_is_not_chained_to_the_one_before_stops_it():
    a_record(3)
    [rows] = following.batches(0)
    seen = replace(following.seen_at(rows[1]), digest="0" * 64)

    with pytest.raises(following.Stopped, match="sequence 3: not chained"):
        list(following.batches(2, seen=seen))


def test_a_stop_whose_interrupt_is_lost_ends_it_after_what_it_handed_out(cursor, capfdbinary, monkeypatch):
    a_record(5)
    stop, write = exportaudit.Stop(), following.write_cursor
    monkeypatch.setattr(exportaudit, "Stop", lambda: stop)
    monkeypatch.setattr(stop, "listen", lambda: None)

    def told_to_stop(path, seen):
        write(path, seen)
        with contextlib.suppress(KeyboardInterrupt):
            stop.tell(signal.SIGTERM, None)

    monkeypatch.setattr(following, "write_cursor", told_to_stop)
    call_command("exportaudit", "--follow", "--cursor", str(cursor))
    handed_out = [json.loads(line)["event.sequence"] for line in capfdbinary.readouterr().out.splitlines()]
    assert handed_out[-1] == AuditEvent.objects.count()
