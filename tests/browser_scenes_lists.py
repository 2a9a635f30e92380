"""Lists of codes as scenes: empty, filtered, ticked, told, and what becomes of several codes at once."""

from datetime import UTC, datetime

from browser_stage import RTL, Scene, Stage, sent
from playwright.sync_api import Page, expect

LEAVE_ALL_TEAMS = """DELETE FROM registercodes_membership
    WHERE user_id = (SELECT id FROM sso_user WHERE username = ?)"""
JOIN_ALL_TEAMS = """INSERT INTO registercodes_membership (team_id, user_id, checked_at)
    SELECT t.id, u.id, ? FROM registercodes_team t, sso_user u WHERE u.username = ?"""


# Looking around.


def no_team(stage: Stage) -> Page:
    page = stage.enter("bob")
    stage.change(LEAVE_ALL_TEAMS, "bob")
    page.goto("/")
    return page


def many_teams(stage: Stage) -> Page:
    page = stage.enter("erin")
    stage.change(LEAVE_ALL_TEAMS, "erin")
    stage.change(JOIN_ALL_TEAMS, datetime.now(UTC).isoformat(sep=" "), "erin")
    page.goto("/")
    page.get_by_text("New code", exact=True).first.click()
    return page


def on_another_day(stage: Stage) -> Page:
    """Where it is yesterday or tomorrow, local times are told with their date."""
    page = stage.enter("alice", timezone_id="Pacific/Kiritimati" if datetime.now(UTC).hour >= 10 else "Etc/GMT+12")
    page.goto("/")
    return page


def ticked(stage: Stage) -> Page:
    page = stage.at("/")
    for box in page.locator("input[name=code]").all()[:3]:
        box.check()
    return page


def several(stage: Stage) -> Page:
    page = ticked(stage)
    page.get_by_role("button", name="Disable the selected codes").click()
    return page


def several_left(stage: Stage) -> Page:
    page = several(stage)
    stage.portal.sandbox.fault("error", action="DisableRegisterCodes", code="UnauthorizedOperation")
    page.get_by_role("button", name="Disable them for good").click()
    return page


def found_after_all(stage: Stage) -> Page:
    """A create whose answer was lost, resolved by a refresh; told on the next page."""
    stage.portal.sandbox.fault("close", execute=True)
    page = sent(stage, description=RTL)
    page.get_by_role("link", name="Open its record").click()
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_text("Found and disabled", exact=True).first).to_be_visible()
    page.goto("/")
    expect(page.get_by_role("button", name="Put away").first).to_be_visible()
    return page


SCENES: dict[str, Scene] = {
    "home, empty": ("Codes", lambda stage: stage.at("/", "charlie")),
    "home": ("Codes", lambda stage: stage.at("/")),
    "home, another day": ("Codes", on_another_day),
    "home, older": ("Codes", lambda stage: stage.at("/?team=web&before=6")),
    "home, many teams": ("Codes", many_teams),
    "home, auditor": ("Codes", lambda stage: stage.at("/", "dora")),
    "home, filtered": ("Codes", lambda stage: stage.at("/?q=unbroken&state=unconfirmed&mine=1")),
    "home, no match": ("Codes", lambda stage: stage.at("/?q=nowhere")),
    "home, ticked": ("Codes", ticked),
    "home, told": ("Codes", found_after_all),
    "several": ("Disable these 3 codes?", several),
    "several, not yet": ("The cloud did not agree to all of them yet", several_left),
    "several, none": ("Nothing to disable", lambda stage: stage.at("/codes/disable-several/")),
    "no team": ("You are in no team yet", no_team),
}
