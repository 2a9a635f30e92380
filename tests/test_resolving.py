"""Design section 6: what became of a request that nobody knows the outcome of, by marks alone and never by a guess."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from records import a_code, break_in_chain
from syncs import HERE, actions, ago, ahead, created, made_elsewhere, passes, sync, told
from threads import at_once

from registercodes import cloud as clouds
from registercodes import resolving, rules, upstream
from registercodes.models import AuditEvent, RegisterCode, SyncRun, UpstreamCode
from registercodes.tat.errors import Unknown
from registercodes.tat.records import Page

pytestmark = pytest.mark.django_db

DISABLE = "DisableRegisterCodes"
FOUND = ["code.found", "code.disable_requested", "code.disabled"]
LONG = "x" * rules.DESCRIPTION_MAX  # leaves no room for a mark


@pytest.fixture(autouse=True)
def _a_cloud_of_its_own(sandbox, point_at, settings):
    sandbox.set_limits(rate=0)
    point_at(sandbox.url)
    settings.TAT_RATE = 1000


@pytest.fixture
def unknown(alice, web):
    """A request of this moment whose answer never arrived."""

    def made(**changes) -> RegisterCode:
        return a_code(team=web, person=alice, state="unknown", **changes)

    return made


@pytest.fixture
def known(alice, web):
    """A code of ours that the cloud has too: who sees it, sees the right account."""
    return a_code(team=web, person=alice, code_id=made_elsewhere(Description="known"))


def fresh(row: RegisterCode) -> RegisterCode:
    return RegisterCode.objects.get(pk=row.pk)


def is_open(code_id: str, sandbox) -> bool:
    return sandbox.code(code_id).Enabled


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


# In doubt: listed, never disabled.


def ambiguous():
    return resolving.ambiguous(RegisterCode.objects.all())


def in_doubt(row, *code_ids, sandbox) -> bool:
    for hours in (0, 1, 2):
        sync(at=ahead(hours=hours))
    assert (fresh(row).state, fresh(row).disable_wanted_at) == ("unknown", None)
    assert all(is_open(code_id, sandbox) for code_id in code_ids)
    [listed] = ambiguous()
    assert (listed.code, {code.code_id for code in listed.candidates}) == (row, set(code_ids))
    return True


def test_two_codes_with_the_mark_are_a_persons_affair(unknown, sandbox, known):
    row = unknown()
    assert in_doubt(row, *(made_elsewhere(Description=f"~{row.reference}") for _ in range(2)), sandbox=sandbox)


def test_without_a_mark_a_code_that_looks_alike_is_a_persons_affair(unknown, sandbox, known):
    """Compared by limit, prefix, network and time, not by the spelling of the range."""
    looks = {"register_limit": 3, "instance_name_prefix": "web", "ip_address_range": "192.168.10.1/10"}
    row = unknown(description=LONG, description_sent=LONG, **looks)
    asked = {"RegisterLimit": 3, "InstanceNamePrefix": "web", "IpAddressRange": "192.128.0.0/10"}
    alike = made_elsewhere(Description="cut off by the cloud", **asked)
    for other in ({"RegisterLimit": 4}, {"InstanceNamePrefix": "Web"}, {"IpAddressRange": "192.168.10.1/11"}):
        made_elsewhere(**asked | other)
    made_elsewhere(**asked, Description="another's ~aaaaaaa")
    assert in_doubt(row, alike, sandbox=sandbox)


@pytest.mark.parametrize(("seconds", "listed"), [(-306, 0), (-305, 1), (-60, 1), (630, 1), (631, 0)])
def test_a_cloud_whose_clock_is_accepted_hides_no_code_that_looks_alike(unknown, known, sandbox, seconds, listed):
    """A request signed by a clock 300 s off is accepted, so the code's time may be as far off."""
    row = unknown(description=LONG, description_sent=LONG, created_at=ago(hours=1))
    made_elsewhere(Description=LONG)
    upstream.take_in(HERE)
    UpstreamCode.objects.update(created_at=row.created_at + timedelta(seconds=seconds))
    for minutes in (6, 17):
        at = row.created_at + timedelta(minutes=minutes)
        run = SyncRun.objects.create(
            account=row.account, region=HERE, started_at=at, finished_at=at, complete=True, known=1, total=2
        )
    resolving.resolve(HERE, run=run, now=timezone.now())
    assert (fresh(row).state, len(ambiguous())) == ("unknown" if listed else "absent", listed)


