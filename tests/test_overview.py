"""The auditors' overview: its numbers are those of the record, and each leads to the rows it counts."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from reading_pages import text
from records import a_code
from test_admin_audit import note

from registercodes import admitting, overview
from registercodes.models import AuditEvent, Team, UpstreamCode

pytestmark = pytest.mark.django_db

PAGE = "/admin/overview/"
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def frozen(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    return NOON


def panels(answer):
    return {panel.name: panel for panel in answer.context["panels"]}


def table(panel):
    return [[cell.text for cell in line] for line in panel.table]


@pytest.fixture
def happened(web, payments, alice, charlie):
    """Three days' worth, one of them too long ago."""
    for days, action, outcome, team, actor, detail in (
        (40, "code.issued", "success", web, alice, {}),
        (29, "code.issued", "success", web, alice, {}),
        (1, "code.issued", "success", web, alice, {}),
        (1, "code.issued", "success", payments, charlie, {}),
        (1, "user.signed_in", "success", None, alice, {}),
        (0, "code.not_sent", "failure", web, alice, {"reason": "busy"}),
        (0, "code.denied", "failure", web, alice, {"reason": "web:team.quota"}),
        (0, "code.denied", "failure", payments, charlie, {"reason": "payments:team.quota"}),
        (0, "code.unknown", "unknown", web, alice, {"reason": "timeout"}),
    ):
        note(action, outcome, at=NOON - timedelta(days=days), actor=actor, team=team, detail=detail)
    refused = a_code(team=web, person=alice, state="refused", error_code="LimitExceeded")
    note("code.refused", "failure", at=NOON, actor=alice, team=web, code=refused)


@pytest.fixture
def odd(web, payments, alice, charlie):
    """Failures whose cause nobody wrote down, one with two causes, and more teams than colours."""
    for detail in ({}, {"reason": ""}, {"reason": "payments:"}, {"n": 1}):
        note("code.not_sent", "failure", at=NOON, actor=charlie, team=payments, detail=detail)
    both = a_code(team=web, person=alice, state="not_sent", error_code="Throttled")
    note("code.not_sent", "failure", at=NOON, actor=alice, team=web, code=both, detail={"reason": "busy"})
    note("code.issued", at=NOON, actor=alice)
    for number in range(8):
        team = Team.objects.create(key=f"t{number}", name=f"T{number}", sso_group=f"t{number}")
        for _ in range(9 - number):
            note("code.issued", at=NOON, actor=alice, team=team)


def test_what_came_of_requests_is_counted_by_day(as_dora, happened, frozen):
    panel = panels(as_dora.get(PAGE))["outcomes"]

    assert panel.head == (
        *("Day", "code issued", "outcome unknown", "refused by the cloud", "not sent", "denied by policy"),
    )
    assert table(panel) == [
        ["2026-11-24", "0", "1", "1", "1", "2"],
        ["2026-11-23", "2", "0", "0", "0", "0"],
        ["2026-10-26", "1", "0", "0", "0", "0"],
    ]


def test_issued_codes_are_counted_by_team(as_dora, happened, frozen):
    panel = panels(as_dora.get(PAGE))["teams"]

    assert panel.head == ("Day", "Web", "Payments")
    assert table(panel) == [["2026-11-23", "1", "1"], ["2026-10-26", "1", "0"]]


def test_more_teams_than_colours_share_the_last(as_dora, alice, frozen):
    for number in range(8):
        team = Team.objects.create(key=f"t{number}", name=f"T{number}", sso_group=f"t{number}")
        for _ in range(8 - number):
            note("code.issued", at=NOON, actor=alice, team=team)

    panel = panels(as_dora.get(PAGE))["teams"]

    assert panel.head == ("Day", "T0", "T1", "T2", "T3", "T4", "T5", "other teams")
    assert table(panel) == [["2026-11-24", "8", "7", "6", "5", "4", "3", "3"]]


def test_failures_are_counted_by_cause_whatever_the_team(as_dora, happened, frozen):
    panel = panels(as_dora.get(PAGE))["failures"]

    assert table(panel) == [
        ["denied by policy: team.quota", "2"],
        ["not sent: busy", "1"],
        ["refused by the cloud: LimitExceeded", "1"],
    ]


def test_every_number_leads_to_exactly_the_rows_it_counts(as_dora, happened, odd, frozen):
    answer = as_dora.get(PAGE)
    counted = []
    for name in ("outcomes", "teams", "failures"):
        for line in panels(answer)[name].table:
            numbers = line[1:] if name != "failures" else [type(line[0])(line[1].text, line[0].href)]
            for cell in numbers:
                if int(cell.text):
                    assert len(as_dora.get(cell.href).context["rows"]) == int(cell.text), cell
                    counted.append(cell.text)
                    assert not as_dora.get(cell.href).context["form"].errors
    assert len(counted) >= 20
    others, causes = panels(answer)["teams"].table[0][-1], table(panels(answer)["failures"])
    assert (others.text, causes[0]) == ("5", ["not sent: no cause given", "4"])
    assert ["not sent: Throttled", "1"] in causes and ["not sent: busy", "1"] in causes


