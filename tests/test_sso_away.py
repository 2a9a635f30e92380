"""A provider that is down: reading goes on with a banner, closing for an hour; nothing is created, and no page hangs."""

import hostile_provider
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.utils import timezone
from provider_down import (  # noqa: F401
    BANNER,
    DOWN,
    NEW,
    OLD,
    asked,
    break_down,
    broken,
    come_up_again,
    here,
    typed,
    wait_until_asked_again,
)
from provider_visitor import is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import heading, send, text, typed_in
from rechecking import FETCH, age, asks_again, events, there_and_back
from records import a_code

from registercodes.models import RegisterCode

pytestmark = pytest.mark.django_db
User = get_user_model()


@pytest.fixture(params=DOWN)
def away(request, here, provider, settings) -> Client:
    DOWN[request.param](provider, settings)
    return here


# However it is down.


def test_reading_goes_on_with_a_banner(away, web):
    code = a_code(team=web, person=User.objects.get())

    for path in ("/", f"/codes/{code.reference}/", NEW):
        page = away.get(path)
        assert page.status_code == 200 and BANNER in text(page)


def test_a_press_that_would_create_is_503_and_keeps_what_was_typed(away, cloud):
    page = send(away, NEW, typed(description="‘quotes’ & <b>"))

    assert page.status_code == 503 and typed_in(page, "description") == "‘quotes’ & <b>"
    assert "Nothing was sent and nothing was created." in text(page)
    assert not cloud.calls() and not RegisterCode.objects.exists() and not events("code.requested")


def test_signing_in_is_a_503_that_says_so(away, provider):
    page = start(Client())

    assert page.status_code == 503 and heading(page) == "Your company’s sign-in does not answer"
    assert page["Retry-After"]


def test_the_next_look_after_it_came_back_checks_again(away, provider):
    assert away.get("/").status_code == 200
    come_up_again(provider)
    wait_until_asked_again()

    sent = away.get("/")

    assert asks_again(sent)
    page = there_and_back(away, provider, sent)
    assert page.status_code == 200 and BANNER not in text(page)


def test_a_provider_whose_machine_is_gone_is_away_like_any_other(client, provider, settings):
    with hostile_provider.running() as gone:
        settings.OIDC_ISSUER = gone.issuer
        visit(client, gone)
        age(client, checked=OLD)
    page = client.get("/")

    assert page.status_code == 200 and BANNER in text(page)
    assert start(Client()).status_code == 503


# What may go on.


def test_no_page_offers_a_new_code(broken, web):
    code = a_code(team=web, person=User.objects.get())

    for path in ("/", f"/codes/{code.reference}/"):
        assert "/codes/new/" not in text(broken.get(path))


def test_an_empty_list_offers_none_either(broken):
    assert "/codes/new/" not in text(broken.get("/"))


def test_a_code_may_be_disabled_for_an_hour_after_the_last_good_check(broken, web, cloud):
    code = a_code(team=web, person=User.objects.get(), expires_at=timezone.now())  # its "not found" needs no proof
    age(broken, checked=3600 - OLD - 30)

    assert broken.post(f"/codes/{code.reference}/disable/").status_code == 302
    assert events("code.disable_requested") == ["code.disable_requested"]


def test_and_not_longer(broken, web, cloud):
    code = a_code(team=web, person=User.objects.get())
    age(broken, checked=3600)

    page = broken.post(f"/codes/{code.reference}/disable/")

    assert page.status_code == 503 and "nothing changed" in text(page)
    assert not cloud.calls() and events("code.disable_requested") == []


def test_a_clock_that_went_back_disables_nothing(broken, web, cloud):
    code = a_code(team=web, person=User.objects.get())
    age(broken, checked=-3600)

    assert broken.post(f"/codes/{code.reference}/disable/").status_code == 503


def test_confirming_is_not_reading(broken, web):
    code = a_code(team=web, person=User.objects.get())

    assert broken.post(f"/codes/{code.reference}/stored/").status_code == 503
    assert RegisterCode.objects.get().confirmed_at is None


def test_the_plan_is_still_worked_out_for_the_form(broken):
    assert broken.post("/teams/web/codes/plan/", typed(), headers=FETCH).status_code == 200


def test_a_session_that_is_recent_enough_notices_nothing(broken, provider, cloud):
    age(broken, checked=100 - OLD)

    assert BANNER not in text(broken.get("/"))
    assert send(broken, NEW, typed()).status_code == 200
