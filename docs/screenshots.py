"""Takes the README's pictures from a real portal, sandbox and Chromium (`make screenshots`); no value is in them."""

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsers import CONTEXT, NEW, OPTIONS, create, fill, sign_in, value_on  # noqa: E402
from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402
from sandbox_process import Sandbox  # noqa: E402
from server_forms import form_on  # noqa: E402
from server_process import Portal, Visitor  # noqa: E402

IMAGES = ROOT / "docs" / "images"
MOST_BYTES = 150_000
WIDE = {"width": 1280, "height": 880}
PHONE = {"width": 390, "height": 844}
EXAMPLE = {
    "description": "Autumn sale: extra web servers",
    "instance_name_prefix": "web-",
    "register_limit": "40",
    "effective_time": "72",
    "ip_address_range": "203.0.113.0/24",
}
COVER = """(value) => {
  for (const place of document.querySelectorAll("[data-secret]"))
    place.textContent = place.textContent.replaceAll(value, "•".repeat(value.length));
}"""


def history(portal: Portal) -> None:
    """What a team has been doing: most of it well."""
    alice, bob = portal.sign_in("alice"), portal.sign_in("bob")
    portal.post_new(bob, description="Build agents, Frankfurt", region="eu-frankfurt", ip_address_range="198.51.100.7")
    press(portal, bob, "stored")
    portal.post_new(alice, description="Trial of the new image", register_limit="1")
    press(portal, alice, "stored")
    press(portal, alice, "disable")
    portal.sandbox.fault("close")
    portal.post_new(bob, description="Cache nodes", register_limit="6", ip_address_range="203.0.113.64/26")
    portal.post_new(bob, description="Cache nodes", register_limit="6", ip_address_range="203.0.113.64/26")
    press(portal, bob, "stored")
    portal.sandbox.fault("error", code="LimitExceeded")
    portal.post_new(alice, description="Night batch", effective_time="12")
    portal.post_new(alice, description="Office printers' relay", validity="permanent", ip_address_range="192.0.2.10")
    press(portal, alice, "stored")


def press(portal: Portal, visitor: Visitor, button: str) -> None:
    """A button of the newest code's pages."""
    card = f"/codes/{portal.rows()[-1].reference}/"
    page = visitor.get(card + "disable/" if button == "disable" else card).text
    visitor.post(f"{card}{button}/", form_on(page, action=f"{card}{button}/")).raise_for_status()


def tab(browser: Browser, portal: Portal, who: str = "alice", **options: object) -> Page:
    context = browser.new_context(
        **{**CONTEXT, "viewport": WIDE, "base_url": portal.url, "reduced_motion": "reduce", **options}
    )
    return sign_in(context.new_page(), who)


def picture(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    file = IMAGES / f"{name}.png"
    page.screenshot(path=file)
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}  {size:,} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{file} is larger than {MOST_BYTES:,} bytes")


def new_code(page: Page) -> None:
    page.goto(NEW)
    fill(page, **EXAMPLE)
    expect(page.locator("#plan")).to_contain_text("Up to 40 hosts in ap-singapore, named web-…, from 203.0.113.0/24")
    expect(page.locator("#plan")).not_to_have_attribute("data-waiting", "")
    picture(page, "new-code")


def issued(page: Page) -> None:
    create(page)
    page.evaluate(COVER, value_on(page))
    picture(page, "issued")


def card_and_codes(page: Page) -> None:
    page.get_by_role("button", name="I have stored it").click()
    expect(page.get_by_text("Hosts can enrol with it.")).to_be_visible()
    picture(page, "card")
    page.goto("/")
    picture(page, "codes")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as directory,
        Sandbox(Path(directory), rate=0) as sandbox,
        Portal(Path(directory), sandbox) as portal,
        sync_playwright() as playwright,
        playwright.chromium.launch(**OPTIONS) as browser,
    ):
        history(portal)
        page = tab(browser, portal)
        new_code(page)
        issued(page)
        card_and_codes(page)
        page.goto("/attention/")
        picture(page, "attention")
        auditor = tab(browser, portal, "dora")
        auditor.goto("/admin/overview/")
        picture(auditor, "overview")
        phone = tab(browser, portal, viewport=PHONE, color_scheme="dark", has_touch=True)
        phone.goto("/")
        picture(phone, "phone-dark")


if __name__ == "__main__":
    main()
