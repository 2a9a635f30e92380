"""What an administrator typed waits for them while they are checked at the provider, and is shown with nothing done yet."""

import re

import pytest
from cast import person
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import send, text
from rechecking import age, asks_again, there_and_back

from registercodes.models import AuditEvent, Team

pytestmark = pytest.mark.django_db
NOTE = "Nothing was done yet"


@pytest.fixture
def here(client, provider):
    provider.person["groups"] = ["portal-admins", "sample-web"]
    visit(client, provider)
    age(client, checked=301)
    return client


@pytest.mark.parametrize("deed", ["end-sessions", "deactivate"])
def test_a_reason_is_still_there(here, provider, deed):
    sent = send(here, f"/admin/sso/user/{person('ben').pk}/{deed}/", {"reason": "lost ‘laptop’"})
    assert asks_again(sent)

    page = text(there_and_back(here, provider, sent))

    assert NOTE in page and "lost ‘laptop’" in page
    assert not AuditEvent.objects.filter(action__in=["user.sessions_ended", "user.deactivated"]).exists()


def test_a_policy_is_still_as_it_was_typed(here, provider, web):
    path = f"/admin/registercodes/team/{web.pk}/change/"
    fields = {"max_register_limit": "7", "reason": "OPS-77", "regions": "ap-singapore", "permanent_allowed": ""}

    page = text(there_and_back(here, provider, send(here, path, fields)))

    assert NOTE in page and 'value="OPS-77"' in page and 'value="7"' in page
    ticked = [box for box in re.findall("<input[^>]*checkbox[^>]*>", page) if " checked" in box]
    assert ["ap-singapore" in box for box in ticked] == [True]  # what was not ticked is not
    assert Team.objects.get().max_register_limit != 7


# What must not happen.


def test_a_page_that_shows_nothing_of_it_does_not_throw_it_away(here, provider):
    path = f"/admin/sso/user/{person('ben').pk}/deactivate/"
    there = send(here, path, {"reason": "OPS-78"})

    here.get("/healthz")
    there_and_back(here, provider, here.get("/"))

    assert "OPS-78" in text(here.get(path)) and there
    assert "OPS-78" not in text(here.get(path))


def test_shown_once_it_is_forgotten(here, provider):
    path = f"/admin/sso/user/{person('ben').pk}/deactivate/"
    there_and_back(here, provider, send(here, path, {"reason": "OPS-79"}))

    assert NOTE not in text(here.get(path))
