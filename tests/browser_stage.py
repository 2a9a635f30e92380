"""Where scenes are played: a portal with a history, and whoever walks on."""

import itertools
from collections.abc import Callable

from browsers import NEW, create, fill
from playwright.sync_api import Page
from server_process import Portal, Press

PAYMENTS = "/teams/payments/codes/new/"
LONG = "unbroken-" * 14  # 126 characters
EMOJI = "🚀👩‍👩‍👧‍👦 über " * 8
RTL = "خوادم الويب في سنغافورة"
DESCRIPTIONS = [LONG, EMOJI, RTL, "", "<b>not bold</b> & 'quoted'", "webserver"]
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


Scene = tuple[str, Callable[[Stage], Page]]  # its heading, and how to get there


def sent(stage: Stage, *, team: str = NEW, name: str = "alice", permanent: bool = False, **fields: str) -> Page:
    page = stage.at(team, name)
    fill(page, **fields)
    if permanent:
        with page.expect_response("**/plan/"):
            page.get_by_label("Permanently").check()
    create(page)
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
