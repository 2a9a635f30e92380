"""Sign-in and every error page, as scenes."""

from browser_stage import PAYMENTS, Scene, Stage
from playwright.sync_api import Page, expect

# What goes wrong.


def stale_button(stage: Stage) -> Page:
    page = stage.at(stage.card() + "disable/")
    page.context.clear_cookies(name="portal-csrf")
    page.get_by_role("button", name="Disable it for good").click()
    return page


def other_name(stage: Stage) -> Page:
    return stage.at(f"http://stranger.test:{stage.portal.port}/", "")


def while_nobody_can_write(stage: Stage) -> Page:
    page = stage.at(stage.card("confirmed_at IS NULL"))
    with stage.portal.database.locked():
        page.get_by_role("button", name="I have stored it").click()
        expect(page.get_by_text("Wait a moment")).to_be_visible()
    return page


def broken(stage: Stage) -> Page:
    page = stage.enter("charlie")
    stage.change("UPDATE registercodes_team SET regions = '7' WHERE key = 'payments'")
    page.goto(PAYMENTS)
    stage.change("UPDATE registercodes_team SET regions = '[\"eu-frankfurt\"]' WHERE key = 'payments'")
    return page


SCENES: dict[str, Scene] = {
    "sign-in": ("Sign in", lambda stage: stage.at("/sso/sign-in/", "")),
    "400": ("This request makes no sense to the portal", other_name),
    "403": ("You may not do this", lambda stage: stage.at(stage.card() + "disable/", "dora")),
    "403, stale button": ("This page had gone stale", stale_button),
    "404": ("There is nothing here", lambda stage: stage.at("/codes/aaaaaaa/")),
    "405": ("This address is for a button", lambda stage: stage.at("/sso/backchannel-logout/")),
    "500": ("The portal failed", broken),
    "503": ("The portal cannot reach its records", while_nobody_can_write),
}
