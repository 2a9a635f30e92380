"""manage.py exportaudit: every event as it is on record, for spreadsheets and for log platforms, and who took it."""

import csv
import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from records import a_code, break_in_chain
from tampering import a_record, at, become_owner, edit, manage

from registercodes import audit, exporting, operator
from registercodes.audit import Origin
from registercodes.exporting import Export
from registercodes.models import Action, AuditEvent, Outcome

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent

# Written out a second time: names that others' dashboards rely on.
ECS = {
    *("@timestamp", "event.sequence", "event.action", "event.outcome", "event.hash", "user.id", "user.name"),
    *("group.id", "group.name", "cloud.region", "cloud.account.name", "client.ip", "user_agent.original"),
    *("http.request.id", "error.code"),
}


@pytest.fixture
def code(alice, web):
    return a_code(team=web, person=alice, description="=HYPERLINK(1)", instance_name_prefix="-web")


@pytest.fixture
def history(code, alice, web):
    """A code asked for and made, and a sign-in of somebody."""
    origin = Origin("a" * 32, "2001:db8::1", "+cmd|' /C calc'!A0")
    with transaction.atomic():
        audit.record(Action.CODE_REQUESTED, Outcome.UNKNOWN, code=code, actor=alice, team=web, origin=origin)
        audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, actor=alice, team=web, detail={"注": [1, "é"]})
        audit.record(Action.USER_SIGNED_IN, Outcome.SUCCESS, actor=alice)


def exported(style: str, *words: object, tmp_path) -> list[dict]:
    file = tmp_path / f"out.{style}"
    call_command("exportaudit", "--format", style, "--output", str(file), *map(str, words), verbosity=0)
    text = file.read_bytes().decode("utf-8-sig")
    if style == "csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.splitlines()]


def test_names_follow_ecs_where_it_has_a_word_and_every_column_has_one():
    columns = {field.attname for field in AuditEvent._meta.concrete_fields} - {"id"}

    assert set(exporting.FIELDS) == columns
    assert {name for name in exporting.FIELDS.values() if not name.startswith("portal.")} == ECS
    assert len(set(exporting.FIELDS.values())) == len(columns)


def test_json_lines_hold_the_event_as_it_is_on_record(history, tmp_path):
    rows = exported("jsonl", tmp_path=tmp_path)

    event = at(2).get()
    assert [row["event.sequence"] for row in rows] == [1, 2, 3]
    assert rows[1]["ecs.version"] == "8.11.0"
    assert rows[1]["@timestamp"] == audit.utc_text(event.at)
    assert rows[1]["user.name"] == "Alice Sample" and rows[1]["group.name"] == "Web"
    assert rows[1]["portal.register_limit"] == 10 and rows[1]["portal.permanent"] is False
    assert rows[1]["portal.detail"] == {"注": [1, "é"]} and rows[1]["event.hash"] == event.digest
    assert "client.ip" not in rows[1] and rows[0]["client.ip"] == "2001:db8::1"


def test_csv_opens_right_in_a_spreadsheet(history, tmp_path):
    rows = exported("csv", tmp_path=tmp_path)

    assert (tmp_path / "out.csv").read_bytes().startswith(b"\xef\xbb\xbf@timestamp,event.sequence,event.action,")
    assert list(rows[0]) == list(exporting.FIELDS.values())
    assert rows[1]["portal.detail"] == '{"注": [1, "é"]}'
    assert (rows[1]["portal.permanent"], rows[2]["portal.permanent"], rows[2]["portal.register_limit"]) == (
        "false",
        "",
        "",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(code, start, tmp_path):
    with transaction.atomic():
        event = audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code)
    become_owner()
    texts = {field.attname for field in AuditEvent._meta.concrete_fields if field.get_internal_type() == "CharField"}
    edit(event.sequence, **dict.fromkeys(texts, f"{start}1"))

    row = exported("csv", tmp_path=tmp_path)[0]

    assert {row[exporting.FIELDS[name]] for name in texts} == {f"'{start}1"}


