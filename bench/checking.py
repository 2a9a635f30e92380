"""What a silent re-check adds to a page in a real Chromium, with a certified provider on this machine.

A page with it and a page without it take turns, so that whatever else the machine does meets both.
Imports Django's settings: whoever imports this names them first.
"""

from pathlib import Path

from browser_sso import Company, choose, settings_for
from browsers import CHROMIUM, MISSING, OPTIONS
from oidc_provider import OidcProvider
from playwright.sync_api import Page, sync_playwright
from sandbox_process import Sandbox
from server_process import Portal, free_port

from bench.figures import Figure, median
from portal.sso import sample_provider

GOAL = 300  # milliseconds
WARM_UP = 3
# From the moment the browser sets out, redirects included, until the page is there.
TOOK = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def missing() -> str:
    """What is not on this machine; empty if nothing."""
    return sample_provider.problem() or ("" if Path(CHROMIUM).exists() else MISSING)


def figures(directory: Path, *, navigations: int) -> list[Figure]:
    port = free_port()
    with (
        Sandbox(directory, rate=0) as sandbox,
        OidcProvider(f"http://127.0.0.1:{port}") as provider,
        Portal(directory, sandbox, port=port, **settings_for(provider)) as portal,
        sync_playwright() as playwright,
        playwright.chromium.launch(**OPTIONS) as chromium,
    ):
        page = chromium.new_page(base_url=portal.url)
        page.goto("/")
        choose(page, "alice")
        page.get_by_role("button", name="Sign out").wait_for()
        plain, checked = _turns(Company(portal, provider), page, navigations)
    return [
        Figure(
            "a silent re-check adds, in the browser",
            median(checked) - median(plain),
            "ms",
            yardstick=median(plain),
            yardstick_is="ms: the page without it",
            goal=GOAL,
        )
    ]


def _turns(company: Company, page: Page, navigations: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each."""
    plain: list[float] = []
    checked: list[float] = []
    for number in range(navigations + WARM_UP):
        asked = len(company.provider.requests("/auth"))
        without = _took(page)
        company.wait_past_the_check("alice")
        with_it = _took(page)
        if len(company.provider.requests("/auth")) != asked + 1:
            raise RuntimeError("not exactly one of the two pages was checked")
        if number >= WARM_UP:
            plain.append(without)
            checked.append(with_it)
    return plain, checked


def _took(page: Page) -> float:
    page.goto("/")
    return float(page.evaluate(TOOK))
