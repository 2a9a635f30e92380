"""Several sites at once in a real browser: every line ends with its value or an honest word, and none is made twice."""

import re

import pytest
from browsers import sign_in, traces, went_back
from playwright.sync_api import Page, expect
from sandbox_process import Sandbox
from server_process import Portal, creates

pytestmark = pytest.mark.browser

SITES = "/teams/web/codes/sites/"
VALUES = "[data-secret=value]:visible"


@pytest.fixture
def alice(visit, shared_portal) -> Page:
    return visit(shared_portal, "alice")


def many(count: int, *, network: str = "203.0.113") -> str:
    return "\n".join(f"{network}.{number}, site, Site {number}" for number in range(1, count + 1))


def checked(page: Page, count: int, **where: str) -> None:
    page.goto(SITES)
    page.get_by_label("Sites, one a line").fill(many(count, **where))
    page.get_by_role("button", name="Check the list").click()
    expect(page.get_by_role("heading", name="Codes for several sites")).to_be_visible()


def start(page: Page) -> None:
    page.get_by_role("button", name=re.compile("Create .* register code")).click()


def finished(page: Page) -> list[str]:
    """The values, once every line has its answer."""
    expect(page.get_by_text("Every line has its answer.")).to_be_visible(timeout=60_000)
    return page.locator(VALUES).all_inner_texts()


def states(page: Page) -> list[str]:
    return page.locator("[data-state]").all_inner_texts()


def are_values(portal: Portal, page: Page) -> bool:
    pairs = zip(page.locator("[data-code-id]:visible").all_inner_texts(), finished(page), strict=True)
    return all(portal.sandbox.is_value(code_id, value) for code_id, value in pairs)


def test_fifty_lines_end_as_fifty_values_through_a_single_place(alice, shared_portal):
    checked(alice, 50)
    assert creates(shared_portal) == 0
    start(alice)
    values = finished(alice)
    assert len(set(values)) == 50 == creates(shared_portal)
    assert are_values(shared_portal, alice)
    assert alice.locator("progress").evaluate("bar => bar.value") == 50
    expect(alice.get_by_text("50 of 50 answered, 50 of them with a code.")).to_be_visible()
    assert {traces(alice, value) == ["document", "text"] for value in values[:3]} == {True}


def test_a_value_and_a_command_can_be_copied_and_leaving_asks_until_all_are_safe(visit, shared_portal):
    page = visit(shared_portal, "alice", permissions=["clipboard-read", "clipboard-write"])
    checked(page, 2)
    start(page)
    values = finished(page)
    clipboard = "navigator.clipboard.readText()"
    asks = "!dispatchEvent(new Event('beforeunload', { cancelable: true }))"

    page.get_by_role("button", name="Copy the value of line 1").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    assert (page.evaluate(clipboard), page.evaluate(asks)) == (values[0], True)
    page.get_by_text("Commands for the host").nth(1).click()
    page.get_by_role("button", name="Copy the command of line 2: Linux, in one line").click()
    expect(page.get_by_text("Copied")).to_have_count(1)
    page.wait_for_function("!document.querySelector('[data-unsafe]')")
    assert values[1] in page.evaluate(clipboard) and page.evaluate(asks) is False


def test_what_is_stored_is_noted_and_leaves_the_page(alice, shared_portal):
    checked(alice, 3)
    start(alice)
    values = finished(alice)
    alice.get_by_role("button", name="I have stored it Line 2").click()
    expect(alice.locator("[data-state]").nth(1)).to_have_text("Stored")
    assert traces(alice, values[1]) == [] and traces(alice, values[0]) != []
    alice.get_by_role("button", name="I have stored them all").click()
    expect(alice.get_by_text("Stored", exact=True)).to_have_count(3)
    assert [traces(alice, value) for value in values] == [[], [], []]
    assert all(row.confirmed_at for row in shared_portal.rows()[-3:])


