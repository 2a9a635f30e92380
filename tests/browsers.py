"""A real Chromium for tests and pictures, the one Debian ships: how it starts, and what people do in it.

    alice = visit(portal, "alice")
    alice.goto(NEW)
    create(alice)
    assert portal.sandbox.is_value(id_on(alice), value_on(alice))

Its back/forward cache is on, as people have it. A page that comes out of it fires no load event: see `went_back`.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sandbox_process import Sandbox
from server_process import Portal, creates  # noqa: F401  for the tests in a browser

CHROMIUM = "/usr/bin/chromium"
MISSING = f"no {CHROMIUM}: apt-get install chromium"
NEW = "/teams/web/codes/new/"
OTHER_NAME = "portal.test"  # of the same machine, to be plain http on a name other than localhost
PEOPLE = {
    "alice": "Alice Anders",
    "bob": "Bob Brandt",
    "charlie": "Charlie Chen",
    "dora": "Dora Diaz",
    "erin": "Erin Eklund",
}
NAMES = f"MAP {OTHER_NAME} 127.0.0.1, MAP stranger.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"

OPTIONS = {
    "executable_path": CHROMIUM,
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--host-resolver-rules={NAMES}",
    ],
    "ignore_default_args": ["--disable-back-forward-cache"],
}
CONTEXT = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "viewport": {"width": 1280, "height": 900}}

expect.set_options(timeout=20_000)


@pytest.fixture(scope="session")
def chromium() -> dict:
    """How to launch it. Without one, people may go on testing; CI may not."""
    if Path(CHROMIUM).exists():
        return OPTIONS
    if os.environ.get("CI") == "true":
        pytest.fail(MISSING)
    return pytest.skip(MISSING)


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium: dict) -> dict:
    """What pytest-playwright launches its one browser of the session with."""
    return chromium


@pytest.fixture(scope="session")
def base_url() -> str:
    """Each portal has its own address; pytest-base-url's fixture of this name is deprecated by pytest 9."""
    return ""


@pytest.fixture(scope="module")
def standing_portal(tmp_path_factory) -> Iterator[Portal]:
    """One portal for a whole module, known under another name too; one create may wait for the cloud at a time."""
    directory = tmp_path_factory.mktemp("portal")
    names = f"127.0.0.1,localhost,{OTHER_NAME}"
    with (
        Sandbox(directory, rate=0) as sandbox,
        Portal(directory, sandbox, workers=1, ALLOWED_HOSTS=names, TAT_CONCURRENT=1) as portal,
    ):
        yield portal


@pytest.fixture
def shared_portal(standing_portal) -> Portal:
    """The module's portal, with no faults and no calls yet; rows of earlier tests stay."""
    standing_portal.sandbox.clear_faults()
    standing_portal.database.wait_for(
        "SELECT 1 AS settled WHERE NOT EXISTS (SELECT 1 FROM registercodes_registercode WHERE state = 'pending')"
    )
    standing_portal.sandbox.forget_calls()
    return standing_portal


Visit = Callable[..., Page]


@pytest.fixture
def visit(new_context) -> Visit:
    """A new browser profile of somebody, signed in if named; `options` are those of a Playwright context."""

    def open_tab(portal, name: str = "", **options: object) -> Page:
        address = options.get("base_url", portal.url)
        known = _sessions.get((address, name))
        page = new_context(**{**CONTEXT, "base_url": address, "storage_state": known, **options}).new_page()
        if name and not known:
            sign_in(page, name)
            _sessions[(address, name)] = page.context.storage_state()
        return page

    return open_tab


_sessions: dict[tuple[str, str], dict] = {}  # signing in by hand each time would take as long as the tests


def sign_in(page: Page, name: str) -> Page:
    page.goto("/sso/sign-in/")
    page.get_by_role("button", name=PEOPLE[name]).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


# The form.


def fill(page: Page, **fields: str) -> None:
    """Types into the form's fields by their names."""
    for name, text in fields.items():
        page.locator(f"#id_{name}").fill(text)


def typed(page: Page, **fields: str) -> None:
    """`fill`, and the page has said what that means. What changes at the portal next is then met by the next press,
    not by the page's own question, which leaves for the sign-in by itself (a quarter of a second after the last key).
    """
    fill(page, **fields)
    expect(page.locator("#plan")).not_to_have_attribute("data-waiting", "")


def create(page: Page) -> None:
    """Presses the button; what comes of it is for the caller to expect.

    Before closing the page, expect it: Page.close() hangs while an answer arrives (measured: within 10 tries,
    Playwright 1.65 and Chromium 156).
    """
    page.get_by_role("button", name="Create register code").click()


def pressing(page: Page) -> Callable[[], None]:
    """Presses the button and waits for nothing, so that it can be pressed again while the first is on its way."""
    button = page.get_by_role("button", name="Create register code")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    return lambda: page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def issued(page: Page, *, path: str = NEW, **fields: str) -> str:
    """Fills the form, creates a code, and returns the value the page shows."""
    page.goto(path)
    fill(page, **fields)
    create(page)
    return value_on(page)


def value_on(page: Page) -> str:
    """Once the page's scripts listen: deferred ones run before its content counts as loaded."""
    expect(page.get_by_role("heading", name="Your register code")).to_be_visible()
    page.wait_for_load_state("domcontentloaded")
    return page.locator("#the-value").inner_text()


def id_on(page: Page) -> str:
    return page.locator("#the-id").inner_text()


# Moving through history.


def went_back(page: Page) -> None:
    page.go_back(wait_until="commit")


def went_forward(page: Page) -> None:
    page.go_forward(wait_until="commit")


def leaving(page: Page) -> list[str]:
    """Follows a link away; what the browser asked meanwhile, answered with *stay*."""
    asked: list[str] = []

    def stay(dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="Its record, and how to disable it").click(no_wait_after=True)
    if not asked:
        expect(page.get_by_role("heading", name="Nobody has confirmed")).to_be_visible()
    page.remove_listener("dialog", stay)
    return asked


# Where a value might have stayed.

LOOK = """async (value) => {
  const found = [];
  const look = (place, text) => { if (String(text ?? "").includes(value)) found.push(place); };
  const store = (name) => { try { return JSON.stringify({ ...window[name] }); } catch { return ""; } };
  look("document", document.documentElement.outerHTML);
  look("text", document.body.innerText);
  look("title", document.title);
  look("address", location.href);
  look("window name", window.name);
  look("history", JSON.stringify(history.state));
  look("selection", getSelection());
  for (const field of document.querySelectorAll("input, textarea, select")) look(`field ${field.name}`, field.value);
  for (const name of ["localStorage", "sessionStorage"]) look(name, store(name));
  if (window.caches && location.protocol === "http:")
    for (const name of await caches.keys())
      for (const request of await (await caches.open(name)).keys())
        look(`cache ${name}`, request.url + await (await caches.match(request)).text());
  if (window.indexedDB && location.protocol === "http:")
    look("indexedDB", JSON.stringify(await indexedDB.databases()));
  return found;
}"""


def traces(page: Page, value: str) -> list[str]:
    """Places of this tab, and of its browser's cookies, in which the value can be read."""
    page.wait_for_load_state()
    cookies = ["cookies"] if value in str(page.context.cookies()) else []
    return page.evaluate(LOOK, value) + cookies
