"""Design section 6: what became of a request that nobody knows the outcome of, by marks alone and never by a guess."""

from datetime import timedelta

import pytest
from django.utils import timezone
from records import a_code, break_in_chain
from syncs import HERE, actions, ago, ahead, created, made_elsewhere, passes, sync
from unknown_requests import ambiguous, fresh, is_open, known, unknown  # noqa: F401

from registercodes import cloud as clouds
from registercodes import resolving, rules, upstream
from registercodes.models import AuditEvent, SyncRun, UpstreamCode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]

DISABLE = "DisableRegisterCodes"
FOUND = ["code.found", "code.disable_requested", "code.disabled"]
LONG = "x" * rules.DESCRIPTION_MAX  # leaves no room for a mark


# Found by its mark.


@pytest.mark.parametrize("description", ["~{}", "webserver ~{}", "altered by the cloud ~{}"])
def test_a_code_with_the_mark_is_found_and_disabled(unknown, sandbox, description):
    row = unknown()
    code_id = made_elsewhere(Description=description.format(row.reference))

    synced = sync()

    row = fresh(row)
    assert (synced.found, synced.disabled, row.state, row.code_id) == (1, 1, "found", code_id)
    assert row.disable_wanted_at and row.disabled_at and row.expires_at
    assert not is_open(code_id, sandbox)
    assert actions(row) == FOUND
    assert break_in_chain() == ""


def test_the_mark_decides_alone_whatever_else_differs_or_looks_alike(unknown, sandbox):
    row = unknown(register_limit=10, instance_name_prefix="web", ip_address_range="203.0.113.0/24")
    marked = made_elsewhere(Description=f"~{row.reference}", RegisterLimit=7, InstanceNamePrefix="other")
    alike = made_elsewhere(InstanceNamePrefix="web", IpAddressRange="203.0.113.0/24")
    sync()
    assert (fresh(row).code_id, is_open(alike, sandbox)) == (marked, True)


def test_the_wish_to_disable_is_on_record_although_the_cloud_does_not_agree_yet(unknown, sandbox):
    row = unknown()
    made_elsewhere(Description=f"~{row.reference}")
    sandbox.fault("error", code="UnauthorizedOperation", action=DISABLE)
    sync()
    assert (fresh(row).state, bool(fresh(row).disable_wanted_at), fresh(row).disabled_at) == ("found", True, None)
    assert actions(row) == FOUND[:2]
    sync()
    assert fresh(row).disabled_at and actions(row) == FOUND


def test_a_permanent_code_that_is_found_has_no_expiry(unknown, sandbox):
    row = unknown(permanent=True, effective_time=rules.PERMANENT_HOURS)
    made_elsewhere(Description=f"~{row.reference}", EffectiveTime=rules.PERMANENT_HOURS)
    sync()
    assert (fresh(row).state, fresh(row).expires_at) == ("found", None)


def test_an_orphan_with_hosts_raises_the_alarm(unknown, sandbox, caplog):
    row = unknown()
    made = created(Description=f"~{row.reference}")
    sandbox.register_host(HERE, made.code_id, made.value.reveal())

    sync()

    [alarm] = [line for line in caplog.records if line.message == "orphan_with_hosts"]
    assert (alarm.levelname, alarm.reference, alarm.registered_count) == ("CRITICAL", row.reference, 1)
    event = AuditEvent.objects.get(register_code=row, action="code.found")
    assert event.detail == {"by": "mark", "registered_count": 1, "alarm": "orphan_with_hosts"}
    assert fresh(row).disabled_at


def test_a_code_that_somebody_deleted_meanwhile_was_made_and_is_closed(unknown, known, sandbox):
    row = unknown(created_at=ago(seconds=60))
    code_id = made_elsewhere(Description=f"~{row.reference}")
    upstream.take_in(HERE)
    clouds.client().delete_register_codes(region=HERE, code_ids=[code_id], trace_id="t")
    sync()
    assert (fresh(row).state, fresh(row).code_id, bool(fresh(row).disabled_at)) == ("found", code_id, True)


# The window: from 5 s before the call to 330 s after it.


@pytest.mark.parametrize(
    ("seconds", "state"), [(-6, "unknown"), (-5, "found"), (0, "found"), (330, "found"), (331, "unknown")]
)
def test_a_mark_counts_inside_the_window_only(unknown, sandbox, seconds, state):
    row = unknown(created_at=timezone.now() - timedelta(seconds=seconds))
    code_id = made_elsewhere(Description=f"~{row.reference}")
    upstream.take_in(HERE)
    UpstreamCode.objects.update(created_at=row.created_at + timedelta(seconds=seconds))
    resolving.resolve(HERE, run=SyncRun.objects.get(), now=timezone.now())
    assert fresh(row).state == state
    assert [one.code for one in ambiguous()] == ([row] if state == "unknown" else [])
    assert is_open(code_id, sandbox)  # resolving itself tells the cloud nothing