def test_a_mark_that_was_never_sent_is_a_persons_affair(unknown, sandbox, known):
    row = unknown(description=LONG, description_sent=LONG)
    assert in_doubt(row, made_elsewhere(Description=f"~{row.reference}", RegisterLimit=3), sandbox=sandbox)


def test_a_request_with_a_mark_is_not_absent_while_a_code_without_one_looks_alike(unknown, sandbox, known):
    assert in_doubt(unknown(), made_elsewhere(Description="the mark cut off"), sandbox=sandbox)


def test_codes_that_rows_have_already_are_nobodys_candidates(unknown, alice, web, sandbox, known):
    row = unknown()
    a_code(team=web, person=alice, code_id=made_elsewhere(Description=f"~{row.reference}"))
    for hours in (1, 2):
        sync(at=ahead(hours=hours))
    assert (fresh(row).state, ambiguous()) == ("absent", [])


# What must not happen.


def test_a_forged_mark_of_a_code_in_good_order_disables_nothing(alice, web, sandbox):
    row = a_code(team=web, person=alice, code_id=made_elsewhere(Description="ours"))
    forged = made_elsewhere(Description=f"somebody else's ~{row.reference}")
    for hours in (0, 1, 2):
        sync(at=ahead(hours=hours))
    assert fresh(row).disable_wanted_at is None
    assert all(is_open(code_id, sandbox) for code_id in (row.code_id, forged))


@pytest.mark.parametrize("description", ["~{} ", "x~{}", "~{}x", "~{} 2", "{}", "-{}"])
def test_only_a_mark_at_the_very_end_is_one(unknown, sandbox, description):
    row = unknown(register_limit=9)
    code_id = made_elsewhere(Description=description.format(row.reference))
    sync()
    assert (fresh(row).state, is_open(code_id, sandbox)) == ("unknown", True)


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_cloud_whose_clock_is_an_hour_off_disables_nothing_and_proves_nothing(unknown, known, sandbox, hours):
    row = unknown(created_at=ago(hours=3))
    sandbox.advance(hours=hours - 3)
    assert in_doubt(row, made_elsewhere(Description=f"~{row.reference}", EffectiveTime=9), sandbox=sandbox)


def test_a_mark_on_a_page_of_an_incomplete_pass_decides_nothing(unknown, sandbox):
    """The pages not read may hold the real one, beside a copy of its mark."""
    row = unknown()
    copied = made_elsewhere(Description=f"copied ~{row.reference}")
    first = clouds.client().describe_register_codes(region=HERE, offset=0, limit=100, trace_id="t")

    def ask(offset: int) -> Page:
        if offset:
            raise Unknown("timeout")
        other = replace(first.items[0], description="", register_limit=9)
        filler = tuple(replace(other, code_id=f"x{number}") for number in range(99))
        return Page(200, (*first.items, *filler))

    taken = upstream.take_in(HERE, ask=ask)
    assert (taken.run.complete, told(copied).mark) == (False, row.reference)
    assert resolving.resolve(HERE, run=taken.run, now=timezone.now()) == (0, 0)
    real = made_elsewhere(Description=f"~{row.reference}")
    assert in_doubt(row, copied, real, sandbox=sandbox)


def test_a_mark_in_another_region_says_nothing(unknown, sandbox):
    row = unknown()
    made_elsewhere(region="ap-seoul", Description=f"~{row.reference}")
    sync()
    sync(region="ap-seoul")
    assert fresh(row).state == "unknown"


def test_no_sync_ever_asks_the_cloud_for_a_code(unknown, known, sandbox):
    unknown()
    sandbox.forget_calls()
    for hours in (0, 1, 2):
        sync(at=ahead(hours=hours))
    assert {call.action for call in sandbox.calls()} == {"DescribeRegisterCodes"}


@pytest.mark.django_db(transaction=True)
def test_two_syncs_at_once_resolve_an_unknown_once(unknown, sandbox):
    rows = [unknown() for _ in range(3)]
    for row in rows:
        made_elsewhere(Description=f"~{row.reference}")
    at_once(2, lambda number: sync())
    assert [actions(row) for row in rows] == [FOUND] * 3
    assert break_in_chain() == ""


@pytest.mark.django_db(transaction=True)
def test_two_who_resolve_at_the_same_moment_without_a_lease_move_a_row_once(unknown, sandbox):
    rows = [unknown() for _ in range(5)]
    for row in rows:
        made_elsewhere(Description=f"~{row.reference}")
    run = upstream.take_in(HERE).run
    found = at_once(4, lambda number: resolving.resolve(HERE, run=run, now=timezone.now())[0])
    assert sum(found) == 5
    assert [actions(row) for row in rows] == [FOUND[:2]] * 5
