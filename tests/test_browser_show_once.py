"""The page that shows a value once: pressed twice, printed, idle, confirmed, left. Ways back: test_browser_return."""

import shutil
import subprocess

import pytest
from browsers import NEW, creates, id_on, issued, leaving, pressing, sign_in, traces, value_on
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

MINUTE = 60_000
# Playwright cannot ask a page that is on its way to the next one: the page itself notes how its button looks then.
NOTE_THE_BUTTON = """addEventListener("submit", ({ submitter }) =>
  sessionStorage.setItem("button", `${submitter.textContent} ${submitter.getAttribute("aria-disabled")}`))"""


@pytest.fixture
def alice(visit, shared_portal) -> Page:
    return visit(shared_portal, "alice")


def stored(page: Page):
    return page.get_by_role("button", name="I have stored it")


def test_a_double_click_ends_on_the_value_of_one_code(alice, shared_portal):
    alice.goto(NEW)
    shared_portal.sandbox.fault("stall", seconds=1)  # or the answer may be there before the second click
    alice.get_by_role("button", name="Create register code").dblclick(delay=60)
    assert shared_portal.sandbox.is_value(id_on(alice), value_on(alice))
    assert creates(shared_portal) == 1


def test_pressing_again_while_the_cloud_is_slow_ends_on_the_value_of_one_code(alice, shared_portal):
    alice.goto(NEW)
    alice.evaluate(NOTE_THE_BUTTON)
    shared_portal.sandbox.fault("stall", seconds=30)
    press = pressing(alice)
    press()
    shared_portal.sandbox.wait_for_calls(1)
    for _ in range(3):
        press()
    shared_portal.sandbox.clear_faults()
    assert shared_portal.sandbox.is_value(id_on(alice), value_on(alice))
    assert creates(shared_portal) == 1
    assert alice.evaluate("sessionStorage.getItem('button')") == "Creating… true"


def test_the_value_stands_in_text_that_is_neither_translated_nor_in_any_form_control(alice, shared_portal):
    value = issued(alice)
    holders = alice.locator(f"code:text('{value}')")
    assert holders.count() == 3  # the value, and a command for Linux and one for Windows
    for holder in holders.all():
        expect(holder).to_have_attribute("translate", "no")
    assert traces(alice, value) == ["document", "text"]


def test_print_has_the_id_and_not_the_value(alice, shared_portal, tmp_path):
    value, code_id = issued(alice), id_on(alice)
    alice.emulate_media(media="print")
    printed = alice.locator("body").inner_text()
    assert (value in printed, code_id in printed) == (False, True)
    assert "The value is not printed." in printed
    alice.pdf(path=tmp_path / "page.pdf")
    if shutil.which("pdftotext"):
        words = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], check=True, capture_output=True, text=True)
        assert value not in words.stdout.replace("\n", "")


def test_having_stored_it_leads_to_the_card_without_the_value(alice, shared_portal):
    value = issued(alice)
    stored(alice).click()
    expect(alice.get_by_text("Hosts can enrol with it.")).to_be_visible()
    assert traces(alice, value) == []
    assert shared_portal.rows()[-1].confirmed_at
    alice.goto("/")
    assert traces(alice, value) == []


def test_an_idle_page_warns_can_be_extended_and_then_hides_the_value(visit, shared_portal):
    page = visit(shared_portal)
    page.clock.install()
    value = issued(sign_in(page, "alice"))
    page.clock.run_for(8 * MINUTE)
    expect(page.get_by_text("The value will be hidden in one minute")).to_be_hidden()
    page.clock.run_for(MINUTE + 2000)
    expect(page.get_by_text("The value will be hidden in one minute")).to_be_visible()
    expect(page).to_have_title("Hiding in a minute · Your register code · Register codes")
    page.get_by_role("button", name="Keep showing it").click()
    expect(page.get_by_text("The value will be hidden in one minute")).to_be_hidden()
    page.clock.run_for(5 * MINUTE)
    assert value_on(page) == value
    page.clock.run_for(5 * MINUTE + 2000)
    expect(page.get_by_text("The value was removed from this page")).to_be_visible()
    expect(page.get_by_role("button", name="Copy the value")).to_be_hidden()
    assert traces(page, value) == []


def test_leaving_asks_until_the_value_was_copied(visit, shared_portal):
    page = visit(shared_portal, "alice", permissions=["clipboard-read", "clipboard-write"])
    value = issued(page)
    assert leaving(page) == ["beforeunload"]
    page.get_by_role("button", name="Copy the id").click()
    page.get_by_role("button", name="Copy the command: Linux, value kept out of history and sudo’s log").click()
    assert leaving(page) == ["beforeunload"]  # neither holds the value
    assert value_on(page) == value
    page.get_by_role("button", name="Copy the value").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert leaving(page) == []


def test_confirming_does_not_ask(alice, shared_portal):
    asked = []
    alice.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    issued(alice)
    stored(alice).click()
    expect(alice.get_by_text("Hosts can enrol with it.")).to_be_visible()
    assert asked == []


def test_the_page_forgets_when_it_is_hidden_and_is_fetched_anew_should_a_browser_keep_it(alice, shared_portal):
    value = issued(alice)
    alice.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert traces(alice, value) == []
    alice.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))")
    expect(alice.get_by_role("heading", name="Nobody has confirmed")).to_be_visible()
    assert (traces(alice, value), creates(shared_portal)) == ([], 1)


def test_no_other_person_and_no_get_ever_sees_the_value(visit, alice, shared_portal):
    value = issued(alice)
    card = f"/codes/{shared_portal.rows()[-1].reference}/"
    bob = visit(shared_portal, "bob")
    for path in (card, "/", NEW, f"{NEW}?like={card.split('/')[2]}"):
        bob.goto(path)
        assert traces(bob, value) == []
