"""Every page in a real browser: nothing from elsewhere, a silent console, accessible in both schemes and widths."""

from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_scenes import SCENES
from browser_stage import Stage, prepare
from browsers import NEW
from playwright.sync_api import Page, expect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.same_on_any_database(
        "checks how pages are drawn, not what is stored; what they read is asked of both without a browser"
    ),
]

NO_CONTRAST = {"new, forced colours"}  # the colours are the system's; axe reads some of ours from before the change
LOOKS = [(1280, "light"), (360, "dark")]  # no colour depends on the width, and no place on the scheme
# Preloading, axe fetches what Django's style sheets import and applies it inline, which our CSP refuses.
RULES = "async () => (await axe.run(document, { resultTypes: ['violations'], preload: false })).violations"


@pytest.fixture(scope="module")
def history(standing_portal) -> None:
    prepare(standing_portal)


@pytest.fixture
def seen() -> list:
    return []


@pytest.fixture
def stage(shared_portal, history, visit, seen) -> Stage:
    """Whatever a page asks for or complains of lands in `seen`."""

    def watched(*who: object, **options: object) -> Page:
        page = visit(*who, **options)
        page.on("request", lambda request: seen.append(("request", request.url)))
        page.on("pageerror", lambda error: seen.append(("error", str(error))))
        page.on("console", lambda message: seen.append((message.type, message.text, message.location["url"])))
        return page

    return Stage(shared_portal, watched)


def complaints(seen: list, page: Page) -> list:
    """What the console said; that a page itself answered 4xx or 5xx is its business."""
    said = [entry for entry in seen if entry[0] in ("error", "warning")]
    expected = (
        ("Failed to load resource: the server responded with a status of", page.url.partition("#")[0]),
        ("Failed to load resource: the server responded with a status of 503", f"{page.url}one/"),  # sent again
        ("The Cross-Origin-Opener-Policy header has been ignored", page.url),  # plain http on another name
    )
    return [entry for entry in said if not any(entry[1].startswith(text) and url in entry for text, url in expected)]


def elsewhere(seen: list, page: Page) -> list[str]:
    home = urlsplit(page.url).netloc
    asked = [entry[1] for entry in seen if entry[0] == "request" and not entry[1].startswith("data:")]
    return [url for url in asked if urlsplit(url).netloc != home]


def broken_rules(page: Page) -> list[str]:
    """What axe, evaluated in the page before, complains of."""
    found = page.evaluate(RULES)
    return [f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


@pytest.mark.parametrize("name", SCENES)
def test_page_asks_only_us_complains_of_nothing_and_can_be_read_by_everyone(name, stage, seen):
    heading, arrive = SCENES[name]
    page = arrive(stage)
    expect(page.get_by_role("heading", level=1)).to_have_text(heading.strip())
    page.evaluate(Axe().axe_script)
    for width, scheme in LOOKS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, f"scrolls sideways at {width}"
        broken = broken_rules(page)
        if name in NO_CONTRAST:
            broken = [rule for rule in broken if not rule.startswith("color-contrast")]
        assert broken == [], (width, scheme)
    assert elsewhere(seen, page) == []
    assert complaints(seen, page) == []


def test_in_forced_colours_the_chosen_validity_and_the_current_page_can_be_told(stage):
    page = stage.enter("alice", forced_colors="active")
    page.goto(NEW)
    hours, permanent = (page.get_by_label(label) for label in ("For a number of hours", "Permanently"))
    assert hours.screenshot() != permanent.screenshot()
    page.get_by_label("Description").focus()
    current = page.locator("[aria-current]").first
    assert current.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
