"""Signing out ends the session here first, then tells the provider from a page of ours; Back shows nothing after it."""

from urllib.parse import parse_qs, urlsplit

import log_reading
import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from hostile_provider import CLIENT_ID
from misbehaving import GONE, answer, discovery
from provider_visitor import is_signed_in, loopback_provider, provider, visit  # noqa: F401
from reading_pages import heading, text
from rechecking import age, events, moves_to

from portal.sso import provider as portal_side
from portal.sso.models import LiveSession
from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db
User = get_user_model()
LOGOUT = "/sso/logout/"
SIGNED_OUT = "/sso/signed-out/"


@pytest.fixture
def here(client, provider) -> Client:
    visit(client, provider)
    return client


def asked(page) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(moves_to(page)).query).items()}


def is_out(client: Client) -> bool:
    return not is_signed_in(client) and not Session.objects.exists() and not LiveSession.objects.exists()


def test_a_page_of_ours_moves_on_to_the_provider_with_what_it_needs(here, provider):
    page = here.post(LOGOUT)

    assert (page.status_code, heading(page)) == (200, "Signed out of the portal")
    assert moves_to(page).startswith(f"{provider.issuer}/logout?")
    said = asked(page)
    assert said.pop("id_token_hint") in provider.issued
    assert said == {"client_id": CLIENT_ID, "post_logout_redirect_uri": f"http://testserver{SIGNED_OUT}"}
    assert page.content.decode().count(moves_to(page).split("?")[0]) == 2  # by itself, and as a link
    assert is_out(here)


def test_the_browser_is_told_to_forget_pages_and_storage_and_no_cookie_of_others(here):
    assert here.post(LOGOUT)["Clear-Site-Data"] == '"cache", "storage"'


def test_it_is_on_record(here):
    here.post(LOGOUT)

    assert events() == ["user.teams_changed", "user.signed_in", "user.signed_out"]
    assert AuditEvent.objects.get(action="user.signed_out").actor.username == "alice"


def test_the_page_after_it_names_nobody(here):
    page = text(here.post(LOGOUT))

    assert "Alice" not in page and "alice" not in page.replace(moves_in(page), "") and "/teams/" not in page


def moves_in(page: str) -> str:
    return page.split("url=")[1].split('"')[0]


def test_a_link_asks_first_and_changes_nothing(here):
    page = here.get(LOGOUT)

    assert (page.status_code, heading(page)) == (200, "Sign out of the portal?")
    assert is_signed_in(here) and "Clear-Site-Data" not in page.headers


def test_another_site_signs_nobody_out(provider):
    client = Client(enforce_csrf_checks=True)
    visit(client, provider)

    assert client.post(LOGOUT, headers={"Origin": "https://evil.example"}).status_code == 403
    assert is_signed_in(client)


def test_a_provider_without_a_way_to_sign_out_is_said_so(here, provider):
    portal_side.forget()
    provider.misbehave(**discovery(end_session_endpoint=GONE))

    page = here.post(LOGOUT)

    assert page.status_code == 200 and not moves_to(page)
    assert "Your company’s sign-in may still know you" in text(page)
    assert page["Clear-Site-Data"] and is_out(here)


@pytest.mark.parametrize("end", ["javascript:alert(1)", "//evil.example", "ftp://x/", 7, "http://"])
def test_an_address_that_is_none_is_not_gone_to(here, provider, end):
    portal_side.forget()
    provider.misbehave(**discovery(end_session_endpoint=end))

    page = here.post(LOGOUT)

    assert page.status_code == 200 and not moves_to(page) and is_out(here)


def test_an_address_with_a_query_keeps_it(here, provider):
    portal_side.forget()
    provider.misbehave(**discovery(end_session_endpoint=f"{provider.issuer}/logout?tenant=a&b=c"))

    said = asked(here.post(LOGOUT))

    assert (said["tenant"], said["b"], said["client_id"]) == ("a", "c", CLIENT_ID)


def test_a_provider_that_is_away_keeps_nobody_signed_in(here, provider):
    portal_side.forget()
    provider.misbehave(**answer("discovery", status=500))

    page = here.post(LOGOUT)

    assert page.status_code == 200 and not moves_to(page)
    assert "may still know you" in text(page)
    assert is_out(here) and events("user.signed_out") == ["user.signed_out"]


def test_an_id_token_too_long_for_an_address_stays_here(client, provider):
    provider.person["groups"] = [*(f"group-{number:04}" for number in range(900)), "sample-web"]
    visit(client, provider)

    page = client.post(LOGOUT)

    assert set(asked(page)) == {"client_id", "post_logout_redirect_uri"} and len(moves_to(page)) < 1000


def test_the_provider_leads_back_to_a_page_that_says_so(here):
    here.post(LOGOUT)

    page = here.get(f"{SIGNED_OUT}?state=x")

    assert (page.status_code, heading(page)) == (200, "You are signed out")


@pytest.mark.parametrize("method", ["get", "post"])
def test_signing_out_twice_is_no_error(here, method):
    here.post(LOGOUT)

    answer = getattr(here, method)(LOGOUT)

    assert (answer.status_code, answer["Location"]) == (302, SIGNED_OUT)
    assert events("user.signed_out") == ["user.signed_out"]


def test_it_works_for_a_session_that_is_old_or_over(here, provider):
    age(here, checked=400, seen=1900)

    assert moves_to(here.post(LOGOUT)).startswith(provider.issuer)
    assert is_out(here)


# What must not happen.


def test_no_page_is_kept_for_the_button_back(here):
    for path in ("/", "/teams/web/codes/new/", LOGOUT):
        assert "no-store" in here.get(path)["Cache-Control"]
    assert "no-store" in here.post(LOGOUT)["Cache-Control"]


def test_the_old_session_s_id_opens_nothing(here):
    key = here.cookies["portal-session"].value
    here.post(LOGOUT)
    thief = Client()
    thief.cookies["portal-session"] = key

    assert not is_signed_in(thief)


def test_no_token_is_in_a_log_line_at_any_level(here, provider, caplog):
    log_reading.everything(caplog)
    here.post(LOGOUT)
    here.get(SIGNED_OUT)

    assert log_reading.lines(caplog) and log_reading.leaked(caplog, provider.issued) == []


def test_other_people_s_sessions_go_on(here, provider):
    other = Client()
    provider.person |= {"sub": "subject-of-mallory", "preferred_username": "mallory"}
    visit(other, provider)

    here.post(LOGOUT)

    assert is_signed_in(other) and LiveSession.objects.get().user.username == "mallory"
