"""Everything by keyboard alone: from sign-in to a stored code, with the focus always in sight."""

import pytest
from browsers import NEW, id_on, value_on
from playwright.sync_api import Locator, Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.same_on_any_database(
        "focus and keys are the browser's; test_browser_issuing makes the journey on both"
    ),
]

SEEN = """() => {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  const shown = getComputedStyle(at.matches("[type=radio]") ? at.closest(".form-check") : at);
  const ringed = (shown.outlineStyle !== "none" && parseFloat(shown.outlineWidth) > 0) || shown.boxShadow !== "none";
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return ringed && inside ? "" : `${at.outerHTML.slice(0, 120)} ringed: ${ringed}, in sight: ${inside}`;
}"""


def tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until `target` has the focus; every stop on the way has to show that it has it."""
    for _ in range(60):
        page.keyboard.press("Tab")
        assert page.evaluate(SEEN) == ""
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {target}")


def test_from_sign_in_to_a_stored_code_without_a_mouse(visit, shared_portal):
    page = visit(shared_portal, permissions=["clipboard-read", "clipboard-write"], reduced_motion="reduce")
    page.goto("/")
    tab_to(page, page.get_by_role("button", name="Alice Anders"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Codes", exact=True)).to_be_visible()
    tab_to(page, page.get_by_role("link", name="New code", exact=True))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="New register code")).to_be_visible()
    tab_to(page, page.get_by_label("Description"))
    page.keyboard.type("by keyboard")
    tab_to(page, page.get_by_label("Region"))
    page.keyboard.type("eu")
    tab_to(page, page.get_by_label("How many hosts"))
    page.keyboard.type("3")
    tab_to(page, page.get_by_label("For a number of hours"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Permanently")).to_be_checked()
    expect(page.locator("#plan")).to_contain_text("Up to 3 hosts in eu-frankfurt, from any address, for ever")
    tab_to(page, page.get_by_role("button", name="Create register code"))
    page.keyboard.press("Enter")
    value = value_on(page)
    assert shared_portal.sandbox.is_value(id_on(page), value)
    tab_to(page, page.get_by_role("button", name="Copy the value"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == value
    tab_to(page, page.get_by_role("button", name="I have stored it"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("Hosts can enrol with it.")).to_be_visible()


def test_on_a_phone_the_keyboard_does_not_stop_at_the_box_of_a_head_that_is_not_shown(visit, shared_portal):
    alice = shared_portal.sign_in("alice")
    for _ in range(2):
        shared_portal.post_new(alice, description="on a phone")
    page = visit(shared_portal, "alice", viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    page.goto("/")
    tab_to(page, page.get_by_role("link", name="for Web"))
    page.keyboard.press("Tab")
    expect(page.locator("input[name=code]").first).to_be_focused()


def test_enter_in_a_field_sends_the_form_once(visit, shared_portal):
    page = visit(shared_portal, "alice")
    page.goto(NEW)
    page.get_by_label("Description").press("Enter")
    value_on(page)
    assert len(shared_portal.sandbox.calls("CreateRegisterCode")) == 1


@pytest.mark.parametrize("path", ["/", NEW, "/nowhere/"])
def test_the_first_stop_of_every_page_leads_past_its_head(visit, shared_portal, path):
    page = visit(shared_portal, "alice")
    page.goto(path)
    skip = page.get_by_role("link", name="Skip to the content")
    tab_to(page, skip)
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_errors_are_where_the_keyboard_goes_on(visit, shared_portal):
    page = visit(shared_portal, "alice")
    page.goto(NEW)
    page.get_by_label("How many hosts").fill("none")
    page.get_by_label("How many hosts").press("Enter")
    expect(page.locator("#problems")).to_be_focused()
    tab_to(page, page.locator("#problems a"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("How many hosts")).to_be_focused()


def test_the_menu_of_teams_opens_and_closes_and_gives_the_focus_back(visit, shared_portal):
    page = visit(shared_portal, "charlie")
    shared_portal.database.execute(
        "INSERT INTO registercodes_membership (team_id, user_id, checked_at)"
        " SELECT t.id, m.user_id, m.checked_at FROM registercodes_team t, registercodes_membership m"
        " JOIN sso_user u ON u.id = m.user_id WHERE t.key = 'web' AND u.username = 'charlie'"
    )
    page.goto("/")
    menu = page.locator("details.menu summary")
    tab_to(page, menu)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Web", exact=True).last).to_be_visible()
    tab_to(page, page.locator("details.menu").get_by_role("link", name="Web"))
    page.keyboard.press("Escape")
    expect(menu).to_be_focused()
    expect(page.locator("details.menu ul")).to_be_hidden()
