"""Every page the portal can show, each as a scene: its heading, and how to get there on a portal with a history.

Scenes stand alone: in any order, any number of times, on one portal.
"""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime

from browser_outside import long_dead, made_elsewhere, outside_path, synced
from browsers import NEW, create, fill, issued
from playwright.sync_api import Page, expect
from server_process import Portal, Press

PAYMENTS = "/teams/payments/codes/new/"
SITES = "/teams/web/codes/sites/"
LIST = f"203.0.113.7, par, {{}}\n198.51.100.0/24,, Lyon, second floor\n203.0.113.7\n10.0.0.9/8, {'x' * 32}"
LONG = "unbroken-" * 14  # 126 characters
EMOJI = "🚀👩‍👩‍👧‍👦 über " * 8
RTL = "خوادم الويب في سنغافورة"
DESCRIPTIONS = [LONG, EMOJI, RTL, "", "<b>not bold</b> & 'quoted'", "webserver"]
LEAVE_ALL_TEAMS = """DELETE FROM registercodes_membership
    WHERE user_id = (SELECT id FROM sso_user WHERE username = ?)"""
JOIN_ALL_TEAMS = """INSERT INTO registercodes_membership (team_id, user_id, checked_at)
    SELECT t.id, u.id, ? FROM registercodes_team t, sso_user u WHERE u.username = ?"""
# "Still working" moves on by itself after two seconds; a picture and a check need it to stay.
HOLD_STILL = """const later = window.setTimeout;
window.setTimeout = (work, wait, ...rest) => (wait === 2000 ? 0 : later(work, wait, ...rest));"""


class Stage:
    """A portal with a history that fills more than a page, and whoever walks on."""

    def __init__(self, portal: Portal, visit: Callable[..., Page]) -> None:
        self.portal = portal
        self._visit = visit

    def enter(self, name: str = "", **options: object) -> Page:
        page = self._visit(self.portal, name, reduced_motion="reduce", **options)
        page.add_init_script(HOLD_STILL)
        return page

    def at(self, path: str, name: str = "alice") -> Page:
        page = self.enter(name)
        page.goto(path)
        return page

    def change(self, statement: str, *values: object) -> None:
        self.portal.database.execute(statement, *values)

    def card(self, where: str = "state = 'issued' AND disabled_at IS NULL") -> str:
        """The address of the newest such code."""
        found = self.portal.database.query(
            f"SELECT reference FROM registercodes_registercode WHERE {where} ORDER BY id DESC LIMIT 1"
        )
        return f"/codes/{found[0].reference}/"


def prepare(portal: Portal) -> None:
    """The history that lists and cards show."""
    alice = portal.sign_in("alice")
    for description in itertools.islice(itertools.cycle(DESCRIPTIONS), 27):
        answer = portal.post_new(alice, description=description, instance_name_prefix="web-", register_limit=10000)
        assert "the-value" in answer.text


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


# The form and its answers.


def sent(stage: Stage, *, team: str = NEW, name: str = "alice", permanent: bool = False, **fields: str) -> Page:
    page = stage.at(team, name)
    fill(page, **fields)
    if permanent:
        with page.expect_response("**/plan/"):
            page.get_by_label("Permanently").check()
    create(page)
    return page


def forced_colours(stage: Stage) -> Page:
    page = stage.enter("alice", forced_colors="active")
    page.goto(NEW)
    return page


def without_scripts(stage: Stage) -> Page:
    page = stage.enter("alice")
    page.route("**/portal*.js", lambda route: route.fulfill(body=""))
    page.goto(NEW)
    return page


def filled(stage: Stage) -> Page:
    page = stage.at(NEW)
    fill(page, description=LONG, register_limit="10000", ip_address_range="192.168.10.1/10")
    with page.expect_response("**/plan/"):
        page.get_by_label("Permanently").check()
    return page


def answered(stage: Stage, fault: str, **how: object) -> Page:
    stage.portal.sandbox.fault(fault, **how)
    return sent(stage, description=LONG)


def not_sent(stage: Stage) -> Page:
    page = stage.at(NEW)
    stage.portal.sandbox.stop()
    create(page)
    expect(page.locator(".message")).to_be_visible()
    stage.portal.sandbox.start()
    return page


def over_quota(stage: Stage) -> Page:
    page = stage.at(NEW)
    stage.change("UPDATE registercodes_team SET codes_per_day = 1 WHERE key = 'web'")
    create(page)
    expect(page.locator("#problems")).to_be_visible()
    stage.change("UPDATE registercodes_team SET codes_per_day = NULL WHERE key = 'web'")
    return page


