"""A code's life in a real browser: replaced, closed together, searched by keyboard, and never shown a second time."""

import pytest
from browsers import NEW, create, id_on, issued, traces, value_on, went_back, went_forward
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

REFERENCE = ".codes-ref"


@pytest.fixture
def portal(shared_portal):
    return shared_portal


@pytest.fixture
def alice(visit, portal) -> Page:
    return visit(portal, "alice")


def stored(page: Page, **fields: str) -> str:
    """A code that Alice made and confirmed; the address of its card."""
    issued(page, **fields)
    page.get_by_role("button", name="I have stored it").click()
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()
    return page.url


def unread(page: Page) -> str:
    """A code whose value was shown and not confirmed; the value."""
    value = issued(page, description="lost one")
    page.on("dialog", lambda dialog: dialog.accept())
    return value


def test_a_lost_code_is_replaced_and_ends_on_a_new_value(alice, portal):
    old = unread(alice)
    first = portal.rows()[-1]
    alice.goto(f"/codes/{first.reference}/")
    alice.get_by_role("link", name="It was lost: replace it").click()
    alice.get_by_role("button", name="Disable it and go on").click()

    expect(alice.locator("#replaces")).to_contain_text("Disabled")
    expect(alice.get_by_label("Description")).to_have_value("lost one")
    assert portal.sandbox.code(first.code_id).Enabled is False
    create(alice)

    value = value_on(alice)
    assert value != old and portal.sandbox.is_value(id_on(alice), value)
    expect(alice.locator("#replaced")).to_contain_text(first.reference)
    alice.get_by_role("button", name="I have stored it").click()
    alice.get_by_role("link", name=first.reference).click()
    expect(alice.get_by_text("It was replaced by")).to_contain_text(portal.rows()[-1].reference)


def test_back_and_forward_through_a_replacement_show_no_value(alice, portal):
    old = unread(alice)
    alice.goto(f"/codes/{portal.rows()[-1].reference}/replace/")
    alice.get_by_role("button", name="Disable it and go on").click()
    create(alice)
    new = value_on(alice)
    alice.get_by_role("button", name="I have stored it").click()
    expect(alice.get_by_role("heading", name="What happened")).to_be_visible()

    for move in [went_back] * 3 + [went_forward] * 3:
        move(alice)
        expect(alice.get_by_role("heading", level=1)).to_be_visible()
        assert traces(alice, old) == traces(alice, new) == []
    assert portal.sandbox.codes()[-1].RegisterCodeId == portal.rows()[-1].code_id


def test_back_to_the_form_of_a_replacement_there_is_nothing_to_press(alice, portal):
    unread(alice)
    alice.goto(f"/codes/{portal.rows()[-1].reference}/replace/")
    alice.get_by_role("button", name="Disable it and go on").click()
    create(alice)
    value_on(alice)
    made = len(portal.rows())
    alice.get_by_role("button", name="I have stored it").click()
    expect(alice.get_by_role("heading", name="What happened")).to_be_visible()
    alice.wait_for_load_state()
    went_back(alice)
    alice.wait_for_load_state()
    went_back(alice)

    expect(alice.get_by_role("heading", level=1)).to_have_text("This code was replaced before")
    assert len(portal.rows()) == made


def test_several_codes_are_ticked_counted_and_disabled_together(alice, portal):
    ends = [stored(alice, description=f"together {number}").split("/")[-2] for number in range(3)]
    alice.goto("/?q=together")
    bar = alice.locator("#several")
    expect(bar).to_be_hidden()
    alice.get_by_label("Select all shown of Web").check()
    expect(bar).to_contain_text("3 selected")
    alice.get_by_label(f"Select {ends[0]}").uncheck()
    expect(bar).to_contain_text("2 selected")

    alice.get_by_role("button", name="Disable the selected codes").click()
    expect(alice.get_by_role("heading", name="Disable these 2 codes?")).to_be_visible()
    alice.get_by_role("button", name="Disable them for good").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("Disabled")
    enabled = {row.reference: portal.sandbox.code(row.code_id).Enabled for row in portal.rows()}
    assert [enabled[end] for end in ends] == [True, False, False]
    assert len(portal.sandbox.calls("DisableRegisterCodes")) == 1


