"""The sample provider's pages in a real browser: buttons that lead on, and nothing asked of anybody else."""

import re
from urllib.parse import urlencode, urlsplit

import pytest
from oidc_provider import OidcProvider
from playwright.sync_api import Page, expect
from relying_party import Ears, RelyingParty

pytestmark = [
    pytest.mark.processes,
    pytest.mark.browser,
    pytest.mark.same_on_any_database("the provider keeps its people in memory; no portal is beside it"),
]


@pytest.fixture(scope="module")
def standing():
    with Ears() as ears, OidcProvider(ears.url) as provider:
        yield RelyingParty(provider, ears)


@pytest.fixture
def party(standing):
    standing.provider.reset()
    return standing


@pytest.fixture
def hosts(page: Page) -> set[str]:
    """Everybody whom the browser asks for something, and what it complains about as errors."""
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(urlsplit(request.url).netloc or urlsplit(request.url).scheme))
    page.on("console", lambda message: asked.add(message.text) if message.type == "error" else None)
    return asked


def question(party: RelyingParty) -> str:
    """Where a portal would send the browser."""
    return party.ask().history[0].url


def ours(party: RelyingParty) -> set[str]:
    return {urlsplit(party.provider.issuer).netloc, urlsplit(party.ears.url).netloc}


def test_a_person_signs_in_and_out_with_a_click_each_and_no_request_elsewhere(party, page, hosts):
    page.goto(question(party))
    page.get_by_role("button", name="Alice Anders").click()
    expect(page).to_have_url(re.compile("/sso/callback/.*code="))

    leaving = {
        "client_id": party.variables["OIDC_CLIENT_ID"],
        "post_logout_redirect_uri": f"{party.ears.url}/sso/signed-out/",
    }
    page.goto(f"{party.known['end_session_endpoint']}?{urlencode(leaving)}")
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(f"{party.ears.url}/sso/signed-out/")

    assert hosts - {"data"} <= ours(party)


def test_changing_to_another_person_needs_no_further_click(party, page):
    page.goto(question(party))
    page.get_by_role("button", name="Alice Anders").click()
    page.goto(question(party) + "&prompt=login")
    page.get_by_role("button", name="Bob Brandt").click()

    expect(page).to_have_url(re.compile("/sso/callback/.*code="))


def test_an_error_has_a_page_of_our_own_that_asks_nobody_else_either(party, page, hosts):
    page.goto(question(party).replace("callback", "elsewhere"))

    expect(page.get_by_role("heading")).to_have_text("Sample provider: that did not work")
    assert {host for host in hosts if "Failed to load" not in host} - {"data"} <= ours(party)


def test_a_name_or_group_is_never_markup(party, page):
    party.provider.set_groups("alice", ["<img src=x>"])
    page.goto(question(party))

    expect(page.get_by_role("button", name="Alice Anders")).to_contain_text("<img src=x>")
    expect(page.locator("img")).to_have_count(0)
