"""A sync writes down what the cloud has, only where it changed, and nothing at all when the cloud is down."""

import json
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reading_pages import send
from records import a_code
from syncs import HERE, ahead, made_elsewhere, passes, sync, told
from tat_wire import answering, envelope, http, wire
from test_database_away import Unwritable

from registercodes import cloud as clouds
from registercodes import syncing, throttle, upstream
from registercodes.models import AuditEvent, RegisterCode, SyncLease, SyncRun, UpstreamCode

pytestmark = pytest.mark.django_db

DESCRIBE = "DescribeRegisterCodes"
NEW = "/teams/web/codes/new/"
WRITES = ("INSERT", "UPDATE", "DELETE")
UPSTREAM = UpstreamCode._meta.db_table


@pytest.fixture(autouse=True)
def _a_cloud_of_its_own(sandbox, point_at, settings):
    """Others' codes would count as ours."""
    sandbox.set_limits(rate=0)
    point_at(sandbox.url)
    settings.TAT_RATE = 1000


def writes(captured, table: str) -> list[str]:
    return [query["sql"] for query in captured if query["sql"].startswith(WRITES) and f'"{table}"' in query["sql"]]


def test_a_code_of_ours_and_one_of_others_are_both_written_down(as_alice, typed, sandbox):
    send(as_alice, NEW, typed(description="ours"))
    theirs = made_elsewhere(Description="theirs", InstanceNamePrefix="x", IpAddressRange="192.168.10.1/10")

    synced = sync()

    ours = RegisterCode.objects.get()
    assert (synced.complete, synced.seen, synced.changed) == (True, 2, 2)
    assert told(ours.code_id).mark == ours.reference
    row, real = told(theirs), sandbox.code(theirs)
    assert (row.description, row.instance_name_prefix, row.ip_address_range) == ("theirs", "x", "192.168.10.1/10")
    assert (row.register_limit, row.registered_count, row.enabled, row.mark, row.gone_at) == (10, 0, True, "", None)
    assert row.expires_at.isoformat() == real.ExpiredTime.replace("Z", "+00:00")
    assert passes() == [(True, 1)]


def test_a_second_pass_writes_only_what_changed(sandbox):
    ids = [made_elsewhere(Description=str(number)) for number in range(5)]
    sync()
    before = {row.code_id: row.changed_at for row in UpstreamCode.objects.all()}
    clouds.client().disable_register_codes(region=HERE, code_ids=ids[:1], trace_id="t")

    synced = sync()

    after = {row.code_id: row.changed_at for row in UpstreamCode.objects.all()}
    assert (synced.seen, synced.changed) == (5, 1)
    assert {code_id for code_id in ids if after[code_id] != before[code_id]} == {ids[0]}
    assert told(ids[0]).enabled is False


def test_a_pass_in_which_nothing_changed_writes_no_row_of_the_cloud(sandbox):
    for number in range(3):
        made_elsewhere(Description=str(number))
    sync()
    with CaptureQueriesContext(connection) as captured:
        assert sync().changed == 0
    assert writes(captured, UPSTREAM) == []


def test_a_page_costs_the_same_few_statements_however_many_rows_it_has(sandbox):
    sync()
    made_elsewhere()
    with CaptureQueriesContext(connection) as one:
        sync()
    for number in range(40):
        made_elsewhere(Description=str(number))
    with CaptureQueriesContext(connection) as many:
        sync()
    assert len(many) == len(one)


def test_a_code_that_a_complete_pass_lacks_is_gone_and_comes_back_when_it_is_seen_again(sandbox):
    gone, stays = made_elsewhere(Description="a"), made_elsewhere(Description="b")
    sync()
    clouds.client().delete_register_codes(region=HERE, code_ids=[gone], trace_id="t")

    assert sync().changed == 1
    assert told(gone).gone_at and told(stays).gone_at is None
    UpstreamCode.objects.filter(code_id=stays).update(gone_at=timezone.now())
    assert sync().changed == 1
    assert told(stays).gone_at is None


def test_a_region_no_longer_configured_is_synced_while_rows_of_ours_are_in_it(alice, web, settings):
    settings.TAT_REGIONS = ["ap-singapore", "ap-seoul"]
    a_code(team=web, person=alice, region="sa-saopaulo")
    a_code(team=web, person=alice, region="sa-saopaulo")
    assert [synced.region for synced in syncing.sync()] == ["ap-singapore", "ap-seoul", "sa-saopaulo"]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2024-10-26T12:50:45Z", datetime(2024, 10, 26, 12, 50, 45, tzinfo=UTC)),
        ("2020-09-22T00:00:00+00:00", datetime(2020, 9, 22, tzinfo=UTC)),
        ("2023-12-01 00:00:00", datetime(2023, 12, 1, tzinfo=UTC)),
        (None, None),
        ("", None),
        ("never", None),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_every_spelling_of_a_time_is_read_and_none_is_none(point_at, text, read):
    row = {"RegisterCodeId": "a", "RegisterLimit": 1, "Enabled": True, "RegisteredCount": 0}
    times = {"ExpiredTime": text, "CreatedTime": text, "UpdatedTime": text}
    answer = envelope(TotalCount=1, RegisterCodeSet=[row | times])
    with wire(answering(http(answer))) as server:
        point_at(server.url)
        assert [sync().complete, sync().changed] == [True, 0]
    assert (told("a").expires_at, told("a").created_at, told("a").updated_at) == (read, read, read)


