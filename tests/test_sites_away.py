"""Several sites while the sign-in has to be checked, or cannot be: nothing is made, and what was typed stays."""

import pytest
from provider_visitor import loopback_provider, provider  # noqa: F401
from reading_pages import heading, send, text
from seats import seat

from portal.sso.models import User
from registercodes import submissions
from registercodes.models import RegisterCode
from registercodes.rules import Asked

pytestmark = pytest.mark.django_db

SITES = "/teams/web/codes/sites/"
FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


@pytest.fixture
def browser(provider, web):
    return seat("ann", groups=["sample-web"])


@pytest.fixture
def ann(browser):
    return User.objects.get(username="ann")


@pytest.fixture
def listed(ann, web):
    return {
        "lines": "203.0.113.7, par, Paris",
        "region": "ap-singapore",
        "register_limit": "3",
        "validity": "hours",
        "effective_time": "4",
        "submission": submissions.new_token(person=ann, team=web),
    }


@pytest.fixture
def line(ann, web):
    form = submissions.opened(submissions.new_token(person=ann, team=web), person=ann, team=web)
    asked = Asked(region="ap-singapore", ip_address_range="203.0.113.7")
    return {"submission": submissions.line_token(person=ann, team=web, form=form, number=1, asked=asked)}


def grow_old(browser) -> None:
    session = browser.session
    session["sso"] = session["sso"] | {"checked_at": session["sso"]["checked_at"] - 400}
    session.save()


def test_a_line_is_told_by_a_401_that_the_sign_in_has_to_be_checked(browser, line, cloud):
    grow_old(browser)

    assert send(browser, f"{SITES}one/", line, **FETCH).status_code == 401
    assert not RegisterCode.objects.exists()


def test_while_nobody_can_vouch_a_line_is_not_sent_and_says_so(browser, line, cloud, settings):
    grow_old(browser)
    settings.OIDC_ISSUER = "http://127.0.0.1:9"

    answer = send(browser, f"{SITES}one/", line, **FETCH)

    assert (answer.status_code, answer.json()["outcome"]) == (503, "away")
    assert "Nothing was sent and nothing was created." in answer.json()["said"]
    assert not RegisterCode.objects.exists() and not cloud.calls()


def test_while_nobody_can_vouch_the_list_stays_and_no_line_is_drawn(browser, listed, settings):
    grow_old(browser)
    settings.OIDC_ISSUER = "http://127.0.0.1:9"

    page = send(browser, SITES, listed)

    assert (page.status_code, heading(page)) == (503, "Several sites at once")
    assert "203.0.113.7, par, Paris" in text(page) and "data-token" not in text(page)


def test_the_list_comes_back_after_a_check_in_between(browser, listed, ann):
    grow_old(browser)
    assert send(browser, SITES, listed).status_code in {200, 302}  # on to the provider
    session = browser.session
    session["sso"] = session["sso"] | {"checked_at": session["sso"]["checked_at"] + 400}
    session.save()

    page = browser.get(SITES)

    assert "203.0.113.7, par, Paris" in text(page) and "Nothing was sent yet" in text(page)
    assert "data-token" not in text(page)


# What must not happen.


def test_of_a_line_nothing_is_kept_for_after_the_sign_in(browser, line):
    grow_old(browser)

    answer = send(browser, f"{SITES}one/", line)

    assert not [name for name, cookie in answer.cookies.items() if "kept" in name and cookie.value]
