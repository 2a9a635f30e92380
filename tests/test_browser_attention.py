"""Attention, codes from outside, finding and cleaning up in a real browser: by mouse, by keyboard, on a phone."""

import pytest
from browser_outside import long_dead, made_elsewhere
from browsers import NEW, issued
from playwright.sync_api import Page, expect
from test_browser_keyboard import tab_to

pytestmark = pytest.mark.browser

PHONE = {"viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"}


def row_of(page: Page, code_id: str):
    return page.get_by_role("row").filter(has_text=code_id)


def test_an_unconfirmed_code_leaves_the_list_when_its_maker_presses(shared_portal, visit):
    alice = visit(shared_portal, "alice")
    issued(alice, description="left open", register_limit="7")
    alice.goto("/")

    alice.get_by_role("link", name="Attention", exact=True).click()
    item = alice.get_by_role("listitem").filter(has=alice.get_by_role("link", name="left open"))
    expect(item).to_contain_text("7 more hosts, until")
    expect(item).to_contain_text("Nobody has said that its value is stored.")
    item.get_by_role("button", name="I have stored it").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("left open")
    alice.goto("/attention/")
    expect(alice.get_by_role("button", name="I have stored it")).to_have_count(0)


def test_a_code_made_elsewhere_is_adopted_and_then_disabled_by_the_team(shared_portal, visit):
    code_id = made_elsewhere(shared_portal, "ci of last year")
    erin, alice = visit(shared_portal, "erin"), visit(shared_portal, "alice")
    erin.goto("/")
    erin.get_by_role("link", name="Outside", exact=True).click()
    row_of(erin, code_id).get_by_role("link", name="Adopt").click()
    erin.get_by_label("Team").select_option("web")
    erin.get_by_label("Reason").fill("they run the CI hosts")
    erin.get_by_role("button", name="Give it to this team").click()
    expect(row_of(erin, code_id)).to_contain_text("they run the CI hosts")

    alice.goto("/attention/")
    alice.get_by_role("link", name="Adopted codes").click()
    row_of(alice, code_id).get_by_role("link", name="Disable").click()
    alice.get_by_label("Reason").fill("replaced")
    alice.get_by_role("button", name="Disable it for good").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("The cloud has disabled it")
    assert shared_portal.sandbox.code(code_id).Enabled is False


def test_without_a_reason_nothing_is_disabled_and_the_field_says_so(shared_portal, visit):
    code_id = made_elsewhere(shared_portal)
    erin = visit(shared_portal, "erin")
    erin.goto("/outside/")
    row_of(erin, code_id).get_by_role("link", name="Disable").click()
    erin.get_by_role("button", name="Disable it for good").click()

    expect(erin.get_by_text("This field is required.")).to_be_visible()
    assert shared_portal.sandbox.code(code_id).Enabled is True


def test_a_pasted_value_names_its_owner_and_comes_back_nowhere(shared_portal, visit):
    value = issued(visit(shared_portal, "alice"), description="leaked one")
    erin = visit(shared_portal, "erin")
    erin.goto("/")

    erin.get_by_role("link", name="Find", exact=True).click()
    erin.get_by_label("Value, id, host or address").fill(f"tat_agent register ap-singapore x {value}")
    erin.get_by_role("button", name="Find its owner").click()

    expect(erin.get_by_role("heading", name="It belongs to Web; Alice Anders made it")).to_be_visible()
    expect(erin.get_by_role("link", name="Disable it")).to_be_visible()
    expect(erin.get_by_label("Value, id, host or address")).to_have_value("")
    assert value not in erin.content()
    erin.get_by_role("link", name="Open its record").click()
    expect(erin.get_by_role("heading", level=1)).to_have_text("leaked one")
    erin.goto("/find/")
    assert value not in erin.content()
    assert value not in erin.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])")


def test_everything_by_keyboard_with_the_focus_in_sight(shared_portal, visit):
    [code_id] = long_dead(shared_portal, "dead by keyboard")
    erin = visit(shared_portal, "erin", reduced_motion="reduce")
    erin.goto("/attention/")
    tab_to(erin, erin.get_by_role("link", name="Outside", exact=True))
    erin.keyboard.press("Enter")
    expect(erin.get_by_role("heading", level=1)).to_have_text("Outside the portal")
    tab_to(erin, erin.get_by_role("link", name="Clean up dead codes"))
    erin.keyboard.press("Enter")
    expect(erin.get_by_role("heading", level=1)).to_have_text("Clean up dead codes")
    expect(erin.get_by_text(code_id)).to_be_visible()
    tab_to(erin, erin.get_by_label("Yes, delete these codes"))
    erin.keyboard.press("Space")
    tab_to(erin, erin.get_by_role("button", name="Delete them"))
    erin.keyboard.press("Enter")

    expect(erin.get_by_role("heading", level=1)).to_contain_text("gone from the cloud")
    assert shared_portal.sandbox.code(code_id) is None


def test_without_the_tick_nothing_is_deleted(shared_portal, visit):
    [code_id] = long_dead(shared_portal, "dead, not confirmed")
    erin = visit(shared_portal, "erin")
    erin.goto("/outside/clean-up/")
    erin.get_by_role("button", name="Delete them").click()

    expect(erin.get_by_text("Tick the box")).to_be_visible()
    assert shared_portal.sandbox.code(code_id)


def test_on_a_phone_every_page_fits_and_its_buttons_can_be_pressed(shared_portal, visit):
    made_elsewhere(shared_portal, "unbroken-" * 14)
    long_dead(shared_portal, "dead on a phone")
    erin = visit(shared_portal, "erin", **PHONE)
    for path in ("/attention/", "/outside/", "/adopted/", "/outside/clean-up/", "/find/"):
        erin.goto(path)
        assert erin.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
        small = "[...document.querySelectorAll('main .btn')].filter((one) => one.getBoundingClientRect().height < 28)"
        assert erin.evaluate(f"{small}.map((one) => one.outerHTML)") == [], path


# What must not happen.


def test_members_are_offered_neither_the_outside_nor_a_clean_up(shared_portal, visit):
    alice = visit(shared_portal, "alice")
    for path in ("/", "/attention/", "/adopted/", "/find/", NEW):
        alice.goto(path)
        expect(alice.locator('a[href^="/outside/clean-up"], a[href="/outside/"]')).to_have_count(0)


def test_an_auditor_looks_and_is_offered_nothing_to_change(shared_portal, visit):
    made_elsewhere(shared_portal)
    dora = visit(shared_portal, "dora")
    for path in ("/attention/", "/adopted/"):
        dora.goto(path)
        expect(dora.locator("main form[method=post]")).to_have_count(0)
        expect(dora.locator("main").get_by_role("link", name="Disable")).to_have_count(0)
