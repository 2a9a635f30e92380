"""Several sites at once as scenes."""

from browser_stage import LONG, Scene, Stage
from playwright.sync_api import Page, expect

SITES = "/teams/web/codes/sites/"
LIST = f"203.0.113.7, par, {{}}\n198.51.100.0/24,, Lyon, second floor\n203.0.113.7\n10.0.0.9/8, {'x' * 32}"


def sites_checked(stage: Stage, lines: str = LIST) -> Page:
    page = stage.at(SITES)
    page.get_by_label("Sites, one a line").fill(lines.format(LONG))
    page.get_by_role("button", name="Check the list").click()
    return page


def sites_made(stage: Stage) -> Page:
    page = sites_checked(stage)
    stage.portal.sandbox.fault("error", code="UnauthorizedOperation", when="Lyon")
    page.get_by_role("button", name="Create 4 register codes").click()
    expect(page.get_by_text("Every line has its answer.")).to_be_visible()
    page.get_by_text("Commands for the host").first.click()
    return page


SCENES: dict[str, Scene] = {
    "sites": ("Several sites at once", lambda stage: stage.at(SITES)),
    "sites, wrong": ("Several sites at once", lambda stage: sites_checked(stage, "300.1.1.1\n{}\n, x")),
    "sites, checked": ("Codes for several sites", sites_checked),
    "sites, made": ("Codes for several sites", sites_made),
}