def test_commas_quotes_and_line_ends_stay_in_their_cell(code, tmp_path):
    with transaction.atomic():
        audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, origin=Origin(user_agent='a,"b"\r\nc;d'))

    assert exported("csv", tmp_path=tmp_path)[0]["user_agent.original"] == 'a,"b"\r\nc;d'


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--since", 2), [2, 3]),
        (("--action", "code.issued", "--action", "user.signed_in"), [2, 3]),
        (("--team", "web"), [1, 2]),
        (("--to", "2001-01-01"), []),
        (("--from", "2001-01-01"), [1, 2, 3]),
        (("--from", "2001-01-01T09:30+02:00", "--action", "code.requested"), [1]),
    ],
)
def test_filters_choose_and_the_manifest_and_the_record_say_so(history, words, expected, tmp_path):
    rows = exported("jsonl", *words, tmp_path=tmp_path)

    assert [row["event.sequence"] for row in rows] == expected
    manifest = json.loads((tmp_path / "out.jsonl.manifest.json").read_text())
    event = AuditEvent.objects.get(action="audit.exported")
    assert event.detail["filters"] == manifest["filters"] != {}
    assert event.detail["count"] == manifest["count"] == len(expected)
    assert manifest["first_sequence"] == (expected or [0])[0] and manifest["last_sequence"] == (expected or [0])[-1]


def test_a_day_named_as_the_end_is_in_it(history, tmp_path):
    day = at(1).get().at.date()

    assert len(exported("jsonl", "--from", day, "--to", day, tmp_path=tmp_path)) == 3
    assert exported("jsonl", "--to", day - timedelta(days=1), tmp_path=tmp_path) == []


def test_who_exported_is_on_record_before_a_row_leaves(history, alice):
    export = Export(AuditEvent.objects.all(), style="csv", filters={"who": "asked"})
    export.announce(actor=alice, origin=Origin("b" * 32, "192.0.2.7"))

    event = AuditEvent.objects.get(action="audit.exported")
    assert (event.actor_name, event.client_ip) == ("Alice Sample", "192.0.2.7")
    assert event.detail == {"format": "csv", "filters": {"who": "asked"}, "count": 3, "upto": 3}
    assert b"audit.exported" not in b"".join(export)  # it is of the record as it was when asked for
    assert break_in_chain() == ""


def test_the_operators_name_is_on_record_and_not_what_the_environment_claims(history, tmp_path, monkeypatch):
    monkeypatch.setenv("LOGNAME", "mallory")
    exported("jsonl", tmp_path=tmp_path)
    call_command("restoredaudit", "--reason", "drill")

    by = [event.detail["by"] for event in AuditEvent.objects.filter(detail__has_key="by")]
    assert by == [operator.name()] * len(by) and len(by) == 2


def test_a_record_longer_than_a_batch_leaves_whole(monkeypatch, tmp_path):
    monkeypatch.setattr(exporting, "BATCH", 4)
    a_record(11)

    assert [row["event.sequence"] for row in exported("jsonl", tmp_path=tmp_path)] == list(range(1, 12))
    assert manage("verifyaudit", "--export", tmp_path / "out.jsonl")[0] == 0


def test_on_stdout_there_are_rows_and_nothing_else(tmp_path):
    """Log lines go there otherwise, of this very export too."""
    url = f"sqlite:///{tmp_path}/portal.sqlite3"
    variables = {"PATH": "/usr/bin", "PORTAL_MODE": "development", "DATABASE_URL": url}

    def run(*words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True, text=True).stdout

    run("migrate", "--verbosity", "0")
    run("team", "create", "web", "--name", "Web", "--sso-group", "g")

    lines = run("exportaudit").splitlines()

    assert [json.loads(line)["event.action"] for line in lines] == ["team.created"]
    assert run("exportaudit", "--format", "csv").count("\n") == 1 + 2


# What must not happen.


def test_an_export_that_fails_leaves_no_file_behind(history, tmp_path):
    with pytest.raises(CommandError):
        call_command("exportaudit", "--output", str(tmp_path / "none" / "out.jsonl"))
    with pytest.raises(CommandError, match="There is no team nobody"):
        call_command("exportaudit", "--team", "nobody")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("typed", ["x;=1+1", "x; +1", 'x;"=1+1"', "x;;@A1", "x;-2"])
def test_no_formula_comes_out_where_a_semicolon_splits(typed):
    with transaction.atomic():
        audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, description=typed, detail={"said": typed})

    text = b"".join(Export(AuditEvent.objects.all(), style="csv", filters={})).decode()
    cells = [cell.strip(' "') for line in text.splitlines()[1:] for cell in line.split(";")]
    assert not [cell for cell in cells if cell[:1] in set("=+-@")]
