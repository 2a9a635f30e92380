"""A code from outside is given to a team with a reason: it gets somebody who looks after it, and no invented past."""

import pytest
from cast import browser_of, person
from reading_pages import errors_beside, heading, send, text
from records import a_code, break_in_chain, from_outside
from syncs import made_elsewhere

from registercodes.models import AuditEvent, OutsideCode, RegisterCode, Team, UpstreamCode

pytestmark = pytest.mark.django_db

DISABLE = "DisableRegisterCodes"


def adopt(browser, code, team: str = "web", why: str = "the CI hosts of last year"):
    return send(browser, f"/outside/{code.pk}/adopt/", {"team": team, "why": why})


def adoptions() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="outside.adopted").order_by("sequence"))


def test_the_team_sees_it_as_adopted_with_the_reason_and_others_do_not(as_erin, as_alice, as_charlie, as_dora, web):
    code = from_outside(description="ci hosts")

    answer = adopt(as_erin, code)

    assert answer.status_code == 302 and answer["Location"] == "/adopted/"
    for browser in (as_erin, as_alice, as_dora):
        page = text(browser.get("/adopted/"))
        assert code.code_id in page and "the CI hosts of last year" in page and "adopted" in page
    assert code.code_id not in text(as_charlie.get("/adopted/"))


def test_it_is_on_record_with_who_why_and_what_the_cloud_said_of_it(as_erin, erin, web):
    code = from_outside(description="ci hosts", registered_count=3)
    adopt(as_erin, code)

    event = adoptions()[0]

    assert (event.actor, event.team, event.code_id, event.outcome) == (erin, web, code.code_id, "success")
    assert event.detail["why"] == "the CI hosts of last year" and event.detail["told"]["registered_count"] == 3
    assert break_in_chain() == ""


def test_the_team_may_disable_it_from_then_on(as_erin, as_alice, as_charlie, web, payments, cloud):
    code = from_outside(code_id=made_elsewhere())
    address = f"/outside/{code.pk}/disable/"
    assert as_alice.get(address).status_code == 404
    adopt(as_erin, code)

    assert as_charlie.get(address).status_code == 404
    assert f'href="{address}"' in text(as_alice.get("/adopted/"))
    page = send(as_alice, address, {"why": "not ours any more"})

    assert heading(page) == "The cloud has disabled it" and len(cloud.calls(DISABLE)) == 1
    assert AuditEvent.objects.get(action="outside.disable_requested").team == web


def test_it_moves_to_another_team_with_both_on_record(as_erin, as_alice, as_charlie, web, payments):
    code = from_outside()
    adopt(as_erin, code)
    adopt(as_erin, code, team="payments", why="they own the network")

    assert code.code_id not in text(as_alice.get("/adopted/"))
    assert code.code_id in text(as_charlie.get("/adopted/"))
    assert [event.detail.get("from_team") for event in adoptions()] == [None, "web"]


def test_a_reason_and_a_team_are_wanted(as_erin, web):
    code = from_outside()

    pages = [adopt(as_erin, code, why=""), adopt(as_erin, code, team=""), adopt(as_erin, code, team="none")]

    assert [page.status_code for page in pages] == [422] * 3
    assert errors_beside(pages[0])["why"] and errors_beside(pages[1])["team"] and errors_beside(pages[2])["team"]
    assert not OutsideCode.objects.exists() and adoptions() == []


def test_an_auditor_reads_it_and_is_offered_nothing(as_dora, web):
    from_outside(team=web)

    page = text(as_dora.get("/adopted/"))

    assert "/outside/" not in page.partition("<main")[2]


# What must not happen.


def test_no_history_is_forged(as_erin, web):
    """No maker, no value, no row among the codes that people asked for; and the cloud's word stays as it was."""
    code = from_outside()
    before = UpstreamCode.objects.values().get()
    adopt(as_erin, code)

    assert not RegisterCode.objects.exists()
    assert UpstreamCode.objects.values().get() == before
    assert adoptions()[0].register_code is None and adoptions()[0].reference == ""


@pytest.mark.parametrize("who", ["alice", "dora"])
def test_nobody_but_an_administrator_adopts(request, who, web):
    code = from_outside()

    assert adopt(request.getfixturevalue(f"as_{who}"), code).status_code == 403
    assert not OutsideCode.objects.exists()


def test_one_of_ours_is_not_adopted(as_erin, alice, web):
    ours = a_code(team=web, person=alice)
    upstream = from_outside(code_id=ours.code_id)

    assert adopt(as_erin, upstream).status_code == 404


def test_a_team_that_is_switched_off_adopts_nothing(as_erin):
    Team.objects.create(key="asleep", name="Asleep", sso_group="asleep", active=False)

    assert adopt(as_erin, from_outside(), team="asleep").status_code == 422


def test_whoever_left_the_team_sees_it_no_more(as_erin, web, payments):
    code = from_outside(team=web)
    zoe = browser_of(person("zoe", teams=(payments,)))

    assert code.code_id not in text(zoe.get("/adopted/"))
    assert zoe.get(f"/outside/{code.pk}/disable/").status_code == 404