@pytest.fixture
def codes(web, payments, alice, charlie):
    ours, theirs = {"team": web, "person": alice}, {"team": payments, "person": charlie}
    later = NOON + timedelta(hours=4)
    block = {"ip_address_range": "203.0.113.0/24", "ip_first": 3405803776, "ip_last": 3405804031}
    made = [
        a_code(description="block", expires_at=later, register_limit=40, **block, **ours),
        a_code(description="any", expires_at=later + timedelta(hours=1), **ours),
        a_code(description="ever", permanent=True, effective_time=100_000, register_limit=5, **block, **theirs),
        a_code(description="over", expires_at=NOON - timedelta(seconds=1), **theirs),
        a_code(description="closed", expires_at=later, disabled_at=NOON, **theirs),
        a_code(description="refused", state="refused", **theirs),
        a_code(description="full", expires_at=later, register_limit=5, **theirs),
        a_code(description="gone", expires_at=later, **theirs),
        a_code(description="switched off", expires_at=later, **theirs),
        a_code(description="withheld", state="withheld", expires_at=later, **theirs),
    ]
    seen = {"account": made[0].account, "region": made[0].region, "first_seen_at": NOON, "changed_at": NOON}
    UpstreamCode.objects.create(code_id=made[0].code_id, registered_count=15, **seen)
    wanted = {"disable_wanted_at": NOON, "expires_at": later, "register_limit": 5}
    made.append(a_code(description="disabling", **wanted, **block, **theirs))
    for number, count in ((2, 3), (6, 5), (10, 7)):
        UpstreamCode.objects.create(code_id=made[number].code_id, registered_count=count, **seen)
    UpstreamCode.objects.create(code_id=made[7].code_id, gone_at=NOON, **seen)
    UpstreamCode.objects.create(code_id=made[8].code_id, enabled=False, **seen)
    return made


def test_uses_still_open_are_limits_less_what_the_cloud_counted_and_never_below_none(codes, web, payments):
    found = overview.still_open(admitting.at(NOON))

    assert [(line.team, line.codes, line.uses) for line in found] == [(web, 2, 25 + 10), (payments, 2, 2 + 0)]


def test_the_widest_and_the_longest_lived_usable_codes_come_first(codes):
    assert [(code.description, code.addresses) for code in overview.widest(admitting.at(NOON))] == [
        *(("any", 2**32), ("disabling", 256), ("ever", 256), ("block", 256)),
    ]
    assert [code.description for code in overview.longest(admitting.at(NOON))] == ["ever", "any", "block", "disabling"]


def test_bars_of_open_codes_lead_to_the_team_and_to_the_code(as_dora, codes, frozen):
    shown = panels(as_dora.get(PAGE))

    (cell, uses), (theirs, _uses) = shown["open"].table
    assert (cell.text, uses.text) == ("Web", "35")
    assert [row.description for row in as_dora.get(cell.href).context["rows"]] == ["any", "block"]
    assert [row.description for row in as_dora.get(theirs.href).context["rows"]] == ["disabling", "ever"]
    assert table(shown["widest"])[0] == ["Web: any", "any address"]
    assert table(shown["longest"])[:2] == [["Payments: ever", "permanent"], ["Web: any", "Tue 24 Nov 2026 17:00 UTC"]]


def test_each_picture_has_a_name_a_description_and_its_table(as_dora, happened, codes, frozen):
    page = text(as_dora.get(PAGE))

    for name in ("outcomes", "teams", "open", "failures", "widest", "longest"):
        assert '<svg role="img" viewBox="0 0 380' in page
        assert f'<title id="{name}-title">' in page and f'<desc id="{name}-desc">' in page
    assert page.count("<details") == page.count('role="img"') == 6
    bars, links = page.count('<path class="bar '), len(re.findall(r'<a href="[^"]+" tabindex="-1"><title>', page))
    assert bars == links > 10


def test_an_empty_record_has_nothing_to_show(as_dora):
    page = text(as_dora.get(PAGE))

    assert page.count("Nothing to show.") == 6 and "<svg role" not in page


def test_names_are_escaped(as_dora, web, alice, frozen):
    a_code(team=web, person=alice, description="<script>x</script>", expires_at=NOON + timedelta(hours=1))
    Team.objects.update(name='<b title="x">')
    note("code.issued", at=NOON, actor=alice, team=Team.objects.get())

    page = text(as_dora.get(PAGE))

    assert "<script>x" not in page and '<b title="x">' not in page


@pytest.mark.parametrize("rows", [1, 30])
def test_queries_are_pinned(as_dora, web, alice, django_assert_num_queries, rows):
    for _ in range(rows):
        code = a_code(team=web, person=alice, expires_at=timezone.now() + timedelta(hours=1))
        note("code.issued", actor=alice, team=web, code=code)
    as_dora.get(PAGE)

    with django_assert_num_queries(17 if rows == 1 else 15):
        as_dora.get(PAGE)


@pytest.mark.parametrize(("who", "status"), [("as_alice", 403), ("as_dora", 200), ("as_erin", 200)])
def test_people_with_a_role_see_it_and_nobody_sends_to_it(request, who, status):
    browser = request.getfixturevalue(who)

    assert browser.get(PAGE).status_code == status
    assert browser.post(PAGE).status_code == (405 if status == 200 else 403)


def test_it_has_no_style_or_script_of_its_own_and_leaves_no_trace(as_dora, happened, codes, frozen):
    before = AuditEvent.objects.count()

    page = text(as_dora.get(PAGE))

    assert not re.search(r"\sstyle=|<style|<script(?! src)|\son\w+=", page)
    assert AuditEvent.objects.count() == before
