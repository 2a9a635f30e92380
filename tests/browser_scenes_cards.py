"""A code’s card as scenes: used, replaced, disabled or not, and a cloud that is down."""

from browser_stage import LONG, RTL, Scene, Stage, sent_elsewhere
from browsers import NEW, create, issued
from playwright.sync_api import Page, expect


def disable_press(stage: Stage) -> Page:
    page = stage.at(NEW)
    create(page)
    page.get_by_role("button", name="I have stored it").click()
    page.get_by_role("link", name="Disable").click()
    return page


def disabled(stage: Stage) -> Page:
    page = disable_press(stage)
    page.get_by_role("button", name="Disable it for good").click()
    return page


def not_disabled(stage: Stage) -> Page:
    page = disable_press(stage)
    stage.portal.sandbox.fault("error", action="DisableRegisterCodes", code="UnauthorizedOperation")
    page.get_by_role("button", name="Disable it for good").click()
    return page


def not_disabled_for_want_of_a_record(stage: Stage) -> Page:
    page = disable_press(stage)
    with stage.portal.database.locked():
        page.get_by_role("button", name="Disable it for good").click()
        expect(page.get_by_text("the code still admits hosts")).to_be_visible()
    return page


def used(stage: Stage) -> Page:
    """A card with hosts of every kind, after a refresh."""
    value = issued(stage.enter("alice"), register_limit="3", instance_name_prefix="")
    row = stage.portal.rows()[-1]
    enrol = stage.portal.sandbox.register_host
    enrol(row.region, row.code_id, value, hostname=LONG, local_ip="10.0.0.1", system_name="Linux")
    gone = enrol(row.region, row.code_id, value, hostname="win-1", system_name="Windows")
    stage.portal.sandbox.set_host_status(gone, "Offline")
    page = stage.at(f"/codes/{row.reference}/")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("of 3", exact=True)).to_be_visible()
    return page


def cloud_down(stage: Stage) -> Page:
    stage.portal.sandbox.stop()
    page = stage.at(stage.card())
    stage.portal.sandbox.start()
    return page


def replace(stage: Stage) -> Page:
    page = used(stage)
    page.get_by_role("link", name="It was lost: replace it").click()
    return page


def replacing_form(stage: Stage) -> Page:
    page = replace(stage)
    page.get_by_role("button", name="Disable it and go on").click()
    return page


def replaced(stage: Stage) -> Page:
    page = replacing_form(stage)
    old = page.locator("#replaces a").get_attribute("href")
    create(page)
    expect(page.locator("#the-value")).to_be_visible()
    page.get_by_role("button", name="I have stored it").click()
    page.goto(old)
    return page


def replaced_before(stage: Stage) -> Page:
    page = replaced(stage)
    page.goto(page.url + "replace/")
    return page


def pending_card(stage: Stage) -> Page:
    sent_elsewhere(stage, stalled=True)
    return stage.at(stage.card("state = 'pending'"))


SCENES: dict[str, Scene] = {
    "card, used": ("no description", used),
    "card, cloud down": ("no description", cloud_down),
    "replace": ("Replace this code?", replace),
    "new, replacing": ("New register code", replacing_form),
    "card, replaced": ("no description", replaced),
    "replaced before": ("This code was replaced before", replaced_before),
    "card": (LONG, lambda stage: stage.at(stage.card(f"description = '{LONG}' AND state = 'issued'"))),
    "card, right to left": (RTL, lambda stage: stage.at(stage.card(f"description = '{RTL}'"))),
    "card, pending": ("no description", pending_card),
    "card, disabled": ("no description", disabled),
    "card, not disabled": ("no description", not_disabled),
    "disable, busy": ("Disable this code?", not_disabled_for_want_of_a_record),
    "disable": ("Disable this code?", lambda stage: stage.at(stage.card() + "disable/")),
}
