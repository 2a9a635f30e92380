"""Codes that the portal did not make: seen with honest states, filtered, paged, and disabled with a reason on record."""

import re

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from reading_pages import errors_beside, heading, send, text
from records import a_code, break_in_chain, from_outside, seen
from syncs import ago, ahead, made_elsewhere, sync, told
from test_database_away import Unwritable

from registercodes import standing
from registercodes.models import AuditEvent, OutsideCode, RegisterCode, UpstreamCode

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_cloud")]

DISABLE = "DisableRegisterCodes"
WHY = {"why": "nobody knows it, OPS-12"}
HOSTILE = "<script>alert(1)</script> ‮ {{ 7 }} "


def events(*names: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action__startswith="outside.").order_by("sequence"))


def rows(page) -> list[str]:
    return re.findall(r'class="codes-ref" translate="no">([^<]+)<', text(page))


def path(code, what: str = "disable") -> str:
    return f"/outside/{code.pk}/{what}/"


# The list.


def test_a_code_made_elsewhere_appears_after_a_sync_with_its_facts_and_ours_does_not(as_erin, alice, web):
    code_id = made_elsewhere(Description="by the SDK", RegisterLimit=7, IpAddressRange="192.0.2.0/24")
    ours = a_code(team=web, person=alice, code_id=made_elsewhere())
    sync()

    page = as_erin.get("/outside/")

    assert rows(page) == [code_id] and ours.code_id not in text(page)
    for fact in ("by the SDK", "0 of 7", "192.0.2.0/24", "ap-singapore", ">Active<", "as of"):
        assert fact in text(page)


# Made when the test begins: whoever collected it may have done so more than five minutes ago.
STATES = {
    "Active": lambda: {"expires_at": ahead(days=30)},
    "Expires soon": lambda: {"expires_at": ahead(minutes=5), "created_at": ago(hours=5)},
    "Expired": lambda: {"expires_at": ago(minutes=5), "enabled": False},
    "Used up": lambda: {"registered_count": 10},
    "Not enabled": lambda: {"enabled": False},
    "Deleted upstream": lambda: {"gone_at": ago(minutes=5)},
}


@pytest.mark.parametrize("state", STATES)
def test_its_state_is_told_as_honestly_as_that_of_ours(as_erin, state):
    from_outside(**STATES[state]())

    assert f"</span>{state}" in text(as_erin.get("/outside/?show=all")).replace(f">{state}<", f"></span>{state}<")


def test_its_use_is_told_in_the_words_of_our_own_codes(as_erin):
    used, untold = from_outside(registered_count=3), from_outside(registered_count=None)

    listed = text(as_erin.get("/outside/"))

    assert ">3 of 10</td>" in listed and ">? of 10</td>" in listed
    assert "<dd>3 of 10</dd>" in text(as_erin.get(path(used))) and "<dd>? of 10</dd>" in text(
        as_erin.get(path(untold))
    )


def test_active_ones_are_shown_first_and_all_on_request_by_region(as_erin):
    active, over, elsewhere = from_outside(), from_outside(enabled=False), from_outside(region="eu-frankfurt")

    shown = {query: set(rows(as_erin.get(f"/outside/{query}"))) for query in ("", "?show=all", "?region=eu-frankfurt")}

    assert shown[""] == {active.code_id, elsewhere.code_id}
    assert shown["?show=all"] == {active.code_id, over.code_id, elsewhere.code_id}
    assert shown["?region=eu-frankfurt"] == {elsewhere.code_id}


def test_pages_follow_one_another_without_gap_or_repetition(as_erin):
    made = [from_outside().code_id for _ in range(2 * standing.PAGE + 1)]
    found, address = [], "/outside/"
    while address:
        page = as_erin.get(address)
        found += rows(page)
        older = re.search(r'href="(\?[^"]*before=\d+)"[^>]*>Older codes', text(page))
        address = older and "/outside/" + older.group(1).replace("&amp;", "&")

    assert found == made[::-1]


def test_the_number_of_statements_does_not_grow_with_the_list(as_erin, web):
    def statements() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_erin.get("/outside/")
        return len(captured)

    from_outside(team=web)
    statements()
    few = statements()
    for _ in range(20):
        from_outside(team=web)
    assert statements() == few <= 14


def test_a_mark_of_ours_in_a_strange_code_is_said_and_proves_nothing(as_erin, alice, web):
    row = a_code(team=web, person=alice)
    from_outside(description=f"x ~{row.reference}", mark=row.reference)

    assert "whoever wrote it, that proves nothing" in text(as_erin.get("/outside/"))


# Disabling.


def test_disabling_is_asked_for_in_words_and_wants_a_reason(as_erin, sandbox):
    code = from_outside()

    asked, refused = as_erin.get(path(code)), send(as_erin, path(code), {"why": " "})

    assert heading(asked) == "Disable this code?" and "Hosts already enrolled stay enrolled" in text(asked)
    assert refused.status_code == 422 and errors_beside(refused)["why"] == ["This field is required."]
    assert not sandbox.calls(DISABLE) and events() == [] and not OutsideCode.objects.exists()


