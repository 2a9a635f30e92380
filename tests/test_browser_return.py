"""Every way back to a page that has shown a value, with scripts and without: no value there, and no second code."""

import pytest
from browser_tabs import Profile, duplicated, profile, reopened, restored  # noqa: F401
from browsers import NEW, create, creates, fill, issued, pressing, sign_in, traces, value_on, went_back, went_forward
from playwright.sync_api import Error, Page, expect

pytestmark = pytest.mark.browser

RESUBMISSION = "chrome-error://chromewebdata/"  # "Confirm Form Resubmission"
CARD = "Nobody has confirmed that the value was stored"


@pytest.fixture(params=[True, False], ids=["scripts on", "scripts off"])
def scripts(request) -> bool:
    return request.param


@pytest.fixture
def start(profile, shared_portal, scripts) -> Profile:
    return profile(base_url=shared_portal.url, java_script_enabled=scripts)


def reloaded(page: Page) -> Page:
    page.reload()
    return page


def addressed_again(page: Page) -> Page:
    page.goto(page.url)
    return page


def opened_beside(page: Page) -> Page:
    with page.context.expect_page() as opening:
        page.evaluate("window.open(location.href)")
    return opening.value


def left_and_back(page: Page) -> Page:
    page.goto("/healthz")
    return confirming(page, went_back)


def back_and_forward(page: Page) -> Page:
    went_back(page)
    expect(page.get_by_role("heading", name="New register code")).to_be_visible()
    return confirming(page, went_forward)


def confirming(page: Page, move) -> Page:
    """Without scripts the browser asks before it sends a form again, and shows an error page meanwhile."""
    try:
        move(page)
    except Error as refusal:
        if "ERR_CACHE_MISS" not in refusal.message:
            raise
        page.wait_for_url(RESUBMISSION)
    return page


WAYS = [reloaded, addressed_again, opened_beside, left_and_back, back_and_forward, duplicated, reopened]


def test_no_way_back_shows_the_value_or_makes_a_second_code(start, shared_portal, scripts):
    with start.running() as browser:
        sign_in(browser.pages[0], "alice")
        for number, way in enumerate(WAYS, start=1):
            page = browser.new_page()
            value = issued(page, description=way.__name__)
            assert traces(page, value) == ["document", "text"]  # so this would notice
            page = way(page)
            page.wait_for_url(lambda url: url != "about:blank")
            assert traces(page, value) == [], way.__name__
            assert creates(shared_portal) == number, way.__name__
            if scripts:
                expect(page.get_by_role("heading", name=CARD), way.__name__).to_be_visible()
    assert start.files_with(value) == []


def test_a_restarted_browser_that_reopens_its_tabs_has_no_value(start, shared_portal, scripts):
    with start.running() as browser:
        value = issued(sign_in(browser.pages[0], "alice"), description="restarted")
    with start.running("--restore-last-session") as browser:
        page = restored(browser)
        assert traces(page, value) == []
        if scripts:
            expect(page.get_by_role("heading", name=CARD)).to_be_visible()
        else:
            assert page.url == RESUBMISSION
    assert start.files_with(value) == []
    assert creates(shared_portal) == 1


def test_back_gives_a_new_form_with_a_submission_of_its_own(visit, shared_portal, scripts):
    page = visit(shared_portal, "alice", java_script_enabled=scripts)
    page.goto(NEW)
    used = page.locator("[name=submission]").input_value()
    create(page)
    value = value_on(page)
    went_back(page)
    expect(page.get_by_role("heading", name="New register code")).to_be_visible()
    assert page.locator("[name=submission]").input_value() != used
    assert (traces(page, value), creates(shared_portal)) == ([], 1)


def sends_again(page: Page, **changes: str) -> str:
    """Creates a code, then sends its form again as a browser does that kept it in memory. Returns the value."""
    page.goto(NEW)
    used = page.locator("[name=submission]").input_value()
    create(page)
    value = value_on(page)
    page.goto(NEW)
    page.locator("[name=submission]").evaluate("(field, used) => { field.value = used; }", used)
    fill(page, **changes)
    create(page)
    return value


def test_the_same_form_again_says_that_one_code_was_made(visit, shared_portal, scripts):
    page = visit(shared_portal, "alice", java_script_enabled=scripts)
    value = sends_again(page)
    expect(page.get_by_role("heading", name="This form was sent twice; one code was made")).to_be_visible()
    assert (traces(page, value), creates(shared_portal)) == ([], 1)


def test_the_same_form_with_other_words_asks_first_and_then_makes_its_own_code(visit, shared_portal, scripts):
    page = visit(shared_portal, "alice", java_script_enabled=scripts)
    first = sends_again(page, description="second")
    expect(page.get_by_role("heading", name="This form was sent before")).to_be_visible()
    expect(page.get_by_label("Description")).to_have_value("second")
    assert (traces(page, first), creates(shared_portal)) == ([], 1)
    create(page)
    assert value_on(page) != first
    assert creates(shared_portal) == 2


def test_without_scripts_the_value_is_shown_and_confirming_takes_it_away(visit, shared_portal):
    page = visit(shared_portal, "alice", java_script_enabled=False)
    value = issued(page)
    assert shared_portal.sandbox.is_value(page.locator("#the-id").inner_text(), value)
    assert not page.get_by_role("button", name="Copy").filter(visible=True).count()  # they could do nothing
    page.get_by_role("button", name="I have stored it").click()
    expect(page.get_by_text("Hosts can enrol with it.")).to_be_visible()
    assert traces(page, value) == []


def test_without_scripts_a_double_click_shows_no_value_and_makes_one_code(visit, shared_portal):
    page = visit(shared_portal, "alice", java_script_enabled=False)
    page.goto(NEW)
    shared_portal.sandbox.fault("stall", seconds=30)
    press = pressing(page)
    press()
    shared_portal.sandbox.wait_for_calls(1)
    press()
    expect(page.get_by_text("This form has arrived twice")).to_be_visible()
    shared_portal.sandbox.clear_faults()
    expect(page.get_by_role("heading", name=CARD)).to_be_visible()
    assert (page.locator("#the-value").count(), creates(shared_portal)) == (0, 1)
