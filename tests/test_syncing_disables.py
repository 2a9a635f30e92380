"""Wanted disables are asked for until the cloud agrees, many in one call; one stale id holds no other back."""

import json

import pytest
from django.utils import timezone
from records import a_code, break_in_chain
from syncs import HERE, actions, made_elsewhere, sync
from tat_wire import after_reading, envelope, error, http, read_request, wire

from registercodes import batches
from registercodes import cloud as clouds
from registercodes.models import RegisterCode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]

DISABLE = "DisableRegisterCodes"
GONE = "ResourceNotFound.RegisterCodesNotFoundCode"


@pytest.fixture
def wanted(alice, web):
    """A code that should be disabled, and that the cloud has."""

    def made(code_id: str = "", **changes) -> RegisterCode:
        code_id = code_id or made_elsewhere()
        return a_code(team=web, person=alice, code_id=code_id, disable_wanted_at=timezone.now(), **changes)

    return made


def is_done(row) -> bool:
    return RegisterCode.objects.get(pk=row.pk).disabled_at is not None


def disables(sandbox) -> int:
    return len(sandbox.calls(DISABLE))


def test_a_wish_is_repeated_until_the_cloud_agrees(wanted, sandbox):
    row = wanted()
    sandbox.fault("close", action=DISABLE, times=2)
    assert [(sync().disabled, is_done(row)) for _ in range(3)] == [(0, False), (0, False), (1, True)]
    assert not sandbox.code(row.code_id).Enabled
    assert actions(row) == ["code.disabled"]
    assert (sync().wanted, disables(sandbox)) == (0, 3)
    assert break_in_chain() == ""


def test_at_most_99_ids_go_into_a_call(wanted, sandbox, monkeypatch):
    assert batches.MOST == 99
    monkeypatch.setattr(batches, "MOST", 3)
    rows = [wanted() for _ in range(7)]
    assert (sync().disabled, disables(sandbox)) == (7, 3)
    assert all(map(is_done, rows))


@pytest.fixture
def known(alice, web):
    """A code of ours that the cloud has too: who sees it, sees the right account."""
    return a_code(team=web, person=alice, code_id=made_elsewhere(Description="known"))


def test_a_batch_refused_for_a_stale_id_is_split_until_the_rest_is_done(wanted, sandbox):
    """The stale one admits nobody: the cloud no longer has it."""
    rows = [wanted() for _ in range(9)]
    stale = wanted()
    clouds.client().delete_register_codes(region=HERE, code_ids=[stale.code_id], trace_id="t")
    assert sync().disabled == 10
    assert all(map(is_done, [*rows, stale]))
    assert not any(code.Enabled for code in sandbox.codes(HERE))
    assert disables(sandbox) <= 9


def test_a_code_that_was_deleted_upstream_counts_as_disabled(wanted, known):
    row = wanted()
    clouds.client().delete_register_codes(region=HERE, code_ids=[row.code_id], trace_id="t")
    assert (sync().disabled, is_done(row)) == (1, True)


def test_an_id_that_the_cloud_does_not_accept_holds_no_other_back(wanted, point_at):
    """It stays wanted: that the code is gone was not said."""
    bad, good = wanted(code_id="bad"), wanted(code_id="good")

    def script(connection, server):
        listed = envelope(TotalCount=0, RegisterCodeSet=[])
        refused = error("InvalidParameterValue.InvalidRegisterCodeId")
        answers = {b"DescribeRegisterCodes": listed, b'"bad"': refused}
        while read_request(connection, server):
            chosen = next((body for word, body in answers.items() if word in server.requests[-1]), envelope())
            connection.sendall(http(chosen))

    with wire(script) as server:
        point_at(server.url)
        assert (sync().disabled, is_done(bad), is_done(good)) == (1, False, True)
        asked = [json.loads(server.body(number)) for number in range(len(server.requests))]
    assert [body["RegisterCodeIds"] for body in asked if "RegisterCodeIds" in body] == [
        ["bad", "good"],
        ["bad"],
        ["good"],
    ]


def test_a_wish_is_repeated_although_the_list_cannot_be_read(wanted, sandbox):
    row = wanted()
    sandbox.fault("error", code="UnauthorizedOperation", action="DescribeRegisterCodes")
    synced = sync()
    assert (synced.complete, synced.disabled, is_done(row)) == (False, 1, True)


# What must not happen.


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "AuthFailure.SignatureExpire", "InternalError", "Surprise"])
def test_a_refusal_of_the_account_is_not_asked_for_each_id(wanted, sandbox, code):
    rows = [wanted() for _ in range(8)]
    sandbox.fault("error", code=code, action=DISABLE, times=None)
    assert (sync().disabled, disables(sandbox)) == (0, 1)
    assert not any(map(is_done, rows))


def test_nothing_is_disabled_that_no_row_wants(alice, web, wanted, sandbox):
    fine = a_code(team=web, person=alice, code_id=made_elsewhere())
    theirs = made_elsewhere()
    wanted()
    assert sync().disabled == 1
    assert sandbox.code(fine.code_id).Enabled and sandbox.code(theirs).Enabled


def test_wishes_of_another_account_are_left_to_it(wanted, sandbox):
    row = wanted(account="another")
    assert (sync().wanted, is_done(row), disables(sandbox)) == (0, False, 0)


def test_a_cloud_that_answers_nothing_is_asked_once_for_a_batch(wanted, point_at):
    row = wanted(code_id="a")
    with wire(after_reading(lambda connection: connection.close())) as server:
        point_at(server.url)
        assert (sync().disabled, is_done(row)) == (0, False)
        assert len(server.requests) <= 2
