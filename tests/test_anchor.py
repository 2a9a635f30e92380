"""Anchors: what is kept outside, what it shows, and what a restore from a backup makes of it."""

import json
import stat
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


def test_an_anchor_says_where_the_record_ends_and_seals_it():
    a_record(3)

    said = json.loads(manage("anchoraudit")[1])

    head = AuditHead.objects.get()
    assert said.keys() == {"kind", "chain", "sequence", "digest", "at", "key_id", "hmac"}
    assert (said["chain"], said["sequence"], said["digest"]) == (head.chain, 3, head.digest)


def test_an_anchor_in_a_file_moves_on_with_the_record(file):
    a_record(3)
    assert anchor_at(file)["sequence"] == 3
    a_record(2)

    assert anchor_at(file)["sequence"] == 5
    assert verify("--anchor", file)[0] == 0
    assert [path.name for path in file.parent.iterdir()] == ["anchor.json"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_anchor_of_an_empty_record_shows_that_it_was_this_record(file):
    anchor_at(file)
    a_record(2)
    assert verify("--anchor", file)[0] == 0

    become_owner()
    AuditEvent.objects.update(chain="another")
    chain_anew(1)
    AuditHead.objects.update(chain="another")
    put_triggers_back()

    assert verify("--anchor", file)[1].startswith("sequence 1: of another record than the anchor of ")


def test_an_anchor_of_another_portals_record_is_not_borne_out(file):
    a_record(2)
    anchor_at(file)
    become_owner()
    AuditEvent.objects.update(chain="another")
    chain_anew(1)
    AuditHead.objects.update(chain="another")
    put_triggers_back()

    assert verify("--anchor", file)[1].startswith("sequence 2: rewritten, here or before")


def test_an_older_anchor_still_holds(file):
    a_record(3)
    anchor_at(file)
    a_record(5)

    status, said, _ = manage("verifyaudit", "--anchor", file)

    assert status == 0 and "saw the same event 3" in said


def changed(text: str) -> str:
    return json.dumps(json.loads(text) | {"sequence": 1})


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda text: "", "it is not a sealed JSON object of this portal"),
        (lambda text: "[1]", "it is not a sealed JSON object of this portal"),
        (lambda text: "[" * 100_000, "it is not a sealed JSON object of this portal"),
        (changed, "its seal does not fit its content: it was changed"),
        (lambda text: text.replace("audit anchor", "audit export"), "it is of kind"),
        (lambda text: text.replace('"hmac": "', '"hmac": 5, "x": "'), "its seal does not fit"),
        (lambda text: json.dumps(json.loads(text) | {"key_id": "x"}), "it was sealed with a key of id 'x'"),
        (lambda text: json.dumps(json.loads(text) | {"key_id": [1]}), "it was sealed with a key of id [1]"),
    ],
)
def test_an_anchor_that_is_none_is_no_answer(file, spoil, why):
    a_record(3)
    anchor_at(file)
    file.write_text(spoil(file.read_text()))

    status, said = verify("--anchor", file)

    assert status == 2 and said.startswith(f"cannot verify: {file} is no anchor to go by: {why}")
    with pytest.raises(CommandError, match="is kept as it is"):
        call_command("anchoraudit", "--file", str(file))


def test_an_anchor_that_is_not_there_is_no_answer(file):
    assert verify("--anchor", file)[0] == 2


# After a restore from a backup.


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


@pytest.mark.parametrize(
    "change",
    [
        lambda: (cut_after(2), forge_head()),
        lambda: (edit(2, actor_name="Mallory"), chain_anew(2)),
    ],
    ids=["cut", "rewritten"],
)
def test_an_anchor_is_never_replaced_by_one_of_a_record_that_it_contradicts(file, change):
    a_record(4)
    before = anchor_at(file)
    become_owner()
    change()
    put_triggers_back()

    with pytest.raises(CommandError, match="is kept: it saw event 4"):
        call_command("anchoraudit", "--file", str(file))
    assert json.loads(file.read_text()) == before


@pytest.mark.parametrize(
    "change", [lambda: edit(4, actor_name="Mallory"), lambda: cut_after(3), lambda: edit(4, digest="0" * 64)]
)
def test_no_anchor_is_made_of_an_end_that_is_not_whole(change):
    a_record(4)
    become_owner()
    change()

    with pytest.raises(CommandError, match=r"^sequence 4: "):
        call_command("anchoraudit")


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
