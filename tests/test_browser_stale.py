"""What somebody was about to do while their sign-in grew old: checked without a page in between, and nothing lost."""

import pytest
from browser_sso import (
    choose,
    company,  # noqa: F401
    documents,
    enter,  # noqa: F401
    sign_in_from,
    standing_company,  # noqa: F401
)
from browsers import NEW, create, creates, id_on, issued, typed, value_on
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

TYPED = {
    "description": "\"quoted\" & <b>'bold'</b> 🚀👩‍👩‍👧‍👦 über",
    "instance_name_prefix": "web-",
    "register_limit": "37",
    "ip_address_range": "203.0.113.0/24",
    "effective_time": "11",
}
CHECKED = "Your sign-in was checked in between. Nothing was sent yet"


def holds(page, fields: dict[str, str]) -> None:
    for name, text in fields.items():
        expect(page.locator(f"#id_{name}")).to_have_value(text)


def is_the_form(page) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("New register code")


# A form.


def test_a_stale_press_sends_nothing_keeps_every_field_and_the_next_press_issues_once(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    alice.get_by_label("Region").select_option(index=3)
    region = alice.get_by_label("Region").input_value()
    typed(alice, **TYPED)
    company.wait_past_the_check("alice")
    create(alice)

    expect(alice.get_by_text(CHECKED)).to_be_visible()
    holds(alice, TYPED | {"region": region})
    assert creates(company.portal) == 0
    assert alice.url == company.url + NEW

    create(alice)
    value = value_on(alice)
    assert company.portal.sandbox.is_value(id_on(alice), value)
    assert alice.locator("#the-value", has_text=value).count() == 1
    assert creates(company.portal) == 1


def test_what_was_kept_is_shown_once(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, **TYPED)
    company.wait_past_the_check("alice")
    create(alice)
    expect(alice.get_by_text(CHECKED)).to_be_visible()
    alice.goto("/")
    alice.goto(NEW)
    expect(alice.locator("#id_description")).to_have_value("")
    expect(alice.get_by_text(CHECKED)).to_have_count(0)


def test_permanent_is_kept_too(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    alice.get_by_label("Permanently").check()
    typed(alice)
    company.wait_past_the_check("alice")
    create(alice)
    expect(alice.get_by_text(CHECKED)).to_be_visible()
    expect(alice.get_by_label("Permanently")).to_be_checked()


def test_a_form_survives_signing_in_again_at_the_provider(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, **TYPED)
    company.provider.end_sessions("alice")
    company.wait_past_the_check("alice")
    create(alice)
    choose(alice, "alice")
    expect(alice.get_by_text(CHECKED)).to_be_visible()
    holds(alice, TYPED)
    assert creates(company.portal) == 0


def test_a_form_survives_a_session_that_was_ended_behind_it(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, **TYPED)
    company.provider.log_out("alice")
    create(alice)
    choose(alice, "alice")
    expect(alice.get_by_text(CHECKED)).to_be_visible()
    holds(alice, TYPED)


def test_what_one_person_typed_is_not_shown_to_the_next(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, **TYPED)
    company.provider.log_out("alice")
    create(alice)
    choose(alice, "bob")
    is_the_form(alice)
    expect(alice.locator(".whoami-name")).to_have_text("Bob Brandt")
    expect(alice.locator("#id_description")).to_have_value("")


def test_a_form_sent_by_somebody_who_lost_the_team_says_nothing_was_created(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, **TYPED)
    company.provider.set_groups("alice", [])
    company.wait_past_the_check("alice")
    create(alice)
    expect(alice.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    assert creates(company.portal) == 0


# While typing.


def test_typing_in_a_stale_form_goes_there_and_back_with_every_field_and_the_cursor(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, **{name: text for name, text in TYPED.items() if name != "description"})
    company.wait_past_the_check("alice")
    alice.locator("#id_description").press_sequentially("half a wor")

    expect(alice.get_by_text(CHECKED)).to_be_visible()
    assert alice.url == company.url + NEW
    holds(alice, TYPED | {"description": "half a wor"})
    expect(alice.locator("#id_description")).to_be_focused()
    alice.keyboard.type("d")
    expect(alice.locator("#id_description")).to_have_value("half a word")
    create(alice)
    assert value_on(alice)
    assert creates(company.portal) == 1


def test_choosing_something_in_a_stale_form_loses_nothing_either(company, enter):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, description="chosen")
    company.wait_past_the_check("alice")
    alice.get_by_label("Permanently").check()
    expect(alice.get_by_text(CHECKED)).to_be_visible()
    expect(alice.get_by_label("Permanently")).to_be_checked()
    expect(alice.locator("#id_description")).to_have_value("chosen")


# A button.


def test_a_stale_disable_does_nothing_says_so_and_the_next_press_disables(company, enter):
    alice = enter("alice")
    issued(alice)
    alice.get_by_role("button", name="I have stored it").click()
    alice.get_by_role("link", name="Disable").click()
    press = alice.get_by_role("button", name="Disable it for good")
    expect(press).to_be_visible()
    company.wait_past_the_check("alice")
    press.click()

    expect(alice.get_by_text("Your sign-in was checked in between. Nothing was disabled yet")).to_be_visible()
    assert "code.disabled" not in company.portal.events()[-3:]
    press.click()
    expect(alice.get_by_role("button", name="Disable it for good")).to_have_count(0)
    assert company.portal.events()[-1] == "code.disabled"


def test_a_stale_confirmation_leads_to_the_card_which_asks_once_more(company, enter):
    alice = enter("alice")
    issued(alice)
    company.wait_past_the_check("alice")
    alice.get_by_role("button", name="I have stored it").click()
    expect(alice.get_by_text("Nobody has confirmed that the value was stored")).to_be_visible()


# By the clock itself.


def test_left_alone_for_the_interval_a_form_comes_back_filled(company, new_context):
    """Everywhere else a session's last check is moved into the past; here the shortest interval passes."""
    portal = company.portal
    usual, portal.environment = portal.environment, portal.environment | {"OIDC_RECHECK_SECONDS": "10"}
    try:
        company.restart_portal()
        alice = new_context(base_url=company.url).new_page()
        sign_in_from(alice, "alice", NEW)
        is_the_form(alice)
        typed(alice, **TYPED)
        alice.wait_for_timeout(10_500)
        create(alice)
        expect(alice.get_by_text(CHECKED)).to_be_visible()
        holds(alice, TYPED)
    finally:
        portal.environment = usual
        company.restart_portal()


# Reading.


@pytest.mark.parametrize(("path", "wait"), [("/?team=web", "wait_past_the_check"), (NEW, "wait_past_half")])
def test_a_silent_check_commits_no_document_but_the_one_asked_for(company, enter, path, wait):
    alice = enter("alice")
    getattr(company, wait)("alice")
    asked = len(company.provider.requests("/auth"))
    seen = documents(alice)
    alice.goto(path)
    assert seen == [company.url + path]
    assert len(company.provider.requests("/auth")) == asked + 1
    assert alice.evaluate("performance.getEntriesByType('navigation')[0].name") == company.url + path


def test_a_form_is_shown_fresh_so_that_a_coffee_break_costs_nothing(company, enter):
    """Shown after half of the time, and sent when nearly a whole one has passed since."""
    alice = enter("alice")
    company.wait_past_half("alice")
    alice.goto(NEW)
    company.wait_past_half("alice")
    asked = len(company.provider.requests("/auth"))
    typed(alice, description="after the coffee")
    create(alice)
    assert value_on(alice)
    assert len(company.provider.requests("/auth")) == asked


def test_back_and_forward_over_a_silent_check_find_no_page_in_between(company, enter):
    alice = enter("alice")
    alice.goto("/?team=web")
    company.wait_past_the_check("alice")
    alice.goto("/")
    alice.go_back()
    expect(alice).to_have_url(company.url + "/?team=web")
    alice.go_forward()
    expect(alice).to_have_url(company.url + "/")


# What must not happen.


def test_nothing_typed_and_no_value_reaches_the_provider_or_an_address(company, enter):
    alice = enter("alice")
    asked: list[tuple[str, str]] = []
    alice.on("request", lambda one: asked.append((one.url, f"{one.post_data} {one.headers}")))
    alice.goto(NEW)
    typed(alice, description="nobody-elses-business")
    company.wait_past_the_check("alice")
    create(alice)
    expect(alice.get_by_text(CHECKED)).to_be_visible()
    assert not any("nobody-elses-business" in url for url, _ in asked)
    there = [sent for url, sent in asked if url.startswith(company.provider.issuer)]
    assert there
    assert not any("nobody-elses-business" in sent or company.url + NEW in sent for sent in there)


def test_a_page_left_for_the_check_and_come_back_to_still_creates(company, enter):
    """Out of the back/forward cache it is as it was when it went, the script's changes included."""
    alice = enter("alice")
    alice.goto(NEW)
    company.wait_past_the_check("alice")
    alice.locator("#id_description").press_sequentially("first")
    expect(alice.get_by_text(CHECKED)).to_be_visible()
    alice.go_back(wait_until="commit")
    is_the_form(alice)
    expect(alice.get_by_text(CHECKED)).to_have_count(0)
    create(alice)
    assert value_on(alice)
