"""Attention, codes from outside, cleaning up and finding, as scenes."""

from browser_outside import long_dead, made_elsewhere, made_unseen, outside_path, synced
from browser_stage import LONG, RTL, Scene, Stage, sent
from playwright.sync_api import Page, expect

# What needs attention, and codes from outside.


def attention(stage: Stage) -> Page:
    """Unknown, permanent, unconfirmed and adopted ones, and what an unknown one may have become."""
    alice = stage.portal.sign_in("alice")
    stage.portal.sandbox.fault("close")
    stage.portal.post_new(alice, description="x" * 125, ip_address_range="203.0.113.0/26", register_limit=3)
    stage.portal.post_new(alice, description=RTL, validity="permanent", ip_address_range="10.0.0.0/8")
    made_elsewhere(stage.portal, "by hand", RegisterLimit=3, IpAddressRange="203.0.113.0/26")
    synced(stage.portal)
    return stage.at("/attention/", "erin")


def outside(stage: Stage) -> Page:
    for description in (LONG, "<b>not bold</b> by hand"):
        made_unseen(stage.portal, description, IpAddressRange="192.168.10.1/10", InstanceNamePrefix="ci-")
    adopted(stage)
    return stage.at("/outside/?show=all", "erin")


def adopted(stage: Stage) -> Page:
    page = outside_page(stage, "adopt")
    page.get_by_label("Team").select_option("web")
    page.get_by_label("Reason").fill("They run the build hosts since the move; OPS-1207.")
    page.get_by_role("button", name="Give it to this team").click()
    return page


def outside_page(stage: Stage, what: str) -> Page:
    return stage.at(outside_path(stage.portal, made_elsewhere(stage.portal), what), "erin")


def outside_wrong(stage: Stage, what: str, button: str) -> Page:
    page = outside_page(stage, what)
    page.get_by_role("button", name=button).click()
    return page


def outside_disabled(stage: Stage, *, agreed: bool = True) -> Page:
    page = outside_page(stage, "disable")
    if not agreed:
        stage.portal.sandbox.fault("error", action="DisableRegisterCodes", code="UnauthorizedOperation")
    page.get_by_label("Reason").fill("Nobody knows it.")
    page.get_by_role("button", name="Disable it for good").click()
    return page


def clean_up(stage: Stage) -> Page:
    long_dead(stage.portal, "of last spring", LONG, RTL)
    return stage.at("/outside/clean-up/", "erin")


def cleaned(stage: Stage, *, sure: bool = True) -> Page:
    page = clean_up(stage)
    if sure:
        page.get_by_label("Yes, delete").check()
    page.get_by_role("button", name="Delete them").click()
    return page


def looked_up(stage: Stage, pasted: str = "", name: str = "alice") -> Page:
    if not pasted:
        page = sent(stage, description="Autumn sale: extra web servers")
        pasted = page.locator("#the-value").inner_text()
    page = stage.at("/find/", name)
    page.get_by_label("Value, id, host or address").fill(pasted)
    page.get_by_role("button", name="Find its owner").click()
    expect(page.locator("[data-focus]")).to_be_visible()
    return page


FIND = "Find the owner of a value"
CLEAN_UP = "Clean up dead codes"


SCENES: dict[str, Scene] = {
    "attention": ("Attention", attention),
    "attention, nothing": ("Attention", lambda stage: stage.at("/attention/", "charlie")),
    "outside": ("Outside the portal", outside),
    "outside, none": ("Outside the portal", lambda stage: stage.at("/outside/?region=eu-frankfurt", "erin")),
    "adopted": ("Adopted codes", adopted),
    "adopted, none": ("Adopted codes", lambda stage: stage.at("/adopted/", "charlie")),
    "adopt": ("Adopt this code?", lambda stage: outside_page(stage, "adopt")),
    "adopt, wrong": ("Adopt this code?", lambda stage: outside_wrong(stage, "adopt", "Give it to this team")),
    "outside, disable": ("Disable this code?", lambda stage: outside_page(stage, "disable")),
    "outside, disable wrong": (
        "Disable this code?",
        lambda stage: outside_wrong(stage, "disable", "Disable it for good"),
    ),
    "outside, disabled": ("The cloud has disabled it", outside_disabled),
    "outside, not disabled": ("The cloud has not agreed yet", lambda stage: outside_disabled(stage, agreed=False)),
    "clean-up": (CLEAN_UP, clean_up),
    "clean-up, not sure": (CLEAN_UP, lambda stage: cleaned(stage, sure=False)),
    "clean-up, nothing": (CLEAN_UP, lambda stage: stage.at("/outside/clean-up/?days=3000", "erin")),
    "find": (FIND, lambda stage: stage.at("/find/")),
    "find, found": (FIND, looked_up),
    "find, not found": (FIND, lambda stage: looked_up(stage, "no such value")),
}
