"""Sign-in, rights and sign-out in a real browser, at a real certified provider."""

import pytest
from browser_sso import (
    HELP,
    choose,
    company,  # noqa: F401
    documents,
    enter,  # noqa: F401
    is_asked_to_sign_in,
    sign_in_from,
    sign_out,
    standing_company,  # noqa: F401
)
from browsers import NEW, create, fill, id_on, issued, traces, value_on, went_back
from playwright.sync_api import Error, expect

pytestmark = pytest.mark.browser


def heading(page, name: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(name)


def gone_back(page) -> None:
    """What answered a press is not sent again without asking: the browser's own page says so."""
    try:
        went_back(page)
    except Error as refusal:
        assert "ERR_CACHE_MISS" in refusal.message
    page.wait_for_load_state()


# Signing in.


def test_a_deep_link_with_a_query_leads_through_sign_in_back_to_itself(company, enter):
    alice = enter()
    sign_in_from(alice, "alice", "/?team=web&before=7")
    heading(alice, "Codes")
    assert alice.url == f"{company.url}/?team=web&before=7"


def test_a_form_is_a_deep_link_too_and_issues(company, enter):
    alice = enter()
    sign_in_from(alice, "alice", NEW)
    heading(alice, "New register code")
    fill(alice, description="über 🚀")
    create(alice)
    value = value_on(alice)
    assert company.portal.sandbox.is_value(id_on(alice), value)


def test_groups_decide_the_team_and_only_that_team(company, enter):
    charlie = enter("charlie")
    charlie.get_by_role("link", name="New code", exact=True).click()
    heading(charlie, "New register code")
    assert charlie.url == f"{company.url}/teams/payments/codes/new/"
    assert charlie.goto(NEW).status == 404


def test_without_a_known_group_there_is_a_friendly_page_and_nothing_else(company, enter):
    mallory = enter("mallory")
    heading(mallory, "You are in no team yet")
    expect(mallory.get_by_text(HELP)).to_be_visible()
    expect(mallory.get_by_role("link", name="New code", exact=True)).to_have_count(0)
    expect(mallory.get_by_role("link", name="Audit")).to_have_count(0)
    answers = {path: mallory.goto(path).status for path in (NEW, "/teams/payments/codes/new/", "/codes/aaaaaaa/")}
    assert set(answers.values()) == {404}
    assert mallory.goto("/").status == 403


def test_two_tabs_that_sign_in_at_once_both_end_where_they_wanted(company, enter):
    first = enter()
    second = first.context.new_page()
    first.goto(NEW)
    second.goto("/?team=web")
    choose(second, "alice")
    heading(second, "Codes")
    choose(first, "alice")
    heading(first, "New register code")
    assert (first.url, second.url) == (company.url + NEW, f"{company.url}/?team=web")


def test_who_cancels_there_reads_a_page_and_can_try_again(company, enter):
    page = enter()
    page.goto(NEW)
    page.get_by_role("button", name="Cancel").click()
    heading(page, "You were not signed in")
    page.get_by_role("link", name="Sign in again").click()
    choose(page, "alice")
    heading(page, "New register code")


# Roles.


def test_an_auditor_reaches_the_admin_by_role(company, enter):
    dora = enter("dora")
    dora.get_by_role("link", name="Audit", exact=True).click()
    heading(dora, "Audit")
    assert dora.goto(NEW).status == 404


def test_an_administrator_reaches_it_under_their_own_name(company, enter):
    erin = enter("erin")
    expect(erin.locator(".whoami-name")).to_have_text("Erin Eklund")
    expect(erin.get_by_text("Administrator", exact=True)).to_be_visible()
    erin.get_by_role("link", name="Audit", exact=True).click()
    heading(erin, "Audit")
    expect(erin.get_by_role("link", name="New code", exact=True)).to_have_count(0)


def test_a_member_does_not_reach_the_admin(company, enter):
    alice = enter("alice")
    assert alice.goto("/admin/").status == 403
    heading(alice, "You may not do this")
    expect(alice.get_by_role("link", name="Audit")).to_have_count(0)


# Still true?


def test_a_group_removed_there_bites_at_the_first_request_after_the_interval(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    company.provider.set_groups("alice", [])
    alice.reload()
    heading(alice, "New register code")
    company.wait_past_the_check("alice")
    assert alice.reload().status == 404
    alice.goto("/")
    heading(alice, "You are in no team yet")


def test_a_group_gained_there_is_had_here_after_the_interval(company, enter):
    mallory = enter("mallory")
    company.provider.set_groups("mallory", ["sample-web"])
    company.wait_past_the_check("mallory")
    mallory.reload()
    heading(mallory, "Codes")


def test_a_disabled_account_is_out_at_the_first_request_after_the_interval(company, enter):
    bob = enter("bob")
    company.provider.disable("bob")
    company.wait_past_the_check("bob")
    bob.reload()
    is_asked_to_sign_in(bob)
    choose(bob, "bob")
    heading(bob, "You were not signed in")
    assert company.sessions("bob") == 0


def test_a_session_ended_there_means_signing_in_there_and_being_back_on_the_page(company, enter):
    alice = enter("alice")
    alice.goto("/?team=web")
    company.provider.end_sessions("alice")
    company.wait_past_the_check("alice")
    alice.reload()
    choose(alice, "alice")
    heading(alice, "Codes")
    assert alice.url == f"{company.url}/?team=web"


def test_somebody_else_signed_in_there_meanwhile_is_not_taken_for_the_person_here(company, enter):
    alice = enter("alice")
    company.provider.end_sessions("alice")
    beside = alice.context.new_page()
    beside.goto("/sso/login/")
    choose(beside, "charlie")
    heading(beside, "Codes")
    alice.goto("/")
    expect(alice.locator(".whoami-name")).to_have_text("Charlie Chen")


@pytest.mark.parametrize("keep_old", [True, False], ids=["old key kept", "old key withdrawn"])
def test_keys_rotated_between_two_sign_ins_change_nothing(company, enter, keep_old):
    company.restart_portal()
    enter("alice")
    company.provider.rotate_keys(keep_old=keep_old)
    enter("alice")


def test_a_session_outlives_the_key_its_token_was_signed_with(company, enter):
    company.restart_portal()
    alice = enter("alice")
    alice.goto(NEW)
    company.provider.rotate_keys(keep_old=False)
    company.wait_past_the_check("alice")
    alice.reload()
    if "Sample provider" in alice.title():
        choose(alice, "alice")
    heading(alice, "New register code")
    assert issued(alice)


# Leaving.


def test_back_channel_logout_acts_at_the_next_click_in_every_browser(company, enter):
    here, there = enter("alice"), enter("alice")
    bob = enter("bob")
    told = company.provider.log_out("alice")
    assert [answer["accepted"] for answer in told] == [True, True]
    for page in (here, there):
        page.get_by_role("link", name="New code", exact=True).click()
        is_asked_to_sign_in(page)
    bob.get_by_role("link", name="New code", exact=True).click()
    heading(bob, "New register code")


def test_signing_out_moves_on_to_the_provider_and_ends_on_our_page(company, enter):
    alice = enter("alice")
    seen = documents(alice)
    sign_out(alice)
    assert alice.url.partition("?")[0] == f"{company.url}/sso/signed-out/"
    assert seen[0] == f"{company.url}/sso/logout/"
    assert company.sessions("alice") == 0
    alice.get_by_role("link", name="Sign in").click()
    is_asked_to_sign_in(alice)


def test_staying_signed_in_there_still_ends_the_session_here(company, enter):
    alice = enter("alice")
    alice.get_by_role("button", name="Sign out").click()
    alice.get_by_role("button", name="Stay signed in here").click()
    heading(alice, "You are signed out")
    assert company.sessions("alice") == 0


def test_back_after_signing_out_shows_nothing_of_the_pages(company, enter):
    alice = enter("alice")
    value = issued(alice, description="only for alice")
    alice.get_by_role("button", name="I have stored it").click()
    expect(alice.get_by_role("heading", name="only for alice")).to_be_visible()
    alice.goto("/")
    expect(alice.get_by_text("only for alice").first).to_be_visible()
    sign_out(alice)
    for _ in range(8):
        gone_back(alice)
        assert "only for alice" not in alice.content()
        assert traces(alice, value) == []


def test_a_sign_out_in_one_tab_is_one_in_the_other(company, enter):
    alice = enter("alice")
    beside = alice.context.new_page()
    beside.goto(NEW)
    sign_out(alice)
    beside.get_by_role("link", name="Codes", exact=True).click()
    is_asked_to_sign_in(beside)
