"""Copying from the issued page: it says when it worked, and when it did not."""

import pytest
from browsers import OTHER_NAME, issued, leaving, traces
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.same_on_any_database("the clipboard is the browser's; test_browser_show_once asks for values on both"),
]

BLOCKED = "Copying is blocked here. It is selected: press Ctrl+C (⌘C on a Mac)."
COMMANDS = {
    "linux": "Copy the command: Linux, in one line",
    "windows": "Copy the command: Windows",
    "linux-quiet": "Copy the command: Linux, value kept out of history and sudo’s log",
}


@pytest.fixture
def alice(visit, shared_portal) -> Page:
    return visit(shared_portal, "alice", permissions=["clipboard-read", "clipboard-write"])


def clipboard(page: Page) -> str:
    return page.evaluate("navigator.clipboard.readText()")


def copy(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def test_copying_says_so_and_the_clipboard_holds_exactly_what_is_shown(alice):
    value = issued(alice)
    copy(alice, "Copy the value")
    expect(alice.get_by_text("Copied")).to_be_visible()
    assert clipboard(alice) == value
    for place, name in COMMANDS.items():
        copy(alice, name)
        expect(alice.locator(f".command:has(#{place}) .copy-result")).to_have_text("Copied")
        assert clipboard(alice) == alice.locator(f"#{place}").inner_text()
    assert alice.get_by_text("Copied").count() == 1  # only the last one says so


def test_only_the_quiet_command_is_without_the_value(alice):
    value = issued(alice)
    holds = {name: value in alice.locator(f"#{name}").inner_text() for name in COMMANDS}
    assert holds == {"linux": True, "windows": True, "linux-quiet": False}


def refused_by_the_browser(page: Page) -> None:
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")


def test_a_refused_clipboard_says_so_and_selects_the_value(alice):
    refused_by_the_browser(alice)
    value = issued(alice)
    copy(alice, "Copy the value")
    expect(alice.get_by_text(BLOCKED)).to_be_visible()
    assert alice.evaluate("getSelection().toString()") == value


def test_plain_http_on_another_name_has_no_clipboard_and_copying_by_hand_works(visit, shared_portal):
    address = f"http://{OTHER_NAME}:{shared_portal.port}"
    page = visit(shared_portal, "alice", base_url=address)
    value = issued(page)
    assert page.evaluate("[isSecureContext, navigator.clipboard === undefined]") == [False, True]
    copy(page, "Copy the value")
    expect(page.get_by_text(BLOCKED)).to_be_visible()
    assert page.evaluate("getSelection().toString()") == value
    page.keyboard.press("Control+C")
    assert leaving(page) == []  # copied by hand counts too
    assert traces(page, value) == []


def test_a_failed_copy_does_not_count_as_copied(alice):
    refused_by_the_browser(alice)
    issued(alice)
    copy(alice, "Copy the value")
    expect(alice.get_by_text(BLOCKED)).to_be_visible()
    assert leaving(alice) == ["beforeunload"]
    expect(alice.get_by_text(BLOCKED)).to_be_visible()
