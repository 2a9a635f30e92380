"""Long-dead codes are deleted in the cloud on an administrator's word: looked at first, in batches, on record, ours stay."""

import re

import pytest
from django.db import OperationalError, connection
from reading_pages import heading, send, text
from records import a_code, break_in_chain, from_outside, seen
from syncs import ago, ahead, made_elsewhere, sync, told
from test_database_away import Unwritable

from registercodes import batches, cleaning, cloud
from registercodes.models import AuditEvent, OutsideCode, RegisterCode, UpstreamCode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]

DELETE, DESCRIBE = "DeleteRegisterCodes", "DescribeRegisterCodes"
PAGE = "/outside/clean-up/"
HERE = "ap-singapore"
LONG_AGO = {"enabled": False, "expires_at": ago(days=31)}


def dead_ones(number: int) -> list[UpstreamCode]:
    """In the cloud too, and long expired there as far as the last sync saw."""
    ids = [made_elsewhere() for _ in range(number)]
    for first in range(0, number, 99):
        cloud.client().disable_register_codes(region=HERE, code_ids=ids[first : first + 99], trace_id="t")
    sync()
    UpstreamCode.objects.update(**LONG_AGO)
    return list(UpstreamCode.objects.filter(code_id__in=ids).order_by("pk"))


def press(browser, codes, *, days: int = 30, sure: str = "yes"):
    fields = {"days": str(days), "codes": ",".join(str(code.pk) for code in codes), "sure": sure}
    return send(browser, PAGE, fields)


def offered(page) -> list[int]:
    listed = re.search(r'name="codes" value="([\d,]+)"', text(page))
    return [int(key) for key in listed.group(1).split(",")] if listed else []


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("sequence"))


# Which.


def test_dead_for_thirty_days_by_expiry_or_by_disabling(alice, web, erin):
    old = from_outside(**LONG_AGO)
    by_the_cloud = from_outside(enabled=False, updated_at=ago(days=40))
    ours = seen(
        a_code(team=web, person=alice, disable_wanted_at=ago(days=40), disabled_at=ago(days=40)),
        enabled=False,
        expires_at=ahead(days=40),
        updated_at=ago(days=1),
    )
    theirs = from_outside(enabled=False, updated_at=ago(days=1))
    OutsideCode.objects.create(
        account=theirs.account,
        region=theirs.region,
        code_id=theirs.code_id,
        disable_wanted_at=ago(days=32),
        disabled_at=ago(days=32),
    )

    assert set(cleaning.dead(days=30)) == {old, by_the_cloud, ours, theirs}


ALIVE = {
    "active": {"expires_at": ahead(days=1)},
    "permanent": {},
    "expired of late": {"enabled": False, "expires_at": ago(days=29), "updated_at": ago(days=60)},
    "disabled of late": {"enabled": False, "updated_at": ago(days=29)},
    "nobody knows since when": {"enabled": False},
    "gone already": {**LONG_AGO, "gone_at": ago(days=1)},
    "the cloud does not say": {"enabled": None, "updated_at": ago(days=60)},
}


@pytest.mark.parametrize("name", ALIVE)
def test_nothing_else_is_dead(name):
    from_outside(**ALIVE[name])

    assert list(cleaning.dead(days=30)) == []


def test_the_number_of_days_is_the_person_s_and_is_checked(as_erin):
    from_outside(enabled=False, expires_at=ago(days=10))

    assert offered(as_erin.get(PAGE)) == [] and len(offered(as_erin.get(f"{PAGE}?days=9"))) == 1
    for wrong in ("0", "-1", "x", "9" * 30):
        page = as_erin.get(f"{PAGE}?days={wrong}")
        assert page.status_code == 200 and offered(page) == [] and 'aria-invalid="true"' in text(page)


# Deleting.


def test_they_are_listed_first_and_deleted_on_a_word(as_erin, erin, sandbox):
    codes = dead_ones(3)
    alive = made_elsewhere()
    page = as_erin.get(PAGE)
    assert offered(page) == [code.pk for code in codes] and "3 codes would be deleted" in text(page)
    assert sandbox.calls(DELETE) == []

    done = press(as_erin, codes)

    assert heading(done) == "3 codes are gone from the cloud"
    assert [code.RegisterCodeId for code in sandbox.codes()] == [alive]
    assert offered(as_erin.get(PAGE)) == [] and not UpstreamCode.objects.filter(
        gone_at=None, code_id__in=[code.code_id for code in codes]
    )


def test_each_batch_is_on_record_before_and_after_with_its_ids(as_erin, erin, sandbox):
    codes = dead_ones(2)
    press(as_erin, codes)

    wish, done = events("codes.delete_requested")[0], events("codes.deleted")[0]

    ids = [code.code_id for code in codes]
    assert (wish.actor, wish.outcome, wish.region, wish.detail["code_ids"]) == (erin, "unknown", HERE, ids)
    assert (done.actor, done.outcome, done.region, done.detail["code_ids"]) == (erin, "success", HERE, ids)
    assert break_in_chain() == ""


