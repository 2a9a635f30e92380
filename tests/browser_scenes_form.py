"""The form and its answers as scenes: wrong, denied, busy, issued, refused, unknown, withheld."""

from browser_stage import EMOJI, LONG, PAYMENTS, RTL, Scene, Stage, sent, sent_elsewhere
from browsers import NEW, create, fill
from playwright.sync_api import Page, expect


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


def stale_form(stage: Stage) -> Page:
    page = stage.at(NEW)
    with page.expect_response("**/plan/"):  # a plan that is asked for later would be refused too, and complain
        fill(page, description=RTL)
    page.context.clear_cookies(name="portal-csrf")
    create(page)
    expect(page.get_by_text("Nothing was sent")).to_be_visible()
    return page


OUR_FAULT = "The cloud’s answer never arrived"
REFUSED = "The cloud refused this code"
WITHHELD = "The code was made, but its value is withheld"


SCENES: dict[str, Scene] = {
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
}
