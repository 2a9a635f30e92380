"""Every page of sign-in and sign-out: accessible, of any width, nothing from elsewhere, a silent console."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_sso import company, enter, standing_company  # noqa: F401
from browser_sso_scenes import SCENES, WHILE_AWAY, Stage
from playwright.sync_api import Page, expect
from test_browser_pages import LOOKS, broken_rules

pytestmark = [
    pytest.mark.browser,
    pytest.mark.same_on_any_database("checks how pages are drawn; test_browser_sso makes the journeys on both"),
]


@pytest.fixture
def stage(company, enter) -> Stage:
    return Stage(company, enter)


@pytest.fixture(scope="module", autouse=True)
def _nothing_is_remembered(standing_company):
    """Scenes with a provider that is away come last."""
    assert list(SCENES)[-len(WHILE_AWAY) :] == list(WHILE_AWAY)


def resources(page: Page) -> list[str]:
    """What the page itself fetched, as the browser lists it."""
    return page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")


@pytest.mark.parametrize("name", SCENES)
def test_page_can_be_read_by_everyone_and_fetches_nothing_from_elsewhere(name, stage):
    title, arrive = SCENES[name]
    page = arrive(stage)
    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    assert {urlsplit(one).netloc for one in resources(page)} <= {urlsplit(stage.company.url).netloc}
    page.evaluate(Axe().axe_script)
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"scrolls sideways at {width}"
        assert broken_rules(page) == [], (width, scheme)