def permanent_no_more(stage: Stage) -> Page:
    page = stage.at(NEW)
    page.get_by_label("Permanently").check()
    stage.change("UPDATE registercodes_team SET permanent_allowed = FALSE WHERE key = 'web'")
    create(page)
    expect(page.locator("#problems")).to_be_visible()
    stage.change("UPDATE registercodes_team SET permanent_allowed = TRUE WHERE key = 'web'")
    return page


def sent_elsewhere(stage: Stage, *, stalled: bool = False) -> str:
    """Sends a form from another browser of Alice's, to a cloud that may take its time. Returns the submission."""
    alice = stage.portal.sign_in("alice")
    fields = stage.portal.form(alice)
    if not stalled:
        assert "the-value" in stage.portal.send(alice, fields).text
        return fields["submission"]
    stage.portal.sandbox.forget_calls()
    stage.portal.sandbox.fault("stall", seconds=30)
    Press(stage.portal, alice, fields)
    stage.portal.sandbox.wait_for_calls(1)
    return fields["submission"]


def sent_again(stage: Stage, *, stalled: bool = False, **changes: str) -> Page:
    used = sent_elsewhere(stage, stalled=stalled)
    page = stage.at(NEW)
    page.locator("[name=submission]").evaluate("(field, used) => { field.value = used; }", used)
    fill(page, **changes)
    create(page)
    return page


def busy(stage: Stage) -> Page:
    """As many creates wait for the cloud as may."""
    sent_elsewhere(stage, stalled=True)
    return sent(stage, description=EMOJI)


def pending_card(stage: Stage) -> Page:
    sent_elsewhere(stage, stalled=True)
    return stage.at(stage.card("state = 'pending'"))


# What goes wrong.


def stale_button(stage: Stage) -> Page:
    page = stage.at(stage.card() + "disable/")
    page.context.clear_cookies(name="portal-csrf")
    page.get_by_role("button", name="Disable it for good").click()
    return page


def stale_form(stage: Stage) -> Page:
    page = stage.at(NEW)
    page.context.clear_cookies(name="portal-csrf")
    fill(page, description=RTL)
    create(page)
    expect(page.get_by_text("Nothing was sent")).to_be_visible()
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
        made_elsewhere(stage.portal, description, IpAddressRange="192.168.10.1/10", InstanceNamePrefix="ci-")
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
OUR_FAULT = "The cloud’s answer never arrived"
REFUSED = "The cloud refused this code"
WITHHELD = "The code was made, but its value is withheld"


def a_reference(stage: Stage) -> str:
    return stage.card(f"description = '{LONG}' AND state = 'issued'").split("/")[2]


def first_story(stage: Stage, path: str) -> Page:
    page = stage.at(AUDIT + path, "dora")
    page.locator(".rows tbody th a").first.click()
    return page


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