def test_at_most_99_ids_go_into_a_call_and_198_into_a_press(as_erin, sandbox):
    codes = dead_ones(201)
    sandbox.forget_calls()

    page = as_erin.get(PAGE)
    assert len(offered(page)) == 198 == 2 * batches.MOST and "and 3 more" in text(page)
    done = press(as_erin, codes)

    assert "Look at 3 more" in text(done)
    assert (len(sandbox.calls(DELETE)), len(sandbox.codes())) == (2, 3)
    assert len(events("codes.deleted")) == 2


def test_one_that_vanished_between_the_look_and_the_call_holds_no_other_back(as_erin, sandbox, monkeypatch):
    codes = dead_ones(5)
    looked_up = cleaning._looked_up

    def then_deleted(batch, **how):
        found = looked_up(batch, **how)
        cloud.client().delete_register_codes(region=HERE, code_ids=[codes[2].code_id], trace_id="t")
        return found

    monkeypatch.setattr(cleaning, "_looked_up", then_deleted)

    done = press(as_erin, codes)

    assert heading(done) == "5 codes are gone from the cloud" and sandbox.codes() == []


def test_one_that_the_cloud_no_longer_has_is_gone_without_a_call(as_erin, sandbox):
    stale = from_outside(**LONG_AGO)

    done = press(as_erin, [stale])

    assert heading(done) == "1 code is gone from the cloud" and sandbox.calls(DELETE) == []
    assert told(stale.code_id).gone_at


@pytest.mark.parametrize("fault", [{"fault": "close"}, {"fault": "error", "code": "UnauthorizedOperation"}])
def test_a_refusal_is_said_and_on_record(as_erin, sandbox, fault):
    codes = dead_ones(2)
    sandbox.fault(**fault, action=DELETE)

    done = press(as_erin, codes)

    assert heading(done) == "0 codes are gone from the cloud" and "2 were left alone" in text(done)
    failed = events("codes.deleted")[0]
    assert failed.outcome == "failure" and set(failed.detail["why_not"]) == {code.code_id for code in codes}
    assert UpstreamCode.objects.filter(gone_at=None).count() == 2


def test_ours_stay_on_record_and_say_that_the_cloud_has_them_no_more(as_erin, alice, web, sandbox):
    code = dead_ones(1)[0]
    ours = a_code(team=web, person=alice, code_id=code.code_id)

    press(as_erin, [code])

    assert RegisterCode.objects.get() == ours
    assert "Deleted upstream" in text(as_erin.get(f"/codes/{ours.reference}/"))


# What must not happen.


def test_one_that_admits_hosts_by_the_cloud_s_word_of_now_is_refused(as_erin, sandbox):
    alive = made_elsewhere()
    sync()
    UpstreamCode.objects.update(**LONG_AGO)  # what a sync is said to have seen

    done = press(as_erin, UpstreamCode.objects.all())

    assert "the cloud says that it admits hosts" in text(done)
    assert sandbox.code(alive).Enabled and sandbox.calls(DELETE) == [] and events("codes.delete_requested") == []


def test_one_that_became_active_since_the_list_was_shown_is_refused(as_erin, sandbox):
    code = dead_ones(1)[0]
    UpstreamCode.objects.update(enabled=True, expires_at=ahead(days=1))

    done = press(as_erin, [code])

    assert "not dead for long enough" in text(done) and sandbox.calls(DELETE) == []


def test_a_code_that_is_not_dead_is_not_deleted_by_naming_it(as_erin, sandbox):
    alive = made_elsewhere()
    sync()

    press(as_erin, UpstreamCode.objects.all())

    assert sandbox.code(alive) and sandbox.calls(DELETE) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([("days", "30"), ("codes", "CODE")], "Tick the box"),
        ([("days", "30"), ("sure", "yes")], "No code was chosen"),
        ([("days", "x"), ("codes", "CODE"), ("sure", "yes")], "Enter a whole number"),
        ([("days", "30"), ("codes", "x"), ("sure", "yes")], "No code was chosen"),
    ],
)
def test_without_a_clear_word_nothing_is_deleted(as_erin, sandbox, fields, said):
    code = dead_ones(1)[0]

    page = send(as_erin, PAGE, [(name, value.replace("CODE", str(code.pk))) for name, value in fields])

    assert page.status_code == 422 and said in text(page)
    assert len(sandbox.codes()) == 1 and events("codes.delete_requested") == []


def test_while_the_cloud_cannot_be_asked_or_nothing_be_written_nothing_is_deleted(as_erin, sandbox):
    code = dead_ones(1)[0]
    sandbox.fault("close", action=DESCRIBE)
    assert "could not be asked in time" in text(press(as_erin, [code]))

    with connection.execute_wrapper(Unwritable(OperationalError)):
        assert press(as_erin, [code]).status_code == 503

    assert len(sandbox.codes()) == 1 and sandbox.calls(DELETE) == []


def test_looking_deletes_nothing(as_erin, sandbox):
    dead_ones(2)
    sandbox.forget_calls()
    as_erin.get(PAGE)

    assert sandbox.calls() == []
