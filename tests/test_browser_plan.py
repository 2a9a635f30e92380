"""The plan in words follows what is typed: slow, lost and late answers, the person's own time."""

from contextlib import suppress

import pytest
from browsers import NEW, creates, fill
from playwright.sync_api import Error, Locator, Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.same_on_any_database(
        "scripts and words while somebody types: nothing is stored before the button is pressed"
    ),
]


NOTE_EVERY_PLAN = """() => {
  window.plansShown = [];
  const plan = document.getElementById("plan");
  new MutationObserver(() => plansShown.push(plan.textContent)).observe(plan, { childList: true });
}"""


@pytest.fixture
def form(visit, shared_portal) -> Page:
    """Alice in front of a new form."""
    page = visit(shared_portal, "alice")
    page.goto(NEW)
    return page


def plan(page: Page) -> Locator:
    return page.locator("#plan")


def test_the_plan_follows_what_is_typed(form):
    expect(plan(form)).to_contain_text("Up to 10 hosts in ap-singapore, from any address, until ")
    expect(plan(form)).to_contain_text("Any host that has the value can enrol")
    fill(form, register_limit="40", instance_name_prefix="web-", ip_address_range="203.0.113.0/24")
    form.get_by_label("Region").select_option("eu-frankfurt")
    words = "Up to 40 hosts in eu-frankfurt, named web-…, from 203.0.113.0/24 (256 addresses), until "
    expect(plan(form)).to_contain_text(words)
    fill(form, register_limit="0")
    expect(plan(form)).to_contain_text("How many hosts:")
    expect(plan(form)).not_to_contain_text("Up to")


def test_a_slow_answer_for_earlier_words_never_replaces_that_for_later_ones(form):
    held: list = []
    form.evaluate(NOTE_EVERY_PLAN)
    form.route("**/plan/", lambda route: route.continue_() if held else held.append(route))
    with form.expect_request("**/plan/"):
        fill(form, instance_name_prefix="early-")
    expect(plan(form)).to_have_attribute("data-waiting", "")
    with form.expect_event("requestfailed"):  # from the next key on nobody waits for it
        fill(form, instance_name_prefix="late-")
    expect(plan(form)).to_contain_text("named late-…")
    with suppress(Error):  # the page has dropped the request already
        held[0].continue_()
    with form.expect_response("**/plan/"):  # one more round trip, so that a late answer had its time
        fill(form, register_limit="7")
    expect(plan(form)).to_contain_text("Up to 7 hosts")
    expect(plan(form)).to_contain_text("named late-…")
    expect(plan(form)).not_to_have_attribute("data-waiting", "")
    assert [words for words in form.evaluate("plansShown") if "early-" in words] == []


def test_a_plan_that_cannot_be_refreshed_says_so_and_recovers(form):
    form.route("**/plan/", lambda route: route.abort())
    fill(form, register_limit="7")
    expect(form.get_by_text("Could not be refreshed")).to_be_visible()
    form.unroute("**/plan/")
    fill(form, register_limit="8")
    expect(plan(form)).to_contain_text("Up to 8 hosts")
    expect(form.get_by_text("Could not be refreshed")).to_be_hidden()


def test_from_the_first_key_on_the_plan_shows_that_it_waits(form):
    waits = form.evaluate("""() => {
      const field = document.getElementById("id_register_limit");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      return document.getElementById("plan").dataset.waiting;
    }""")
    assert waits == ""
    expect(plan(form)).not_to_have_attribute("data-waiting", "")


def test_a_question_dropped_for_the_press_is_not_called_a_failure(form):
    form.route("**/plan/", lambda route: None)  # never answered
    form.route("**/codes/new/", lambda route: route.fulfill(status=204))
    with form.expect_request("**/plan/"):
        fill(form, register_limit="7")
    with form.expect_event("requestfailed"), form.expect_response("**/codes/new/"):
        form.get_by_role("button", name="Create register code").click()
    expect(plan(form)).to_have_attribute("data-waiting", "")
    expect(form.get_by_text("Could not be refreshed")).to_be_hidden()


def test_without_scripts_the_plan_owns_up_and_can_be_checked_before_sending(visit, shared_portal):
    page = visit(shared_portal, "alice")
    page.route("**/portal*.js", lambda route: route.abort())
    page.goto(NEW)
    fill(page, register_limit="9999")
    page.get_by_label("Permanently").check()
    expect(page.get_by_text("does not follow what you type")).to_be_visible()
    page.get_by_role("button", name="Check the plan first").click()
    expect(plan(page)).to_contain_text("Up to 9 999 hosts in ap-singapore, from any address, for ever")
    assert creates(shared_portal) == 0
    page.get_by_label("How many hosts").press("Enter")
    expect(page.get_by_role("heading", name="Your register code")).to_be_visible()


def sign_in_again(page: Page) -> None:
    tab = page.context.new_page()
    tab.goto("/sso/sign-in/")
    tab.get_by_role("button", name="Alice Anders").click()
    expect(tab.get_by_role("heading", name="Codes", exact=True)).to_be_visible()


def sign_out(page: Page) -> None:
    tab = page.context.new_page()
    tab.goto("/")
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.fixture
def seated(visit, shared_portal) -> Page:
    """Alice by a click of her own: a session that others share must not be ended."""
    page = visit(shared_portal)
    page.goto("/sso/sign-in/")
    page.get_by_role("button", name="Alice Anders").click()
    page.goto(NEW)
    return page


def test_a_plan_that_is_refused_is_marked_as_old(seated):
    sign_in_again(seated)
    fill(seated, register_limit="9999")
    expect(seated.get_by_text("Could not be refreshed")).to_be_visible()


def test_whoever_was_signed_out_elsewhere_is_led_to_sign_in_and_back_to_what_was_typed(seated):
    sign_out(seated)
    fill(seated, register_limit="9999")

    seated.get_by_role("button", name="Alice Anders").click()

    expect(seated.get_by_text("Your sign-in was checked in between")).to_be_visible()
    expect(seated.get_by_text("has no field")).to_have_count(0)
    expect(seated.locator("#id_register_limit")).to_have_value("9999")


def test_the_persons_own_time_stands_beside_utc_where_it_differs(visit, shared_portal):
    berlin = visit(shared_portal, "alice", timezone_id="Europe/Berlin")
    berlin.goto(NEW)
    expect(plan(berlin).locator(".local-time")).to_contain_text("your time (")
    shown = plan(berlin).locator("time")
    assert shown.inner_text().endswith(" UTC")
    hours = berlin.evaluate("at => new Date(at).getHours()", shown.get_attribute("datetime"))
    expect(plan(berlin).locator(".local-time")).to_contain_text(f"{hours:02}:")
    utc = visit(shared_portal, "alice", timezone_id="UTC")
    utc.goto(NEW)
    expect(plan(utc).locator("time")).to_be_visible()
    expect(utc.locator(".local-time")).to_have_count(0)


def test_typing_and_looking_at_plans_asks_nothing_of_the_cloud_and_records_nothing(form, shared_portal):
    before = shared_portal.events()
    for limit in ("1", "2", "0", "10001"):
        with form.expect_response("**/plan/"):
            fill(form, register_limit=limit)
    assert (creates(shared_portal), shared_portal.events()) == (0, before)