def test_the_cloud_refusing_some_is_said_line_by_line(alice, shared_portal):
    checked(alice, 4)
    shared_portal.sandbox.fault("error", code="UnauthorizedOperation", when="Site 2")
    shared_portal.sandbox.fault("reset", when="Site 3", execute=True)
    start(alice)
    assert len(finished(alice)) == 2
    assert states(alice) == ["Created", "Refused", "Unknown", "Created"]
    expect(alice.get_by_text("4 of 4 answered, 2 of them with a code.")).to_be_visible()


def test_a_lost_answer_is_unknown_the_rest_unsent_and_going_on_makes_none_twice(alice, shared_portal):
    checked(alice, 12)
    arrived = []

    def plug(route):
        arrived.append(route)
        if len(arrived) < 5:
            return route.continue_()
        if len(arrived) == 5:  # the portal makes it, and the answer is lost
            while route.fetch().json()["outcome"] == "busy":
                pass
        return route.abort()

    alice.route("**/sites/one/", plug)
    start(alice)
    expect(alice.get_by_text("The portal did not answer, so nothing more was sent.")).to_be_visible()
    said = states(alice)
    assert set(said) <= {"Created", "Unknown", "Not sent"} and said.count("Not sent") >= 4
    alice.unroute("**/sites/one/")
    alice.get_by_role("button", name="Go on").click()
    finished(alice)
    said = states(alice)
    assert said.count("Created") + said.count("Sent before") == 12 == creates(shared_portal)
    assert said.count("Sent before") == 1


def test_stop_sends_no_more_and_says_which_were_not_sent(alice, shared_portal):
    checked(alice, 10)
    shared_portal.sandbox.fault("stall", times=None, seconds=0.4)
    start(alice)
    expect(alice.locator(VALUES)).not_to_have_count(0)
    alice.get_by_role("button", name="Stop").click()
    expect(alice.get_by_text("Stopped.")).to_be_visible()
    shared_portal.sandbox.clear_faults()
    made = creates(shared_portal)
    assert states(alice).count("Created") == made < 10
    assert states(alice).count("Not sent") == 10 - made


def test_a_session_that_ended_stops_it_and_says_so(alice, shared_portal):
    checked(alice, 5)
    alice.context.clear_cookies(name=re.compile("session"))
    start(alice)
    expect(alice.get_by_text("Your sign-in has to be checked again")).to_be_visible()
    assert set(states(alice)) == {"Not sent"} and creates(shared_portal) == 0


def test_after_leaving_neither_back_nor_reload_shows_a_value_or_makes_a_code(alice, shared_portal):
    alice.on("dialog", lambda dialog: dialog.accept())
    checked(alice, 2)
    start(alice)
    values = finished(alice)
    alice.goto("/")
    expect(alice.get_by_role("heading", level=1)).to_be_visible()
    went_back(alice)
    expect(alice.get_by_role("heading", name="Several sites at once")).to_be_visible()
    alice.reload()
    assert [traces(alice, value) for value in values] == [[], []]
    assert creates(shared_portal) == 2


def test_a_wrong_line_is_named_and_what_was_typed_stays(alice, shared_portal):
    alice.goto(SITES)
    alice.get_by_label("Sites, one a line").fill("203.0.113.7\n300.1.1.1")
    alice.get_by_role("button", name="Check the list").click()
    expect(alice.locator("#problems")).to_contain_text("Line 2, IP range: Use an IPv4 address")
    expect(alice.get_by_label("Sites, one a line")).to_have_value("203.0.113.7\n300.1.1.1")


@pytest.mark.alone
def test_two_tabs_lose_no_line_and_meet_no_limit_error(visit, tmp_path):
    with Sandbox(tmp_path, rate=20, process=True) as sandbox, Portal(tmp_path, sandbox) as portal:
        first = visit(portal)
        sign_in(first, "alice")
        second = first.context.new_page()
        checked(first, 50)
        checked(second, 50, network="198.51.100")
        start(first)
        start(second)
        values = finished(first) + finished(second)
        at = sorted(call.arrived for call in sandbox.calls("CreateRegisterCode"))
        assert len(set(values)) == 100 == len(at)  # busy answers lost no line
        assert "RequestLimitExceeded" not in portal.output()
