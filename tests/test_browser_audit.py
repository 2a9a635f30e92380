"""An auditor's minute in a real browser: from an address that enrolled a host to the person, the code and its limits."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def made(standing_portal):
    """Alice's code for the host's network, among others that do not allow it. Nothing here changes them."""
    alice = standing_portal.sign_in("alice")
    for description, network in (("other", "192.0.2.0/24"), ("edge hosts", "10.2.3.0/24"), ("later", "10.2.4.0/24")):
        answer = standing_portal.post_new(
            alice, description=description, ip_address_range=network, register_limit="40"
        )
        assert "the-value" in answer.text


def test_from_an_address_to_who_made_the_code_and_what_it_allows_in_four_clicks(shared_portal, visit, made):
    dora = visit(shared_portal, "dora")
    dora.goto("/")

    dora.get_by_role("link", name="Audit", exact=True).click()
    dora.get_by_role("navigation").get_by_role("link", name="Register codes", exact=True).click()
    dora.get_by_label("Search").fill("10.2.3.4")
    dora.get_by_label("Unrestricted").select_option("no")
    dora.get_by_role("button", name="Ask").click()
    expect(dora.locator("tbody tr")).to_have_count(1)
    dora.locator("tbody th a").first.click()

    expect(dora.get_by_role("heading", level=1)).to_have_text("edge hosts")
    expect(dora.locator(".lede")).to_contain_text("Up to 40 hosts in ap-singapore")
    expect(dora.locator(".lede")).to_contain_text("from 10.2.3.0/24 (256 addresses), until")
    expect(dora.locator("#event-1, .events > li").first).to_contain_text("Alice Anders")
    expect(dora.locator(".events > li")).to_have_count(2)


def test_a_bar_of_a_picture_leads_to_the_rows_it_counts(shared_portal, visit, made):
    dora = visit(shared_portal, "dora")
    dora.goto("/admin/overview/")

    counted = dora.locator("section:has(#outcomes) .chart-links a").last
    says = counted.locator("title").text_content()
    counted.click()

    expect(dora.locator("tbody tr")).to_have_count(int(says.split(": ")[1].split(" ")[0]))


# One signs out; the list of events can be taken along, and a policy's page has its form, without a button.
FORMS_THERE = {"registercodes/auditevent/": 2, "registercodes/team/1/change/": 2}


def test_an_auditor_is_offered_nothing_to_change(shared_portal, visit, made):
    dora = visit(shared_portal, "dora")
    for path in (
        "overview/",
        "registercodes/auditevent/",
        "registercodes/registercode/",
        "registercodes/team/1/change/",
    ):
        dora.goto(f"/admin/{path}")
        expect(dora.locator("form[method=post]")).to_have_count(FORMS_THERE.get(path, 1))
        expect(dora.get_by_role("button", name="Save")).to_have_count(0)
