"""The drill: as the database's owner, with the triggers off, change the record; verifyaudit names the row. See it: -s."""

import pytest
from django.db import connection
from tampering import (
    a_record,
    become_owner,
    chain_anew,
    close_the_gap,
    cut_after,
    earlier,
    edit,
    forge_head,
    insert_after,
    manage,
    remove,
    seal,
    swap,
    verify,
)

from registercodes.models import AuditEvent, AuditHead

pytestmark = pytest.mark.django_db

ALTERED = "altered: its digest is not that of its content"
# What is done to a record of nine events, and what is found.
WITHOUT_THE_KEY = {
    "edit of a name": (lambda: edit(4, actor_name="Mallory"), f"sequence 4: {ALTERED}"),
    "edit of the detail": (lambda: edit(4, detail={"n": 5}), f"sequence 4: {ALTERED}"),
    "edit of the first": (lambda: edit(1, client_ip="192.0.2.1"), f"sequence 1: {ALTERED}"),
    "edit of the last": (lambda: edit(9, outcome="failure"), f"sequence 9: {ALTERED}"),
    "edit of a digest": (lambda: edit(4, digest="0" * 64), f"sequence 4: {ALTERED}"),
    "edit of a link": (lambda: edit(4, previous_digest="0" * 64), f"sequence 4: {ALTERED}"),
    "edit of a chain": (lambda: edit(4, chain="another"), f"sequence 4: {ALTERED}"),
    "backdating": (lambda: edit(4, **earlier(4, seconds=1)), f"sequence 4: {ALTERED}"),
    "removal": (lambda: remove(4), "sequence 4: missing"),
    "removal of the first": (lambda: remove(1), "sequence 1: missing"),
    "removal, renumbered": (lambda: (remove(4), close_the_gap(4)), f"sequence 4: {ALTERED}"),
    "swap": (lambda: swap(4, 7), f"sequence 4: {ALTERED}"),
    "insertion": (lambda: insert_after(4, actor_name="Mallory"), f"sequence 5: {ALTERED}"),
    "insertion of a copy": (lambda: insert_after(4), f"sequence 5: {ALTERED}"),
    "insertion before the first": (
        lambda: edit(9, sequence=0),
        "sequence 0: inserted: the record begins later",
    ),
    "insertion after the last": (
        lambda: (insert_after(9), AuditHead.objects.update(sequence=9)),
        "sequence 10: inserted: it comes after the end that the head names",
    ),
    "cut tail": (lambda: cut_after(6), "sequence 7: missing: the head says that the record ends with event 9"),
    "all of it": (lambda: cut_after(0), "sequence 1: missing: the head says that the record ends with event 9"),
    "forged head": (
        lambda: AuditHead.objects.update(digest="0" * 64),
        "sequence 9: the head names another event of this number: the end was rewritten",
    ),
}
REWRITTEN = "rewritten with the key: event 5 was chained to another"
WITH_THE_KEY = {
    "edit, sealed": (lambda: (edit(4, actor_name="Mallory"), seal(4)), f"sequence 4: {REWRITTEN}"),
    "a link, sealed": (
        lambda: (edit(4, previous_digest="0" * 64), seal(4)),
        "sequence 4: rewritten with the key: it is not chained to the event before it",
    ),
    "the first's link, sealed": (
        lambda: (edit(1, previous_digest="0" * 64), seal(1)),
        "sequence 1: rewritten with the key: it is not chained to the event before it",
    ),
    "the last, sealed": (
        lambda: (edit(9, actor_name="Mallory"), seal(9)),
        "sequence 9: the head names another event of this number: the end was rewritten",
    ),
    "removal, sealed": (
        lambda: (remove(4), close_the_gap(4), seal(4)),
        "sequence 4: rewritten with the key: it is not chained to the event before it",
    ),
    "backdating, chained anew": (
        lambda: (edit(4, **earlier(1, hours=1)), chain_anew(4)),
        "sequence 4: backdated: its time is 1:00:0",
    ),
    "another chain, chained anew": (
        lambda: (AuditEvent.objects.filter(sequence__gte=4).update(chain="new"), chain_anew(4)),
        "sequence 4: it belongs to chain new, not ",
    ),
}
UNSEEN = {
    "cut tail, forged head": (lambda: (cut_after(6), forge_head()), "sequence 7: missing: the anchor of "),
    "edit, chained anew": (
        lambda: (edit(4, actor_name="Mallory"), chain_anew(4)),
        "sequence 9: rewritten, here or before: the anchor of ",
    ),
    "all of it anew": (
        lambda: (AuditEvent.objects.update(user_agent="x"), chain_anew(1)),
        "sequence 9: rewritten, here or before: the anchor of ",
    ),
    "all of it gone, forged head": (
        lambda: (cut_after(0), AuditHead.objects.update(sequence=0, digest="")),
        "sequence 1: missing: the anchor of ",
    ),
}


@pytest.fixture
def anchor(tmp_path):
    a_record(9)
    manage("anchoraudit", "--file", tmp_path / "anchor.json")
    become_owner()
    return tmp_path / "anchor.json"


@pytest.mark.parametrize("attack", [*WITHOUT_THE_KEY, *WITH_THE_KEY])
def test_the_row_is_named(anchor, attack):
    do, found = (WITHOUT_THE_KEY | WITH_THE_KEY)[attack]
    do()

    said = manage("verifyaudit")[1].splitlines()[1]
    print(f"{connection.vendor}: {attack}: {said}")
    assert said.startswith(found)
    assert verify("--anchor", anchor)[0] == 1


@pytest.mark.parametrize("attack", UNSEEN)
def test_what_only_an_anchor_shows_is_shown_by_one(anchor, attack):
    do, found = UNSEEN[attack]
    do()

    without, said, _ = manage("verifyaudit")
    status, with_anchor, _ = manage("verifyaudit", "--anchor", anchor)

    print(f"{connection.vendor}: {attack}: without an anchor {without}; with one: {with_anchor.splitlines()[1]}")
    assert without == 0 and "Without an anchor from outside this cannot tell" in said
    assert status == 1 and with_anchor.splitlines()[1].startswith(found)


# What must not happen.


def test_a_record_that_nobody_changed_is_not_accused(anchor):
    status, said, _ = manage("verifyaudit", "--anchor", anchor)

    assert status == 0
    assert "whole: 9 events, events 1 to 9" in said and "saw the same event 9" in said
    assert "Without an anchor" not in said