def test_a_disabled_one_is_on_record_with_who_why_and_what_the_cloud_said_of_it(as_erin, erin, sandbox):
    code_id = made_elsewhere(Description="by the SDK")
    sync()

    page = send(as_erin, path(told(code_id)), WHY)

    assert (page.status_code, heading(page)) == (200, "The cloud has disabled it")
    assert sandbox.code(code_id).Enabled is False
    wish, done = events()
    assert (wish.action, wish.outcome) == ("outside.disable_requested", "unknown")
    assert (done.action, done.outcome) == ("outside.disabled", "success")
    assert wish.actor == erin and wish.code_id == code_id and wish.detail["why"] == WHY["why"]
    assert wish.detail["told"]["description"] == "by the SDK" and wish.register_code is None
    assert break_in_chain() == ""
    assert rows(as_erin.get("/outside/")) == [] and rows(as_erin.get("/outside/?show=all")) == [code_id]


def test_a_wish_that_the_cloud_did_not_meet_is_repeated_by_each_sync(as_erin, sandbox):
    ids = [made_elsewhere() for _ in range(3)]
    sync()
    sandbox.fault("close", action=DISABLE, times=None)
    pages = [send(as_erin, path(told(code_id)), WHY) for code_id in ids]
    assert {heading(page) for page in pages} == {"The cloud has not agreed yet"}
    assert ">Disabling<" in text(pages[0])
    assert (sync().disabled, sync().wanted) == (0, 3)
    sandbox.clear_faults()
    sandbox.forget_calls()

    assert sync().disabled == 3

    assert len(sandbox.calls(DISABLE)) == 1
    assert [sandbox.code(code_id).Enabled for code_id in ids] == [False] * 3
    assert [event.action for event in events()].count("outside.disabled") == 3


def test_one_stale_id_holds_no_other_back(as_erin, alice, web, sandbox):
    real = made_elsewhere()
    a_code(team=web, person=alice, code_id=made_elsewhere())  # proves the account
    sync()
    stale = from_outside()
    sandbox.fault("close", action=DISABLE, times=2)
    for code in (stale, told(real)):
        send(as_erin, path(code), WHY)

    assert sync().disabled == 2

    assert sandbox.code(real).Enabled is False
    assert [event.detail.get("was_gone") for event in events() if event.action == "outside.disabled"] == [True, None]


def test_disabling_twice_is_fine_and_writes_nothing_more(as_erin, sandbox):
    code_id = made_elsewhere()
    sync()
    first, second = (send(as_erin, path(told(code_id)), WHY) for _ in range(2))

    assert heading(first) == heading(second) == "The cloud has disabled it"
    assert len(events()) == 2 and len(sandbox.calls(DISABLE)) == 1


def test_pressing_on_and_on_writes_one_failure_in_ten_minutes(as_erin, sandbox):
    code_id = made_elsewhere()
    sync()
    sandbox.fault("error", code="UnauthorizedOperation", action=DISABLE, times=None)
    for _ in range(3):
        send(as_erin, path(told(code_id)), WHY)

    assert [event.outcome for event in events()] == ["unknown", "failure"]


# What must not happen.


def test_while_nothing_can_be_written_the_cloud_is_not_asked(as_erin, sandbox):
    code = from_outside()
    with connection.execute_wrapper(Unwritable(OperationalError)):
        page = send(as_erin, path(code), WHY)

    assert page.status_code == 503 and "the code still admits hosts" in text(page)
    assert not sandbox.calls(DISABLE) and not OutsideCode.objects.exists()


def test_a_sync_disables_nothing_that_nobody_wanted_disabled(sandbox):
    code_id = made_elsewhere()
    sync()
    sync()

    assert sandbox.code(code_id).Enabled is True and not sandbox.calls(DISABLE)


def test_one_of_ours_is_not_disabled_as_one_from_outside(as_erin, alice, web):
    code = a_code(team=web, person=alice)
    upstream = seen(code)

    assert as_erin.get(path(upstream)).status_code == 404
    assert send(as_erin, path(upstream), WHY).status_code == 404


def test_markup_and_nonsense_from_the_cloud_break_no_page(as_erin):
    code = from_outside(
        description=HOSTILE * 20,
        instance_name_prefix=HOSTILE,
        ip_address_range=HOSTILE,
        register_limit=None,
        registered_count=2**62,
        enabled=None,
        created_at=None,
    )
    for address in ("/outside/", "/outside/?region=" + "x" * 500, path(code), path(code, "adopt")):
        page = as_erin.get(address)
        assert page.status_code == 200 and "<script>alert" not in text(page)
    assert send(as_erin, path(code), WHY).status_code == 200 and break_in_chain() == ""


@pytest.mark.parametrize("before", ["x", "-1", "9" * 40, "1.5"])
def test_a_place_that_is_none_shows_the_first_page(as_erin, before):
    code = from_outside()

    assert rows(as_erin.get(f"/outside/?before={before}")) == [code.code_id]


def test_a_reason_holds_no_line_breaks_and_no_invisible_characters(as_erin):
    code = from_outside()
    for why in ("one\x00two", "‮evil", "x" * 201):
        assert send(as_erin, path(code), {"why": why}).status_code == 422
    assert not OutsideCode.objects.exists()


def test_no_row_of_ours_is_invented(as_erin):
    made_elsewhere()
    sync()
    send(as_erin, path(UpstreamCode.objects.get()), WHY)

    assert not RegisterCode.objects.exists()
