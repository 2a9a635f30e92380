"""Every page of sign-in and sign-out, each as a scene: its heading, and how to get there. They stand alone."""

from collections.abc import Callable
from dataclasses import dataclass

from browser_sso import Company, Enter
from browsers import NEW, create, fill, issued
from playwright.sync_api import Page, expect

REASON = "The identity provider is dead"


@dataclass(frozen=True)
class Stage:
    company: Company
    enter: Enter

    def held(self, name: str = "") -> Page:
        """Pages that move on to the provider stay: it cannot be reached from this browser any more."""
        page = self.enter(name)
        page.context.route(f"{self.company.provider.issuer}/**", lambda route: route.abort("aborted"))
        return page

    def away(self) -> None:
        self.company.provider.go_away("refuse")


# Signing in.


def no_attempt(stage: Stage) -> Page:
    page = stage.enter()
    page.goto("/sso/callback/?code=x&state=unknown")
    return page


def cancelled(stage: Stage) -> Page:
    page = stage.enter()
    page.goto(NEW)
    page.get_by_role("button", name="Cancel").click()
    return page


def provider_away(stage: Stage) -> Page:
    page = stage.enter()
    stage.away()
    page.goto(NEW)
    return page


def without_team(stage: Stage) -> Page:
    return stage.enter("mallory")


def without_team_for_too_many(stage: Stage, problem: str = "groups_overage") -> Page:
    page = stage.enter("mallory")
    stage.company.change_sessions("mallory", lambda facts: facts.update(groups_problem=problem))
    page.reload()
    return page


# Checked in between.


def moving(stage: Stage) -> Page:
    page = stage.held("alice")
    page.goto(NEW)
    stage.company.wait_past_the_check("alice")
    create(page)
    return page


def checked_form(stage: Stage) -> Page:
    page = stage.enter("alice")
    page.goto(NEW)
    fill(page, description="typed before the check")
    stage.company.wait_past_the_check("alice")
    create(page)
    expect(page.get_by_text("Nothing was sent yet")).to_be_visible()
    return page


def asked_to_disable(stage: Stage) -> Page:
    page = stage.enter("alice")
    issued(page)
    page.get_by_role("button", name="I have stored it").click()
    page.get_by_role("link", name="Disable").click()
    expect(page.get_by_role("button", name="Disable it for good")).to_be_visible()
    return page


def checked_disable(stage: Stage) -> Page:
    page = asked_to_disable(stage)
    stage.company.wait_past_the_check("alice")
    page.get_by_role("button", name="Disable it for good").click()
    expect(page.get_by_text("Nothing was disabled yet")).to_be_visible()
    return page


# The provider is away.


def banner(stage: Stage) -> Page:
    page = stage.enter("alice")
    stage.away()
    stage.company.wait_past_the_check("alice")
    page.goto("/")
    expect(page.get_by_role("complementary", name="Single sign-on")).to_be_visible()
    return page


def form_not_sent(stage: Stage) -> Page:
    page = stage.enter("alice")
    page.goto(NEW)
    stage.away()
    stage.company.wait_past_the_check("alice")
    create(page)
    expect(page.get_by_text("nothing was created. Wait a moment")).to_be_visible()
    return page


def not_disabled(stage: Stage) -> Page:
    page = asked_to_disable(stage)
    stage.away()
    stage.company.pass_time("alice", 3700)
    page.get_by_role("button", name="Disable it for good").click()
    return page


# Leaving.


def at(path: str, name: str = "") -> Callable[[Stage], Page]:
    def go(stage: Stage) -> Page:
        page = stage.enter(name)
        page.goto(path)
        return page

    return go


def leaving(stage: Stage) -> Page:
    page = stage.held("alice")
    page.get_by_role("button", name="Sign out").click()
    return page


def left_while_away(stage: Stage) -> Page:
    page = stage.enter("alice")
    stage.away()
    page.get_by_role("button", name="Sign out").click()
    return page


# Break-glass.


def wrong_code(stage: Stage) -> Page:
    page = stage.enter()
    page.goto("/sso/break-glass/")
    page.get_by_label("Code").fill("AAAA-BBBB-CCCC-DDDD-EEEE")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".invalid-feedback")).to_be_visible()
    return page


def break_glass(stage: Stage) -> Page:
    stage.enter("alice")
    printed = stage.company.portal.manage("breakglass", "alice", "--reason", REASON).stdout
    page = stage.enter()
    page.goto("/sso/break-glass/")
    page.get_by_label("Code").fill(printed.split()[-1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("complementary", name="Break-glass")).to_be_visible()
    return page


AWAY = "Your company’s sign-in does not answer"
NO_TEAM = "You are in no team yet"
QUIET = {
    "failed, no attempt": ("This sign-in is no longer under way", no_attempt),
    "failed, cancelled": ("You were not signed in", cancelled),
    "no team": (NO_TEAM, without_team),
    "no team, too many groups": (NO_TEAM, without_team_for_too_many),
    "no team, unreadable": (NO_TEAM, lambda stage: without_team_for_too_many(stage, "groups_not_a_list")),
    "moving": ("One moment", moving),
    "new, checked": ("New register code", checked_form),
    "disable, checked": ("Disable this code?", checked_disable),
    "logout": ("Sign out of the portal?", at("/sso/logout/", "alice")),
    "signed out, moving": ("Signed out of the portal", leaving),
    "signed out": ("You are signed out", at("/sso/signed-out/")),
    "signed out, signed in": ("You are signed in", at("/sso/signed-out/", "alice")),
    "break-glass": ("Break-glass sign-in", at("/sso/break-glass/")),
    "break-glass, wrong": ("Break-glass sign-in", wrong_code),
    "break-glass, session": ("Codes", break_glass),
}
WHILE_AWAY = {
    "failed, away": (AWAY, provider_away),
    "home, away": ("Codes", banner),
    "new, away": ("New register code", form_not_sent),
    "disable, away": (AWAY, not_disabled),
    "signed out, away": ("You are signed out", left_while_away),
}
SCENES: dict[str, tuple[str, Callable[[Stage], Page]]] = {**QUIET, **WHILE_AWAY}
