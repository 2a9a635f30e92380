"""A list without any of our codes is another account's, or proves nothing: it closes no code on paper."""

from datetime import timedelta

import pytest
from django.utils import timezone
from records import a_code, break_in_chain, from_outside
from syncs import HERE, actions, ago, made_elsewhere, sync, told

from registercodes import cloud as clouds
from registercodes import facts, lifecycle, listing, outside, recognising
from registercodes.audit import NOWHERE
from registercodes.models import AuditEvent, OutsideCode, RegisterCode, SyncRun
from registercodes.states import State

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]


@pytest.fixture
def ours(alice, web):
    """A confirmed code, made ten minutes ago, that the cloud has."""

    def made(**changes) -> RegisterCode:
        facts = {"code_id": made_elsewhere(), "created_at": ago(minutes=10), "settled_at": ago(minutes=10)}
        return a_code(team=web, person=alice, confirmed_at=ago(minutes=9), **(facts | changes))

    return made


def delete(*codes: RegisterCode) -> None:
    clouds.client().delete_register_codes(region=HERE, code_ids=[code.code_id for code in codes], trace_id="t")


def wish(code: RegisterCode) -> None:
    RegisterCode.objects.filter(pk=code.pk).update(disable_wanted_at=timezone.now())


def fresh(code: RegisterCode) -> RegisterCode:
    code = RegisterCode.objects.get(pk=code.pk)
    facts.attach([code])
    return code


def state(code: RegisterCode) -> str:
    """By the card and by the list, which agree."""
    listed = listing.with_told(RegisterCode.objects.filter(pk=code.pk), at=timezone.now()).get().told
    assert fresh(code).honest_state.state == listed
    return listed


def test_a_code_that_is_missing_beside_another_of_ours_is_deleted_upstream(ours):
    row, other = ours(), ours()
    sync()
    delete(row)
    assert sync().complete
    assert (state(row), state(other)) == (State.DELETED_UPSTREAM, State.ACTIVE)


def test_not_found_counts_as_disabled_once_another_code_of_ours_is_seen(ours, alice, web):
    row = ours(permanent=True, effective_time=100_000)
    delete(row)
    wish(row)
    sync()
    assert fresh(row).disabled_at is None
    a_code(team=web, person=alice, code_id=made_elsewhere())
    assert (sync().disabled, bool(fresh(row).disabled_at)) == (1, True)
    assert AuditEvent.objects.get(action="code.disabled").detail == {"was_gone": True}


def test_the_only_code_deleted_upstream_counts_as_disabled_once_it_is_over_anyway(ours):
    row = ours()
    delete(row)
    wish(row)
    sync()
    assert fresh(row).disabled_at is None
    RegisterCode.objects.filter(pk=row.pk).update(expires_at=ago(seconds=1))
    assert (sync().why_not, bool(fresh(row).disabled_at)) == ("", True)


@pytest.mark.parametrize("closed", ["disabled_at", "expires_at"])
def test_a_region_whose_codes_are_all_over_may_be_empty(ours, closed):
    row = ours()
    sync()
    RegisterCode.objects.filter(pk=row.pk).update(**{closed: ago(seconds=1)})
    delete(row)
    assert sync().complete
    assert told(row.code_id).gone_at


def test_a_code_made_this_moment_is_not_missed(ours):
    row = ours(settled_at=timezone.now())
    delete(row)
    assert sync().complete


def test_a_person_who_disables_is_told_why_not_found_is_not_enough(ours, as_alice, alice):
    row = ours()
    delete(row)
    lifecycle.request_disable(row, actor=alice, origin=NOWHERE)
    assert not lifecycle.push_disable(row, actor=alice, origin=NOWHERE)
    assert AuditEvent.objects.latest("sequence").detail["why_not"] == recognising.UNPROVEN
    assert "showed no code of ours in this region" in as_alice.get(f"/codes/{row.reference}/").content.decode()


def test_an_outside_code_not_found_counts_as_disabled_once_a_code_of_ours_is_seen(ours, erin):
    code = from_outside()
    outside.request_disable(code, why="OPS-12", actor=erin, origin=NOWHERE)
    assert (sync().disabled, sync().wanted) == (0, 1)
    ours()
    assert (sync().disabled, bool(OutsideCode.objects.get().disabled_at)) == (1, True)
    assert AuditEvent.objects.get(action="outside.disabled").detail == {"was_gone": True}


def test_an_outside_code_not_found_counts_as_disabled_once_it_is_over_anyway(erin):
    code = from_outside(expires_at=ago(seconds=1))
    assert outside.disable(code, why="OPS-12", actor=erin, origin=NOWHERE)


# What must not happen.


def test_another_account_s_not_found_closes_no_outside_code(ours, erin):
    row, code = ours(), from_outside(code_id=made_elsewhere())
    sync(at=ago(minutes=2))
    clouds.client().delete_register_codes(region=HERE, code_ids=[row.code_id, code.code_id], trace_id="t")
    made_elsewhere()  # what that account has

    assert sync().why_not == "none_of_ours"
    assert not outside.disable(code, why="OPS-12", actor=erin, origin=NOWHERE)
    assert (sync().disabled, sync().wanted) == (0, 1)
    assert (OutsideCode.objects.get().disabled_at, told(code.code_id).gone_at) == (None, None)
    assert not AuditEvent.objects.filter(action="outside.disabled").exists()
    assert AuditEvent.objects.latest("sequence").detail["why_not"] == recognising.UNPROVEN


@pytest.mark.parametrize("theirs", [0, 3])
def test_an_empty_or_foreign_list_closes_no_code_and_is_no_as_of(ours, theirs, caplog):
    rows = [ours(), ours()]
    sync(at=ago(minutes=2))
    before = fresh(rows[0]).as_of
    never_seen = ours(settled_at=ago(seconds=90))
    delete(*rows, never_seen)
    for _ in range(theirs):
        made_elsewhere()

    synced = sync()

    assert (synced.complete, synced.why_not) == (False, "none_of_ours")
    assert [state(row) for row in (*rows, never_seen)] == [State.ACTIVE] * 3
    assert (fresh(rows[0]).as_of, told(rows[0].code_id).gone_at) == (before, None)
    [line] = [line for line in caplog.records if line.message == "none_of_our_codes_seen"]
    assert (line.levelname, line.region, line.total) == ("ERROR", HERE, theirs)


def test_under_the_keys_of_another_account_no_disable_is_agreed_to(ours):
    rows = [ours(), ours()]
    sync(at=ago(minutes=2))
    for row in rows:
        wish(row)
    delete(*rows)
    assert (sync().disabled, sync().wanted) == (0, 2)
    assert [actions(row) for row in rows] == [[], []]
    assert [state(row) for row in rows] == [State.DISABLING] * 2
    assert break_in_chain() == ""


def test_an_old_pass_proves_no_account(ours, alice):
    row = ours()
    sync(at=ago(minutes=11))
    SyncRun.objects.update(started_at=timezone.now() - recognising.RECENT - timedelta(seconds=1))
    delete(row)
    wish(row)
    row.refresh_from_db()
    assert not lifecycle.push_disable(row, actor=alice, origin=NOWHERE)
