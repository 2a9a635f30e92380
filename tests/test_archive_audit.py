"""manage.py archiveaudit: old events leave for a file that verifies, and the record says where it begins since."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.core.management import CommandError
from django.db import connection
from django.utils import timezone
from records import a_code
from tampering import a_record, at, become_owner, chain_anew, edit, manage, put_triggers_back, remove, verify

from registercodes import archiving, triggers
from registercodes.models import AuditEvent, AuditHead, RegisterCode

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "archive.jsonl"


@pytest.fixture
def record():
    """Nine events of long ago and five of today."""
    a_record(9)
    become_owner()
    for event in AuditEvent.objects.all():
        edit(event.sequence, at=event.at - timedelta(days=500))
    chain_anew(1)
    put_triggers_back()
    a_record(5)


def archive(file, *words: str, days: int = 400) -> str:
    before = (timezone.now() - timedelta(days=days)).isoformat()
    return manage("archiveaudit", "--before", before, "--file", file, *words)[1]


def sequences() -> list[int]:
    return list(AuditEvent.objects.order_by("sequence").values_list("sequence", flat=True))


def test_an_archive_holds_the_old_events_and_the_record_says_so(record, file):
    said = archive(file)

    rows = [json.loads(line) for line in file.read_text().splitlines()]
    event = AuditEvent.objects.get(action="audit.archived")
    assert [row["event.sequence"] for row in rows] == list(range(1, 10))
    assert event.sequence == 15 and "9 events, 1 to 9; checkpoint 15" in said
    assert event.detail["last_sequence"] == 9 and event.detail["last_digest"] == at(9).get().digest
    assert event.detail["file_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert event.detail["drop"] is False
    assert manage("verifyaudit", "--export", file)[0] == 0


def test_nothing_is_dropped_unless_asked(record, file):
    archive(file)

    assert sequences() == list(range(1, 16))
    assert verify()[0] == 0


def test_dropped_events_are_gone_and_the_rest_is_whole(record, file):
    said = archive(file, "--drop")

    assert "9 events dropped" in said and "begins with 10" in said
    assert sequences() == list(range(10, 16))
    assert triggers.missing(connection) == []
    status, said, _ = manage("verifyaudit")
    assert status == 0 and "whole: 6 events, events 10 to 15" in said
    assert "Events before 10 were not looked at" in said
    assert manage("verifyaudit", "--export", file)[0] == 0


def test_codes_that_dropped_events_tell_of_stay(record, alice, web, file):
    code = a_code(team=web, person=alice)
    become_owner()
    edit(3, register_code=code, reference=code.reference)
    chain_anew(3)
    put_triggers_back()

    archive(file, "--drop")

    assert RegisterCode.objects.get() == code


def test_a_second_archive_goes_on_where_the_first_ended(record, file, tmp_path):
    archive(file, "--drop")
    a_record(2)
    second = tmp_path / "second.jsonl"

    manage("archiveaudit", "--before", timezone.now().isoformat(), "--file", second, "--drop")

    assert [json.loads(line)["event.sequence"] for line in second.read_text().splitlines()] == list(range(10, 18))
    assert sequences() == [18]
    assert verify()[0] == 0
    assert manage("verifyaudit", "--export", second)[0] == 0


def test_the_record_goes_on_after_a_drop(record, file):
    archive(file, "--drop")
    a_record(3)

    assert verify()[0] == 0
    assert AuditHead.objects.get().sequence == 18


def test_an_anchor_of_an_event_that_stayed_holds_over_an_archive(record, file, tmp_path):
    manage("anchoraudit", "--file", tmp_path / "anchor.json")
    archive(file, "--drop")

    assert verify("--anchor", tmp_path / "anchor.json")[0] == 0


def test_an_anchor_of_an_event_that_was_archived_is_no_answer_and_the_last_archived_one_is(file, tmp_path):
    anchors = []
    for number in (3, 2):
        a_record(number)
        anchors.append(tmp_path / f"{number}.json")
        manage("anchoraudit", "--file", anchors[-1])
    end = timezone.now()
    a_record(1)
    manage("archiveaudit", "--before", end.isoformat(), "--file", file, "--drop")

    assert sequences()[0] == 6
    assert verify("--anchor", anchors[1])[0] == 0
    status, said = verify("--anchor", anchors[0])
    assert status == 2 and "saw event 3, which was archived since: take a newer anchor" in said


def test_young_events_keep_the_old_that_come_after_them(file):
    """Clocks differ: no hole is cut into the record."""
    a_record(6)
    become_owner()
    for sequence in (1, 2, 4, 5):
        edit(sequence, at=at(sequence).get().at - timedelta(minutes=4))
    chain_anew(1)
    put_triggers_back()
    middle = at(3).get().at - timedelta(minutes=2)

    manage("archiveaudit", "--before", middle.isoformat(), "--file", file)

    assert len(file.read_text().splitlines()) == 2


# What must not happen.


@pytest.mark.parametrize("last", [7, 9])
def test_rows_are_missing_that_no_event_said_would_go(record, file, last):
    archive(file)
    become_owner()
    for sequence in range(1, last + 1):
        remove(sequence)
    put_triggers_back()

    assert verify() == (1, "sequence 1: missing")


def test_rows_that_go_after_those_that_were_archived_are_missing(record, file):
    archive(file, "--drop")
    become_owner()
    remove(10)
    remove(11)
    put_triggers_back()

    assert verify() == (1, "sequence 10: missing")


def test_a_checkpoint_without_the_key_excuses_nothing(record):
    become_owner()
    detail = {"last_sequence": 4, "last_digest": at(4).get().digest, "last_chain": at(4).get().chain}
    edit(9, action="audit.archived", detail=detail)
    for sequence in (1, 2, 3, 4):
        remove(sequence)
    put_triggers_back()

    assert verify() == (1, "sequence 1: missing")


def test_a_first_row_that_is_not_the_one_after_the_archive_is_found(record, file):
    archive(file, "--drop")
    become_owner()
    edit(10, previous_digest="0" * 64)
    put_triggers_back()

    assert verify()[1].startswith("sequence 10: altered")


@pytest.mark.parametrize("words", [(), ("--drop",)])
def test_a_record_that_is_not_whole_is_not_archived(record, file, words):
    become_owner()
    edit(3, actor_name="Mallory")
    put_triggers_back()

    with pytest.raises(CommandError, match=r"The record is not whole, so nothing is archived\. sequence 3: altered"):
        archive(file, *words)
    assert not file.exists() and sequences() == list(range(1, 15))


def test_nothing_is_dropped_that_the_file_does_not_prove(record, file):
    written = archiving.write(before=timezone.now() - timedelta(days=400), path=file)
    file.write_text("".join(file.read_text().splitlines(True)[:-1]))

    with pytest.raises(archiving.NotArchived, match="does not verify: sequence 9: missing"):
        archiving.drop(written)
    assert sequences() == list(range(1, 15))
    assert triggers.missing(connection) == []


def test_nothing_is_dropped_that_is_not_in_the_file(record, file):
    written = archiving.write(before=timezone.now() - timedelta(days=400), path=file)
    become_owner()
    edit(10, sequence=-10)
    put_triggers_back()

    with pytest.raises(archiving.NotArchived, match="the database holds other rows"):
        archiving.drop(written)
    assert AuditEvent.objects.count() == 14
    assert triggers.missing(connection) == []


def test_no_archive_is_written_over_and_none_of_the_present_is_made(record, file):
    archive(file)
    before = file.read_bytes()

    with pytest.raises(CommandError, match="an archive is never written over"):
        archive(file)
    with pytest.raises(CommandError, match="lies in the future"):
        archive(file.with_name("other.jsonl"), days=-1)
    with pytest.raises(CommandError, match="Nothing on record is older"):
        archive(file.with_name("other.jsonl"), days=4000)
    assert file.read_bytes() == before
    assert AuditEvent.objects.filter(action="audit.archived").count() == 1