AUDIT = "/admin/registercodes/"
SCENES: dict[str, tuple[str, Callable[[Stage], Page]]] = {
    "sign-in": ("Sign in", lambda stage: stage.at("/sso/sign-in/", "")),
    "home, empty": ("Codes", lambda stage: stage.at("/", "charlie")),
    "home": ("Codes", lambda stage: stage.at("/")),
    "home, older": ("Codes", lambda stage: stage.at("/?team=web&before=6")),
    "home, many teams": ("Codes", many_teams),
    "home, auditor": ("Codes", lambda stage: stage.at("/", "dora")),
    "audit": ("Audit", lambda stage: stage.at("/admin/", "dora")),
    "audit, overview": ("Overview", lambda stage: stage.at("/admin/overview/", "dora")),
    "audit, events": ("Audit events", lambda stage: stage.at(f"{AUDIT}auditevent/", "dora")),
    "audit, nothing": ("Audit events", lambda stage: stage.at(f"{AUDIT}auditevent/?q=none&action=x", "dora")),
    "audit, codes": ("Register codes", lambda stage: stage.at(f"{AUDIT}registercode/?q=10.2.3.4", "dora")),
    "audit, event": ("Asked for a code", lambda stage: first_story(stage, "auditevent/?action=code.requested")),
    "audit, code": (LONG, lambda stage: first_story(stage, f"registercode/?q={a_reference(stage)}")),
    "audit, teams": ("Teams", lambda stage: stage.at(f"{AUDIT}team/", "dora")),
    "audit, policy": ("Policy of Web", lambda stage: stage.at(f"{AUDIT}team/1/change/", "erin")),
    "home, filtered": ("Codes", lambda stage: stage.at("/?q=unbroken&state=unconfirmed&mine=1")),
    "home, no match": ("Codes", lambda stage: stage.at("/?q=nowhere")),
    "home, ticked": ("Codes", ticked),
    "home, told": ("Codes", found_after_all),
    "several": ("Disable these 3 codes?", several),
    "several, not yet": ("The cloud did not agree to all of them yet", several_left),
    "several, none": ("Nothing to disable", lambda stage: stage.at("/codes/disable-several/")),
    "card, used": ("no description", used),
    "card, cloud down": ("no description", cloud_down),
    "replace": ("Replace this code?", replace),
    "new, replacing": ("New register code", replacing_form),
    "card, replaced": ("no description", replaced),
    "replaced before": ("This code was replaced before", replaced_before),
    "no team": ("You are in no team yet", no_team),
    "new": ("New register code", lambda stage: stage.at(NEW)),
    "new, forced colours": ("New register code", forced_colours),
    "new, no scripts": ("New register code", without_scripts),
    "new, filled": ("New register code", filled),
    "new, policy": ("New register code", lambda stage: stage.at(PAYMENTS, "charlie")),
    "new, wrong": (
        "New register code",
        lambda stage: sent(
            stage, description=LONG * 2, register_limit="0", effective_time="x", ip_address_range="::1"
        ),
    ),
    "new, denied": (
        "New register code",
        lambda stage: sent(
            stage, team=PAYMENTS, name="charlie", effective_time="73", description=RTL, register_limit="51"
        ),
    ),
    "new, permanent no more": ("New register code", permanent_no_more),
    "new, over quota": ("New register code", over_quota),
    "new, busy": ("New register code", busy),
    "new, signed in again": ("New register code", stale_form),
    "sites": ("Several sites at once", lambda stage: stage.at(SITES)),
    "sites, wrong": ("Several sites at once", lambda stage: sites_checked(stage, "300.1.1.1\n{}\n, x")),
    "sites, checked": ("Codes for several sites", sites_checked),
    "sites, made": ("Codes for several sites", sites_made),
    "issued": ("Your register code", lambda stage: sent(stage, description=LONG, ip_address_range="10.1.2.3/8")),
    "issued, no commands": ("Your register code", lambda stage: answered(stage, "value_not_string", value="a+b/c=")),
    "issued, permanent": ("Your register code", lambda stage: sent(stage, permanent=True, description=EMOJI)),
    "pending": ("Still working on this code", lambda stage: sent_again(stage, stalled=True)),
    "already issued": ("no description", sent_again),
    "already used": ("This form was sent before", lambda stage: sent_again(stage, description=RTL)),
    "refused": (REFUSED, lambda stage: answered(stage, "error", code="LimitExceeded")),
    "refused, operator": (REFUSED, lambda stage: answered(stage, "error", code="AuthFailure.SecretIdNotFound")),
    "not sent": ("The request never reached the cloud", not_sent),
    "unknown": (OUR_FAULT, lambda stage: answered(stage, "close")),
    "withheld": (WITHHELD, lambda stage: answered(stage, "no_value")),
    "card": (LONG, lambda stage: stage.at(stage.card(f"description = '{LONG}' AND state = 'issued'"))),
    "card, right to left": (RTL, lambda stage: stage.at(stage.card(f"description = '{RTL}'"))),
    "card, pending": ("no description", pending_card),
    "card, disabled": ("no description", disabled),
    "card, not disabled": ("no description", not_disabled),
    "disable, busy": ("Disable this code?", not_disabled_for_want_of_a_record),
    "disable": ("Disable this code?", lambda stage: stage.at(stage.card() + "disable/")),
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
    "400": ("This request makes no sense to the portal", other_name),
    "403": ("You may not do this", lambda stage: stage.at(stage.card() + "disable/", "dora")),
    "403, stale button": ("This page had gone stale", stale_button),
    "404": ("There is nothing here", lambda stage: stage.at("/codes/aaaaaaa/")),
    "405": ("This address is for a button", lambda stage: stage.at("/sso/backchannel-logout/")),
    "500": ("The portal failed", broken),
    "503": ("The portal cannot reach its records", while_nobody_can_write),
}
