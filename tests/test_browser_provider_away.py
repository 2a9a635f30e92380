"""The provider is away: people go on reading and closing, create nothing, lose nothing, and are told why."""

import pytest
from browser_sso import (
    HELP,
    choose,
    company,  # noqa: F401
    enter,  # noqa: F401
    standing_company,  # noqa: F401
)
from browsers import NEW, create, creates, fill, issued, typed, value_on
from playwright.sync_api import Error, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.same_on_any_database("what a browser shows while a provider is away is no row's doing"),
]

AWAY = "Your company’s sign-in does not answer"
TYPED = {
    "description": "kept \"through\" it 🚀 & 'quotes'",
    "register_limit": "23",
    "ip_address_range": "203.0.113.0/24",
}


@pytest.fixture
def away(company):
    """How to make it go; ends with a provider that is back, and a portal that remembers nothing of it."""
    yield company.provider.go_away
    company.provider.come_back()
    company.restart_portal()


def banner(page):
    return page.get_by_role("complementary", name="Single sign-on")


def when_asked(page, address: str, work) -> None:
    """Just before the browser asks for it; Playwright's routes do not see where a redirect leads."""
    tools = page.context.new_cdp_session(page)

    def go_on(event: dict) -> None:
        work()
        tools.send("Fetch.continueRequest", {"requestId": event["requestId"]})
        tools.detach()

    tools.on("Fetch.requestPaused", go_on)
    tools.send("Fetch.enable", {"patterns": [{"urlPattern": address}]})


def until_it_is_noticed(page) -> None:
    """The portal believes for ten seconds what it found."""
    for _ in range(40):
        page.goto("/")
        if banner(page).count() == 0:
            return
        page.wait_for_timeout(500)
    raise AssertionError("the portal did not notice that its provider is back")


@pytest.mark.parametrize("how", ["refuse", "stall", "unavailable"])
def test_reading_and_disabling_go_on_and_a_press_that_would_create_keeps_its_fields(company, enter, away, how):
    alice = enter("alice")
    issued(alice, description="to be closed")
    alice.get_by_role("button", name="I have stored it").click()
    expect(alice.get_by_role("heading", name="to be closed")).to_be_visible()
    card = alice.url
    alice.goto(NEW)
    typed(alice, **TYPED)
    away(how)
    company.wait_past_the_check("alice")
    company.portal.sandbox.forget_calls()

    create(alice)
    expect(alice.get_by_text("Nothing was sent and nothing was created")).to_be_visible()
    for name, text in TYPED.items():
        expect(alice.locator(f"#id_{name}")).to_have_value(text)
    assert creates(company.portal) == 0
    expect(banner(alice)).to_contain_text(AWAY)

    beside = alice.context.new_page()
    beside.goto("/")
    expect(banner(beside)).to_contain_text("nothing can be created until it does.")
    expect(beside.get_by_role("heading", level=1)).to_have_text("Codes")
    expect(beside.get_by_role("link", name="New code")).to_have_count(0)
    beside.goto(card)
    beside.get_by_role("link", name="Disable").click()
    beside.get_by_role("button", name="Disable it for good").click()
    expect(beside.get_by_text("Disabled").first).to_be_visible()
    assert company.portal.events()[-1] == "code.disabled"


def test_once_it_is_back_the_same_form_issues(company, enter, away):
    alice = enter("alice")
    alice.goto(NEW)
    typed(alice, **TYPED)
    away("refuse")
    company.wait_past_the_check("alice")
    create(alice)
    expect(alice.get_by_text("Nothing was sent and nothing was created")).to_be_visible()
    company.provider.come_back()
    until_it_is_noticed(alice.context.new_page())
    create(alice)
    assert value_on(alice)
    assert creates(company.portal) == 1


def test_typing_while_it_is_away_still_refreshes_the_plan(company, enter, away):
    alice = enter("alice")
    alice.goto(NEW)
    away("refuse")
    company.wait_past_the_check("alice")
    fill(alice, register_limit="29")
    expect(alice.locator("#plan")).to_contain_text("29 hosts")
    assert alice.url == company.url + NEW


def test_a_new_browser_reads_the_503_page_in_style_and_its_button_works_later(company, enter, away):
    page = enter()
    away("unavailable")
    answer = page.goto(NEW)
    assert answer.status == 503
    expect(page.get_by_role("heading", level=1)).to_have_text(AWAY)
    expect(page.get_by_text("Nothing is wrong with your account")).to_be_visible()
    expect(page.get_by_text(HELP)).to_have_count(0)
    assert page.evaluate("getComputedStyle(document.querySelector('.topbar-inner')).display") == "flex"
    company.provider.come_back()
    page.get_by_role("link", name="Sign in again").click()
    choose(page, "alice")
    expect(page.get_by_role("heading", level=1)).to_have_text("New register code")


def test_an_hour_after_the_last_check_disabling_is_over_too_and_says_so(company, enter, away):
    alice = enter("alice")
    issued(alice)
    alice.get_by_role("button", name="I have stored it").click()
    alice.get_by_role("link", name="Disable").click()
    away("refuse")
    company.pass_time("alice", 3601)
    alice.get_by_role("button", name="Disable it for good").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text(AWAY)
    expect(alice.get_by_text("Nothing was created and nothing changed")).to_be_visible()
    assert "code.disabled" not in company.portal.events()[-2:]
    alice.get_by_role("link", name="Back to the page").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text("Disable this code?")


def test_signing_out_while_it_is_away_ends_the_session_here_and_says_what_may_remain_there(company, enter, away):
    alice = enter("alice")
    away("refuse")
    alice.get_by_role("button", name="Sign out").click()
    expect(alice.get_by_role("heading", level=1)).to_have_text("You are signed out")
    expect(alice.get_by_text("Your company’s sign-in may still know you")).to_be_visible()
    assert company.sessions("alice") == 0


def test_a_provider_that_dies_right_after_the_redirect_costs_no_session(company, enter, away):
    """The browser shows its own error page; the portal, asked again, goes on as with any provider that is away."""
    alice = enter("alice")
    company.wait_past_the_check("alice")
    when_asked(alice, f"{company.provider.issuer}/auth?*", lambda: away("refuse"))
    with pytest.raises(Error, match=r"ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET"):
        alice.goto("/?team=web")
    alice.wait_for_url("chrome-error://chromewebdata/")
    alice.goto("/?team=web")
    expect(banner(alice)).to_contain_text(AWAY)
    expect(alice.get_by_role("heading", level=1)).to_have_text("Codes")


def test_a_provider_that_dies_between_its_answer_and_our_question_keeps_the_session_reading(company, enter, away):
    alice = enter("alice")
    company.wait_past_the_check("alice")
    when_asked(alice, "*/sso/callback/?*", lambda: away("refuse"))
    alice.goto("/?team=web")
    expect(banner(alice)).to_contain_text(AWAY)
    assert alice.url == f"{company.url}/?team=web"
