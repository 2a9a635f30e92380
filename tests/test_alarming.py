"""Hosts on a code that nobody was shown raise the alarm: at the first, whenever there are more, and only then."""

import pytest
from records import a_code, break_in_chain
from syncs import HERE, created, sync
from threads import at_once

from registercodes import alarming
from registercodes.models import AuditEvent, RegisterCode, UpstreamCode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]


@pytest.fixture
def orphan(alice, web, sandbox):
    """One in the cloud, found by its mark; the cloud does not agree to disable it, so hosts go on enrolling."""
    row = a_code(team=web, person=alice, state="unknown")
    made = created(Description=f"~{row.reference}", RegisterLimit=10)
    value = made.value.reveal()
    sandbox.fault("error", code="UnauthorizedOperation", action="DisableRegisterCodes", times=None)
    return row, lambda: sandbox.register_host(HERE, made.code_id, value)


def alarms(caplog) -> list[int]:
    return [line.registered_count for line in caplog.records if line.message == "orphan_with_hosts"]


def said(row: RegisterCode) -> list[int | None]:
    found = AuditEvent.objects.filter(register_code=row, action__in=["code.found", "code.alarm"]).order_by("sequence")
    return [event.detail.get("registered_count") for event in found]


def test_more_hosts_raise_it_again_and_no_more_hosts_do_not(orphan, caplog):
    row, enrol = orphan
    enrol()
    for _ in range(2):
        sync()
    assert (alarms(caplog), said(row)) == ([1], [1])

    enrol()
    enrol()
    for _ in range(2):
        sync()

    assert (alarms(caplog), said(row)) == ([1, 3], [1, 3])
    last = AuditEvent.objects.filter(register_code=row).latest("sequence")
    assert last.action == "code.alarm"
    assert last.detail == {"registered_count": 3, "alarm": "orphan_with_hosts", "registered_before": 1}
    assert {line.levelname for line in caplog.records if line.message == "orphan_with_hosts"} == {"CRITICAL"}
    assert break_in_chain() == ""


def test_the_first_host_after_it_was_found_raises_it(orphan, caplog):
    row, enrol = orphan
    sync()
    assert (alarms(caplog), said(row)) == ([], [None])
    enrol()
    sync()
    assert (alarms(caplog), said(row)) == ([1], [None, 1])


def test_a_withheld_code_that_hosts_enrol_with_raises_it(alice, web, sandbox, caplog):
    made = created(RegisterLimit=10)
    row = a_code(team=web, person=alice, state="withheld", code_id=made.code_id)
    sandbox.register_host(HERE, made.code_id, made.value.reveal())
    for _ in range(2):
        sync()
    assert (alarms(caplog), said(row)) == ([1], [1])


# What must not happen.


def test_a_count_that_falls_and_comes_back_says_nothing(orphan, caplog):
    row, enrol = orphan
    enrol()
    enrol()
    sync()
    for count in (0, 1, 2):
        UpstreamCode.objects.update(registered_count=count)
        assert alarming.raise_again(HERE) == 0
    assert (alarms(caplog), said(row)) == ([2], [2])


def test_hosts_on_a_code_in_good_order_raise_none(alice, web, sandbox, caplog):
    made = created(RegisterLimit=10)
    a_code(team=web, person=alice, code_id=made.code_id)
    sandbox.register_host(HERE, made.code_id, made.value.reveal())
    sync()
    assert alarms(caplog) == []


@pytest.mark.django_db(transaction=True)
def test_two_syncs_at_once_say_it_once(orphan, caplog):
    row, enrol = orphan
    sync()
    enrol()
    UpstreamCode.objects.update(registered_count=1)

    assert sorted(at_once(2, lambda number: alarming.raise_again(HERE))) == [0, 1]

    assert (alarms(caplog), said(row)) == ([1], [None, 1])