def test_filters_are_worked_by_keyboard_alone(alice):
    stored(alice, description="by keyboard")
    alice.goto("/")
    alice.get_by_label("Search").focus()
    alice.keyboard.type("by keyboard")
    alice.keyboard.press("Tab")
    expect(alice.get_by_label("State")).to_be_focused()
    alice.keyboard.type("Act")
    for _ in range(3):
        alice.keyboard.press("Tab")
    expect(alice.get_by_label("Mine only")).to_be_focused()
    alice.keyboard.press("Space")
    alice.keyboard.press("Tab")
    alice.keyboard.press("Enter")

    alice.wait_for_url("**q=by+keyboard**")
    assert "state=active" in alice.url and "mine=1" in alice.url
    expect(alice.locator(REFERENCE)).to_have_count(1)
    alice.get_by_role("link", name="Clear").press("Enter")
    expect(alice.get_by_label("Search")).to_have_value("")


def test_a_card_moves_from_active_to_used_up_when_hosts_enrol(alice, portal):
    value = issued(alice, register_limit="2")
    code_id = id_on(alice)
    alice.get_by_role("button", name="I have stored it").click()
    expect(alice.get_by_text("Active", exact=True)).to_be_visible()
    for number in range(2):
        portal.sandbox.register_host("ap-singapore", code_id, value, hostname=f"web-{number}")

    alice.get_by_role("button", name="Refresh").click()

    expect(alice.get_by_text("Used up", exact=True).first).to_be_visible()
    expect(alice.get_by_role("progressbar")).to_have_attribute("value", "2")
    expect(alice.get_by_role("row")).to_have_count(3)


def test_time_left_goes_on_in_the_servers_words(alice):
    url = stored(alice, effective_time="4")
    alice.clock.install()
    alice.goto(url)
    left = alice.locator("[data-until]")
    expect(left).to_have_text("3 h 59 min left")
    alice.clock.fast_forward("01:30:00")
    expect(left).to_have_text("2 h 29 min left")
    alice.clock.fast_forward("02:29:00")
    expect(left).to_have_text("less than a minute left")
    alice.clock.fast_forward("10:00")
    expect(left).to_have_text("over")


def test_a_note_is_put_away_by_a_press_and_stays_away(alice, portal):
    portal.sandbox.fault("close", execute=True)
    alice.goto(NEW)
    create(alice)
    alice.get_by_role("link", name="Open its record").click()
    reference = alice.url.split("/")[-2]
    alice.get_by_role("button", name="Refresh").click()
    expect(alice.get_by_text("Found and disabled", exact=True).first).to_be_visible()

    for page in ("/", NEW):
        alice.goto(page)
        expect(alice.get_by_role("button", name=f"Put away {reference}")).to_be_visible()
    alice.get_by_role("button", name=f"Put away {reference}").click()

    expect(alice.get_by_role("heading", level=1)).to_have_text("Codes")
    expect(alice.get_by_role("button", name=f"Put away {reference}")).to_have_count(0)


# What must not happen.


def test_without_scripts_all_of_it_works(visit, portal):
    page = visit(portal, "alice", java_script_enabled=False)
    page.goto(NEW)
    create(page)
    value = value_on(page)
    page.get_by_role("button", name="I have stored it").click()
    reference = page.url.split("/")[-2]
    page.goto("/")
    page.get_by_label(f"Select {reference}").check()
    page.get_by_role("button", name="Disable the selected codes").click()
    page.get_by_role("button", name="Disable them for good").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Disabled")
    page.goto(f"/codes/{reference}/")
    expect(page.get_by_text("Disabled", exact=True).first).to_be_visible()
    assert value not in page.content()