HOSTILE = "<script>alert(1)</script>\x00\ud800%s{{ 7*7 }}" + "x" * 5000


def test_whatever_text_a_code_carries_can_be_stored(point_at):
    row = {"RegisterCodeId": "<b>", "RegisterLimit": 2**63 - 1, "Enabled": True, "RegisteredCount": -1}
    texts = {"Description": HOSTILE, "InstanceNamePrefix": HOSTILE, "IpAddressRange": HOSTILE}
    with wire(answering(http(envelope(TotalCount=1, RegisterCodeSet=[row | texts])))) as server:
        point_at(server.url)
        assert [sync().complete, sync().changed] == [True, 0]
    assert told("<b>").description.startswith("<script>alert(1)</script>\ufffd\ufffd%s{{ 7*7 }}x")
    assert len(told("<b>").description) == upstream.TEXT_MAX


def test_old_passes_are_forgotten_but_never_the_newest_complete_one(sandbox):
    made_elsewhere()
    for days in (0, 9, 20):
        sync(at=ahead(days=days))
    assert SyncRun.objects.count() == 1
    sandbox.fault("error", code="InternalError", action=DESCRIBE, times=None)
    assert not sync(at=ahead(days=40)).complete
    assert passes() == [(True, 0)]


# Two at once.


def test_a_region_that_somebody_else_syncs_is_left_to_them(sandbox):
    lease = SyncLease.objects.create(account="default", region=HERE, holder="x", expires_at=ahead(seconds=60))
    made_elsewhere()
    [synced] = syncing.sync([HERE], patience=0)
    assert (synced.why_not, UpstreamCode.objects.count()) == ("busy", 0)
    SyncLease.objects.filter(pk=lease.pk).update(expires_at=timezone.now())
    assert sync().complete  # its holder was killed
    assert SyncLease.objects.get().expires_at <= timezone.now()


def test_a_lease_from_a_clock_that_was_set_back_does_not_hold_for_ever(sandbox):
    SyncLease.objects.create(account="default", region=HERE, holder="x", expires_at=ahead(days=300))
    assert sync().complete


def test_a_sync_that_lost_its_lease_stops_reading(sandbox):
    made_elsewhere()
    lost = syncing.leases.Lease(HERE)
    assert upstream.take_in(HERE, go_on=lost.renew).why_not == "busy"
    assert not SyncRun.objects.exists()


# What must not happen.


DOWN = {
    "refused": {"fault": "error", "code": "UnauthorizedOperation"},
    "broken": {"fault": "error", "code": "InternalError"},
    "not json": {"fault": "html"},
    "no answer": {"fault": "close"},
    "another shape": {"fault": "wrong_shape"},
}


@pytest.mark.parametrize("down", DOWN)
def test_a_cloud_that_is_down_changes_nothing(alice, web, sandbox, down):
    code_id = made_elsewhere(Description="a")
    sync()
    clouds.client().delete_register_codes(region=HERE, code_ids=[code_id], trace_id="t")
    a_code(team=web, person=alice, state="pending", created_at=ahead(days=-1))
    before = [list(model.objects.values()) for model in (UpstreamCode, RegisterCode, AuditEvent, SyncRun)]

    sandbox.fault(**DOWN[down], action=DESCRIBE, times=None)
    synced = sync()

    assert not synced.complete
    assert [list(model.objects.values()) for model in (UpstreamCode, RegisterCode, AuditEvent, SyncRun)] == before


def test_a_pass_cut_short_marks_nothing_gone_and_is_not_complete(sandbox, point_at):
    rows = [
        {"RegisterCodeId": f"code-{number}", "RegisterLimit": 1, "Enabled": True, "RegisteredCount": 0}
        for number in range(150)
    ]
    pages = [envelope(TotalCount=150, RegisterCodeSet=rows[first : first + 100]) for first in (0, 99)]
    broken = envelope(Error={"Code": "UnauthorizedOperation", "Message": ""})
    with wire(answering(*[http(page) for page in (*pages, pages[0], broken)])) as server:
        point_at(server.url)
        assert sync().complete
        assert (sync().why_not, passes()) == ("UnauthorizedOperation", [(True, 0), (False, 0)])
    assert not UpstreamCode.objects.filter(gone_at__isnull=False).exists()


def test_a_region_that_fails_keeps_no_other_from_its_turn(sandbox):
    made_elsewhere(region="ap-seoul")
    sandbox.fault("error", code="UnsupportedRegion", action=DESCRIBE)
    assert [synced.complete for synced in syncing.sync([HERE, "ap-seoul"])] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_cannot_be_written_is_no_traceback(sandbox):
    made_elsewhere()
    with connection.execute_wrapper(Unwritable(OperationalError)):
        assert [synced.why_not for synced in syncing.sync([HERE, "ap-seoul"])] == ["database", "database"]


def test_reading_takes_no_turn_from_creating(sandbox):
    made_elsewhere()
    creates = throttle.CallBudget.objects.filter(action="CreateRegisterCode").values()
    before = list(creates)
    sync()
    assert list(creates) == before
    assert throttle.CallBudget.objects.filter(action=DESCRIBE).exists()


def test_nothing_a_sync_writes_down_can_hold_a_value(as_alice, typed, sandbox):
    send(as_alice, NEW, typed())
    sync()
    names = {field.name for model in (UpstreamCode, SyncRun) for field in model._meta.fields}
    assert not [name for name in names if "value" in name]
    assert "value" not in json.dumps(list(UpstreamCode.objects.values()), default=str).lower()
