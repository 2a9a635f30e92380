"""What auditors and administrators see in the admin, as scenes."""

from browser_stage import LONG, Scene, Stage
from playwright.sync_api import Page


def a_reference(stage: Stage) -> str:
    return stage.card(f"description = '{LONG}' AND state = 'issued'").split("/")[2]


def first_story(stage: Stage, path: str) -> Page:
    page = stage.at(AUDIT + path, "dora")
    page.locator(".rows tbody th a").first.click()
    return page


AUDIT = "/admin/registercodes/"


SCENES: dict[str, Scene] = {
    "audit": ("Audit", lambda stage: stage.at("/admin/", "dora")),
    "audit, overview": ("Overview", lambda stage: stage.at("/admin/overview/", "dora")),
    "audit, events": ("Audit events", lambda stage: stage.at(f"{AUDIT}auditevent/", "dora")),
    "audit, nothing": ("Audit events", lambda stage: stage.at(f"{AUDIT}auditevent/?q=none&action=x", "dora")),
    "audit, codes": ("Register codes", lambda stage: stage.at(f"{AUDIT}registercode/?q=10.2.3.4", "dora")),
    "audit, event": ("Asked for a code", lambda stage: first_story(stage, "auditevent/?action=code.requested")),
    "audit, code": (LONG, lambda stage: first_story(stage, f"registercode/?q={a_reference(stage)}")),
    "audit, teams": ("Teams", lambda stage: stage.at(f"{AUDIT}team/", "dora")),
    "audit, policy": ("Policy of Web", lambda stage: stage.at(f"{AUDIT}team/1/change/", "erin")),
}