def test_a_code_of_which_the_cloud_does_not_say_when_it_was_made_decides_nothing(unknown, sandbox):
    row = unknown()
    made_elsewhere(Description=f"~{row.reference}")
    upstream.take_in(HERE)
    UpstreamCode.objects.update(created_at=None)
    assert resolving.resolve(HERE, run=SyncRun.objects.get(), now=timezone.now()) == (0, 0)
    assert [one.code for one in ambiguous()] == [row]


def test_a_longer_deadline_widens_the_window(settings):
    assert resolving.after_call() == timedelta(seconds=330)
    settings.TAT_DEADLINE = 20
    assert resolving.after_call() == timedelta(seconds=335)
    settings.TAT_DEADLINE = 2
    assert resolving.after_call() == timedelta(seconds=330)


# Absent, after two complete passes.


def test_absence_needs_two_complete_passes_ten_minutes_apart_the_first_330_seconds_after_the_call(unknown, known):
    row = unknown()
    states = []
    for seconds in (100, 329, 330, 929, 930):
        sync(at=row.created_at + timedelta(seconds=seconds))
        states.append(fresh(row).state)
    assert states == ["unknown"] * 4 + ["absent"]
    assert actions(row) == ["code.absent"]
    event = AuditEvent.objects.get(register_code=row)
    assert event.detail["passes"] == [(row.created_at + timedelta(seconds=s)).isoformat() for s in (330, 930)]
    assert break_in_chain() == ""


def test_an_account_without_a_code_we_know_proves_nothing(unknown, sandbox, known):
    row = unknown()
    made_elsewhere(Description="foreign")
    clouds.client().delete_register_codes(region=HERE, code_ids=[known.code_id], trace_id="t")
    for hours in range(1, 5):
        sync(at=ahead(hours=hours))
    assert fresh(row).state == "unknown"
    assert set(passes()) == {(True, 0)}


def test_an_empty_account_proves_nothing(unknown):
    row = unknown()
    for hours in range(1, 5):
        sync(at=ahead(hours=hours))
    assert fresh(row).state == "unknown"


def test_incomplete_passes_prove_nothing(unknown, known):
    row = unknown()
    for hours in range(1, 5):
        sync(at=ahead(hours=hours))
        SyncRun.objects.update(complete=False)
    assert fresh(row).state == "unknown"


def test_passes_of_another_region_prove_nothing(unknown, known):
    row = unknown(region="ap-seoul")
    for hours in range(1, 5):
        sync(at=ahead(hours=hours))
        sync(at=ahead(hours=hours), region="ap-seoul")
    assert fresh(row).state == "unknown"


def test_an_absent_code_that_turns_up_after_all_is_found_and_disabled(unknown, known, sandbox):
    row = unknown()
    for hours in (1, 2):
        sync(at=ahead(hours=hours))
    assert fresh(row).state == "absent"
    code_id = made_elsewhere(Description=f"~{row.reference}")
    sync()
    assert (fresh(row).state, is_open(code_id, sandbox)) == ("found", False)
    assert actions(row) == ["code.absent", *FOUND]


# What a kill left pending.


def test_what_was_left_pending_becomes_unknown_and_is_resolved_in_one_sync(alice, web, sandbox, settings):
    patience = timedelta(seconds=settings.TAT_DEADLINE + 30)
    old, young = (
        a_code(team=web, person=alice, state="pending", created_at=timezone.now() - age)
        for age in (patience + timedelta(seconds=1), patience - timedelta(seconds=5))
    )
    for row in (old, young):
        made_elsewhere(Description=f"~{row.reference}")

    synced = sync()

    assert (synced.unknown, synced.found) == (1, 1)
    assert (fresh(old).state, actions(old)) == ("found", ["code.unknown", *FOUND])
    assert (fresh(old).reason, AuditEvent.objects.filter(action="code.unknown").get().detail) == (
        "left_pending",
        {"reason": "left_pending"},
    )
    assert (fresh(young).state, actions(young)) == ("pending", [])


def test_what_was_left_pending_and_never_sent_ends_as_absent(alice, web, known):
    row = a_code(team=web, person=alice, state="pending")
    for hours in (1, 2):
        sync(at=ahead(hours=hours))
    assert actions(row) == ["code.unknown", "code.absent"]
