"""Design section 6: requests that no rule settles are listed and disabled by nobody, and what must never settle one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone
from records import a_code, break_in_chain
from syncs import HERE, actions, ago, ahead, made_elsewhere, sync, told
from threads import at_once
from unknown_requests import ambiguous, fresh, is_open, known, unknown  # noqa: F401

from registercodes import cloud as clouds
from registercodes import resolving, rules, upstream
from registercodes.models import SyncRun, UpstreamCode
from registercodes.tat.errors import Unknown
from registercodes.tat.records import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]

DISABLE = "DisableRegisterCodes"
FOUND = ["code.found", "code.disable_requested", "code.disabled"]
LONG = "x" * rules.DESCRIPTION_MAX  # leaves no room for a mark


# In doubt: listed, never disabled.


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
