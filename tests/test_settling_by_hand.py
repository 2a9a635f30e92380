"""A request that no rule settles ends as found once an administrator says on record which code it became."""

import pytest
from reading_pages import heading, send, text
from records import a_code, break_in_chain, from_outside
from syncs import actions, ago, created, made_elsewhere, sync, told

from registercodes import rules
from registercodes.models import AuditEvent, OutsideCode, RegisterCode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]

DISABLE = "DisableRegisterCodes"
WHY = "the only one of that minute, OPS-12"


@pytest.fixture
def lost(alice, web) -> RegisterCode:
    """Without a mark; whatever it became looks like two codes of the cloud."""
    full = "x" * rules.DESCRIPTION_MAX
    plain = {"ip_address_range": "", "ip_first": None, "ip_last": None, "instance_name_prefix": ""}
    return a_code(team=web, person=alice, state="unknown", description_sent=full, register_limit=10, **plain)


@pytest.fixture
def candidates(lost):
    ids = [made_elsewhere(Description=f"{name} of the two") for name in "ab"]
    sync()
    return [told(code_id) for code_id in ids]


def settle(browser, code, row: RegisterCode):
    return send(browser, f"/outside/{code.pk}/disable/", {"why": WHY, "settles": row.reference})


def fresh(row: RegisterCode) -> RegisterCode:
    return RegisterCode.objects.get(pk=row.pk)


def test_the_one_pointed_at_is_disabled_and_the_next_sync_finds_the_request(as_erin, erin, lost, candidates, sandbox):
    one, other = candidates
    asked = text(as_erin.get(f"/outside/{one.pk}/disable/?settles={lost.reference}"))
    assert "You say for the record" in asked and f'value="{lost.reference}"' in asked

    page = settle(as_erin, one, lost)

    assert heading(page) == "The cloud has disabled it" and "settles the request as found" in text(page)
    assert fresh(lost).state == "unknown"
    assert sync().found == 1
    row = fresh(lost)
    assert (row.state, row.code_id, bool(row.disabled_at)) == ("found", one.code_id, True)
    assert actions(lost) == ["code.found", "code.disable_requested", "code.disabled"]
    assert AuditEvent.objects.get(action="code.found").detail == {"by": "person", "person": str(erin)}
    wish = AuditEvent.objects.get(action="outside.disable_requested")
    assert (wish.actor, wish.detail["why"], wish.detail["settles"]) == (erin, WHY, lost.reference)
    assert [sandbox.code(code.code_id).Enabled for code in (one, other)] == [False, True]
    assert lost.reference not in text(as_erin.get("/attention/"))
    assert break_in_chain() == ""


def test_two_codes_with_the_mark_are_settled_by_a_person_too(as_erin, alice, web, sandbox):
    row = a_code(team=web, person=alice, state="unknown")
    ids = [created(Description=f"~{row.reference}").code_id for _ in range(2)]
    assert sync().found == 0

    settle(as_erin, told(ids[1]), row)

    assert sync().found == 1 and fresh(row).code_id == ids[1]
    assert [sandbox.code(code_id).Enabled for code_id in ids] == [True, False]


def test_one_that_was_disabled_before_can_still_be_pointed_at(as_erin, lost, candidates):
    one, _ = candidates
    send(as_erin, f"/outside/{one.pk}/disable/", {"why": "nobody knows it"})
    assert (sync().found, fresh(lost).state) == (0, "unknown")

    for _ in range(2):
        settle(as_erin, one, lost)

    assert AuditEvent.objects.filter(action="outside.disable_requested").count() == 2
    assert sync().found == 1 and fresh(lost).code_id == one.code_id


# What must not happen.


def test_what_was_said_first_stands_and_no_second_code_is_disabled_for_it(as_erin, lost, candidates, sandbox):
    one, other = candidates
    assert lost.reference in text(as_erin.get("/attention/"))
    settle(as_erin, one, lost)
    assert f"settles={lost.reference}" not in text(as_erin.get("/attention/"))
    assert settle(as_erin, other, lost).status_code == 404
    assert sandbox.code(other.code_id).Enabled
    assert (sync().found, fresh(lost).code_id) == (1, one.code_id)


def test_a_code_that_is_no_candidate_is_not_disabled_for_a_request(as_erin, lost, candidates, sandbox):
    stranger = from_outside(register_limit=77)
    assert settle(as_erin, stranger, lost).status_code == 404
    assert not sandbox.calls(DISABLE) and not OutsideCode.objects.exists()


def test_a_request_that_was_settled_meanwhile_lets_nothing_be_disabled_for_it(as_erin, lost, candidates, sandbox):
    RegisterCode.objects.filter(pk=lost.pk).update(state="absent", settled_at=ago(minutes=1))
    assert settle(as_erin, candidates[0], lost).status_code == 404
    assert not sandbox.calls(DISABLE)


@pytest.mark.parametrize("who", ["as_alice", "as_charlie", "as_dora"])
def test_nobody_but_an_administrator_points_at_one(request, who, lost, candidates, sandbox):
    assert settle(request.getfixturevalue(who), candidates[0], lost).status_code in (403, 404)
    assert not sandbox.calls(DISABLE) and sync().found == 0


def test_the_team_that_adopted_a_candidate_points_at_none(as_charlie, charlie, payments, lost, candidates, sandbox):
    one = candidates[0]
    now = ago(minutes=1)
    OutsideCode.objects.create(
        account=one.account, region=one.region, code_id=one.code_id, team=payments, adopted_at=now, adopted_by=charlie
    )
    assert as_charlie.get(f"/outside/{one.pk}/disable/").status_code == 200
    assert settle(as_charlie, one, lost).status_code in (403, 404)
    assert not sandbox.calls(DISABLE) and sync().found == 0


def test_a_look_writes_nothing(as_erin, lost, candidates, sandbox):
    before = AuditEvent.objects.count()
    as_erin.get(f"/outside/{candidates[0].pk}/disable/?settles={lost.reference}")
    assert (AuditEvent.objects.count(), sandbox.calls(DISABLE)) == (before, [])
    assert sync().found == 0
