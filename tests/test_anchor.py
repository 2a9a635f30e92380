"""Anchors: what is kept outside, what it shows, and what a restore from a backup makes of it."""

import json
import stat

import pytest
from django.core.management import CommandError, call_command
from tampering import (
    a_record,
    become_owner,
    chain_anew,
    cut_after,
    edit,
    forge_head,
    manage,
    put_triggers_back,
    verify,
)

from registercodes.models import AuditEvent, AuditHead

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    return tmp_path / "anchor.json"


def anchor_at(file) -> dict:
    manage("anchoraudit", "--file", file)
    return json.loads(file.read_text())


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


# What must not happen.


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


def test_what_an_anchor_did_not_see_is_not_vouched_for(file):
    a_record(5)
    manage("anchoraudit", "--file", file)
    a_record(4)
    become_owner()
    cut_after(6)
    forge_head()
    put_triggers_back()

    status, said, _ = manage("verifyaudit", "--anchor", file)

    assert status == 0 and "Of the events after 5, which the anchor did not see, this cannot tell" in said


def test_restores_on_record_are_told_where_there_is_no_anchor():
    a_record(3)
    chain = AuditHead.objects.get().chain
    manage("restoredaudit", "--reason", "drill")

    assert (
        f"Event 4 says that the record was restored from a backup: what chain {chain} held after event 3 is gone"
        in (manage("verifyaudit")[1])
    )
