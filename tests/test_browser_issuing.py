"""From sign-in to a working code in a real browser: end to end, and what the form says to mistakes."""

import pytest
from browsers import NEW, create, creates, fill, id_on, value_on
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

PAYMENTS = "/teams/payments/codes/new/"
EMPTY = {"register_limit": "", "effective_time": "", "description": "", "ip_address_range": ""}


@pytest.fixture
def portal(shared_portal):
    return shared_portal


@pytest.fixture
def form(visit, portal) -> Page:
    """Alice in front of a new form."""
    page = visit(portal, "alice")
    page.goto(NEW)
    return page


def asked_of_the_cloud(portal) -> dict:
    """The parameters of the one call."""
    [call] = portal.sandbox.calls("CreateRegisterCode")
    return call.parameters


def test_the_vendors_example_ends_on_a_value_that_enrols_a_host(form, portal):
    fill(form, description="webserver", register_limit="10", effective_time="4", ip_address_range="192.168.10.1/10")
    plan = form.locator("#plan")
    expect(plan).to_contain_text("Up to 10 hosts in ap-singapore, from 192.128.0.0/10 (4 194 304 addresses)")
    expect(plan).to_contain_text("192.168.10.1/10 means the whole network 192.128.0.0/10")
    create(form)
    value, code_id = value_on(form), id_on(form)
    assert portal.sandbox.is_value(code_id, value)
    assert asked_of_the_cloud(portal) == {
        "Description": f"webserver ~{portal.rows()[-1].reference}",
        "RegisterLimit": 10,
        "EffectiveTime": 4,
        "IpAddressRange": "192.168.10.1/10",
    }
    portal.sandbox.register_host("ap-singapore", code_id, value, hostname="web-1", from_ip="192.130.0.1")
    assert portal.sandbox.code(code_id).RegisteredCount == 1


@pytest.mark.parametrize("fields", [{}, EMPTY], ids=["as it is shown", "with every field emptied"])
def test_the_form_with_nothing_filled_in_makes_a_code_for_10_hosts_and_4_hours(form, portal, fields):
    fill(form, **fields)
    create(form)
    value = value_on(form)
    assert portal.sandbox.is_value(id_on(form), value)
    mark = f"~{portal.rows()[-1].reference}"
    assert asked_of_the_cloud(portal) == {"Description": mark, "RegisterLimit": 10, "EffectiveTime": 4}


def test_permanent_puts_the_hours_out_of_the_way_and_is_what_the_cloud_is_asked(form, portal):
    hours = form.get_by_label("Hours", exact=True)
    form.get_by_label("Permanently").check()
    expect(hours).to_be_hidden()
    expect(form.locator("#plan")).to_contain_text("for ever, until someone disables it")
    form.get_by_label("For a number of hours").check()
    expect(hours).to_be_visible()
    form.get_by_label("Permanently").check()
    create(form)
    value_on(form)
    assert asked_of_the_cloud(portal)["EffectiveTime"] > 99_999
    assert portal.rows()[-1].permanent


def test_128_emoji_count_as_128_characters(form, portal):
    fill(form, description="🚀" * 129)
    expect(form.get_by_text("129 / 128")).to_be_visible()
    fill(form, description="🚀" * 128)
    expect(form.get_by_text("128 / 128")).to_be_visible()
    create(form)
    value_on(form)
    assert asked_of_the_cloud(portal)["Description"] == "🚀" * 128


def described(page: Page, label: str) -> str:
    """What assistive technology reads after a field's name."""
    field = page.get_by_label(label, exact=True)
    ids = (field.get_attribute("aria-describedby") or "").split()
    return " ".join(page.locator(f"[id='{name}']").inner_text() for name in ids)


def test_what_a_team_may_ask_for_stands_beside_the_fields(visit, portal):
    page = visit(portal, "charlie")
    page.goto(PAYMENTS)
    assert "From 1 to 50" in described(page, "How many hosts")
    assert "From 1 to 72 hours" in described(page, "Hours")
    assert "may not make permanent codes" in described(page, "Hours")
    expect(page.get_by_label("Permanently")).to_have_count(0)
    assert "At the widest /16" in described(page, "IP range")
    assert "Your team asks for one" in described(page, "Description")
    assert page.get_by_label("Region").locator("option").count() == 2


WRONG = {"register_limit": "0", "effective_time": "010", "ip_address_range": "10.0.0.0/8,"}
BEYOND_POLICY = {"register_limit": "51", "effective_time": "73", "ip_address_range": "8.0.0.0/8"}


@pytest.mark.parametrize("typed", [WRONG, BEYOND_POLICY], ids=["against the rules", "beyond the team's policy"])
def test_errors_stand_beside_their_fields_keep_what_was_typed_and_lead_back_to_it(visit, portal, typed):
    page = visit(portal, "charlie")
    page.goto(PAYMENTS)
    fill(page, description="<b>ü</b>", **typed)
    create(page)
    summary = page.locator("#problems")
    expect(summary).to_be_focused()
    for name, text in typed.items():
        expect(page.locator(f"#id_{name}")).to_have_value(text)
    for label in ("How many hosts", "Hours", "IP range"):
        field = page.get_by_label(label, exact=True)
        expect(field).to_have_attribute("aria-invalid", "true")
        summary.get_by_role("link", name=label, exact=True).click()
        expect(field).to_be_focused()
        assert page.locator(f"[id='{field.get_attribute('id')}_error']").is_visible()
    expect(page.get_by_label("Description")).to_have_value("<b>ü</b>")
    assert creates(portal) == 0


def test_mended_errors_end_on_the_value_under_the_same_submission(visit, portal):
    page = visit(portal, "charlie")
    page.goto(PAYMENTS)
    create(page)
    expect(page.locator("#problems")).to_be_focused()
    fill(page, description="till", ip_address_range="203.0.113.0/24")
    create(page)
    assert portal.sandbox.is_value(id_on(page), value_on(page))
    assert (creates(portal), portal.rows()[-1].state) == (1, "issued")


def test_whoever_stopped_the_page_is_led_to_the_list_before_sending_again(visit, portal):
    """204 leaves the page as a press of Esc does."""
    page = visit(portal, "alice")
    page.clock.install()
    page.goto(NEW)
    page.route("**/codes/new/", lambda route: route.fulfill(status=204))
    with page.expect_response("**/codes/new/"):
        create(page)
    led = page.get_by_text("look for the code first")
    expect(led).to_be_hidden()
    page.clock.run_for(9000)
    expect(led).to_be_visible()
    expect(page.get_by_role("link", name="the list, in another tab")).to_have_attribute("href", "/?team=web")
