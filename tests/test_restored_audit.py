"""A restore from a backup: its numbers are given again, and never pass for the lost ones; the record says so."""

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from tampering import (
    a_record,
    at,
    become_owner,
    chain_anew,
    cut_after,
    edit,
    forge_head,
    manage,
    put_triggers_back,
    verify,
)

from registercodes.models import AuditEvent, AuditHead, Installation

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    return tmp_path / "anchor.json"


def anchor_at(file) -> dict:
    manage("anchoraudit", "--file", file)
    return json.loads(file.read_text())


def go_back_to(sequence: int) -> None:
    """As the restore of an older backup does: what came later was never there."""
    become_owner()
    cut_after(sequence)
    forge_head()
    last = AuditEvent.objects.order_by("-sequence").first()
    AuditHead.objects.update(chain=last.chain)
    Installation.objects.update(chain=last.chain)
    put_triggers_back()


def test_a_restore_that_is_admitted_is_no_tampering(file):
    a_record(9)
    anchor_at(file)
    go_back_to(6)
    old = AuditHead.objects.get().chain

    call_command("restoredaudit", "--reason", "disk lost", verbosity=0)
    a_record(5)

    event = at(7).get()
    assert event.action == "chain.restored" and event.chain == AuditHead.objects.get().chain != old
    assert Installation.objects.get().chain == event.chain
    assert event.detail["old_chain"] == old and event.detail["last_sequence"] == 6
    assert event.detail["last_digest"] == event.previous_digest == at(6).get().digest
    assert verify()[0] == 0
    status, said, _ = manage("verifyaudit", "--anchor", file)
    assert status == 0
    assert "3 events lost by the restore that event 7 admits" in said


def test_an_anchor_older_than_the_backup_holds_over_the_restore(file):
    a_record(4)
    anchor_at(file)
    a_record(5)
    go_back_to(6)
    call_command("restoredaudit", "--reason", "disk lost", verbosity=0)

    status, said, _ = manage("verifyaudit", "--anchor", file)

    assert status == 0 and "saw the same event 4" in said


def test_a_restore_that_nobody_admits_is_shown_by_the_anchor(file):
    a_record(9)
    anchor_at(file)
    go_back_to(6)
    a_record(1)
    assert verify("--anchor", file)[1].startswith("sequence 8: missing: the anchor of ")

    a_record(5)

    assert verify("--anchor", file)[1].startswith("sequence 9: rewritten, here or before: the anchor of ")


def test_a_second_restore_to_before_the_first_tells_of_the_chain_that_is_gone(file):
    a_record(9)
    go_back_to(6)
    call_command("restoredaudit", "--reason", "once", verbosity=0)
    a_record(5)
    lost = anchor_at(file)
    go_back_to(4)

    call_command("restoredaudit", "--reason", "twice", "--anchor", str(file), verbosity=0)

    assert lost["sequence"] == 12
    status, said, _ = manage("verifyaudit", "--anchor", file)
    assert status == 0 and "8 events lost by the restore that event 5 admits" in said


def test_a_new_anchor_takes_the_place_of_one_whose_events_a_restore_lost(file):
    a_record(9)
    anchor_at(file)
    go_back_to(6)
    call_command("restoredaudit", "--reason", "disk lost", verbosity=0)

    assert anchor_at(file)["sequence"] == 7
    assert verify("--anchor", file)[0] == 0


# What must not happen.


def test_a_restore_without_a_reason_is_not_put_on_record():
    a_record(3)

    with pytest.raises(CommandError, match="Say why"):
        call_command("restoredaudit", "--reason", "  ")
    assert AuditEvent.objects.count() == 3


def test_numbers_used_again_never_pass_for_the_lost_ones(file):
    a_record(9)
    lost = {(event.chain, event.sequence) for event in AuditEvent.objects.filter(sequence__gt=6)}
    go_back_to(6)
    call_command("restoredaudit", "--reason", "disk lost", verbosity=0)
    a_record(5)

    again = {(event.chain, event.sequence) for event in AuditEvent.objects.filter(sequence__gt=6)}

    assert {number for _, number in again} > {number for _, number in lost}
    assert not again & lost


def test_a_restore_excuses_nothing_of_what_the_backup_held(file):
    a_record(9)
    anchor_at(file)
    become_owner()
    edit(3, at=at(3).get().at + timedelta(microseconds=1))
    chain_anew(3)
    put_triggers_back()
    a_record(1)
    call_command("restoredaudit", "--reason", "to hide it", verbosity=0)

    status, said = verify("--anchor", file)

    assert (status, said[:22]) == (1, "sequence 9: rewritten,")


def test_a_record_that_the_anchor_contradicts_is_no_backup(tmp_path):
    a_record(5)
    manage("anchoraudit", "--file", tmp_path / "anchor.json")
    become_owner()
    edit(3, actor_name="Mallory")
    chain_anew(3)
    put_triggers_back()

    with pytest.raises(CommandError, match="Nothing was written: the anchor saw another event 5"):
        manage("restoredaudit", "--reason", "disk", "--anchor", tmp_path / "anchor.json")

    assert not AuditEvent.objects.filter(action="chain.restored").exists()
