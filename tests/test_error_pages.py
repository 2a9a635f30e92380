"""Errors are pages too: they say what happened and whether anything was created, quote a number, and leak nothing."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from reading_pages import heading, send, text
from records import a_code
from urls_that_fail import SECRET

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
}
ERRORS = {
    "/fails/": (500, "The portal failed"),
    "/denies/": (403, "You may not do this"),
    "/suspects/": (400, "This request makes no sense to the portal"),
    "/is-busy/": (503, "The portal cannot reach its records"),
    "/is-away/": (503, "The portal cannot reach its records"),
    "/nowhere/": (404, "There is nothing here"),
}


@pytest.fixture
def fragile(as_alice, settings) -> Client:
    settings.ROOT_URLCONF = "urls_that_fail"
    as_alice.raise_request_exception = False
    return as_alice


@pytest.mark.parametrize("path", ERRORS)
def test_an_error_is_a_page_with_its_status_one_heading_and_a_number_to_quote(fragile, path):
    response = fragile.get(path)

    assert (response.status_code, heading(response)) == ERRORS[path]
    assert response["X-Request-Id"] in text(response)
    assert text(response).count("<h1") == 1 and "</html>" in text(response)
    assert not re.search(r'<(script|style)[^>]*>[^<]|\s(style|on\w+)="', text(response))


@pytest.mark.parametrize("path", ERRORS)
def test_an_error_page_never_repeats_what_went_wrong_inside(fragile, path):
    shown = text(fragile.get(path))

    assert SECRET not in shown
    for word in ("Traceback", "Exception", "ZeroDivision", "Operational", "django", "settings.", "sqlite", "postgres"):
        assert word.lower() not in shown.lower()


@pytest.mark.parametrize(("method", "path"), [("GET", "/sso/backchannel-logout/"), ("DELETE", "/"), ("PUT", NEW)])
def test_a_method_that_an_address_does_not_take_is_a_page_too(as_alice, method, path):
    response = as_alice.generic(method, path)

    assert (response.status_code, heading(response)) == (405, "This address is for a button")
    assert response["Allow"] and response["X-Request-Id"] in text(response)
    assert "Nothing was created or changed." in text(response)


def test_a_busy_database_asks_to_come_back_and_says_nothing_was_created(fragile):
    response = fragile.get("/is-busy/")

    assert response["Retry-After"] == "5"
    assert "This request created nothing and changed nothing." in text(response)


@pytest.mark.django_db(transaction=True)
def test_a_page_is_503_when_the_database_cannot_be_reached_at_all(as_alice, settings):
    as_alice.raise_request_exception = False
    name = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = "/nowhere/at/all"
    try:
        response = as_alice.get("/")
        ready = Client().get("/readyz")
    finally:
        connection.close()
        connection.settings_dict["NAME"] = name

    assert (response.status_code, heading(response)) == ERRORS["/is-busy/"]
    assert (ready.status_code, text(ready)) == (503, "not ready\n")


def test_a_button_without_its_token_is_403_and_says_so(alice, web, cloud):
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(alice)

    response = send(careful, f"/codes/{a_code(team=web, person=alice).reference}/disable/", {})

    assert (response.status_code, heading(response)) == (403, "This page had gone stale")
    assert "Nothing was created or changed." in text(response)
    assert cloud.calls() == []


@pytest.mark.parametrize("host", ["evil.example", "testserver.evil.example", "", "a b", "testserver:x", "[::1"])
def test_a_foreign_host_is_400_and_nothing_of_it_is_repeated(client, db, host):
    response = client.get("/sso/sign-in/", HTTP_HOST=host)

    assert response.status_code == 400
    assert "evil" not in text(response)


# Health.


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
@pytest.mark.parametrize("host", ["10.0.0.7:8000", "evil.example"])
def test_health_is_answered_before_host_session_and_https(client, settings, path, host):
    settings.SECURE_SSL_REDIRECT = True

    response = client.get(path, HTTP_HOST=host)

    assert (response.status_code, text(response)) == (200, "ok\n")
    assert response["Cache-Control"] == "no-store" and not response.cookies


def test_health_asks_neither_the_cloud_nor_more_than_it_must(client, cloud, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/healthz")
    client.get("/readyz")

    assert cloud.calls() == []


@pytest.mark.parametrize("path", ["/healthz/", "/readyz/", "/healthz/x", "//healthz"])
def test_only_the_exact_addresses_are_health(client, db, path):
    assert text(client.get(path)) != "ok\n"


# Headers.

PAGES = ("/", NEW, "/nowhere/", "/sso/sign-in/", "/fails/", "/is-busy/", "/suspects/")


@pytest.mark.parametrize("path", PAGES)
def test_every_page_carries_the_same_strict_headers(fragile, path):
    headers = fragile.get(path, HTTP_ACCEPT_ENCODING="gzip, br").headers

    assert set(headers["Content-Security-Policy"].split("; ")) == CSP
    assert {"no-store", "private"} <= set(headers["Cache-Control"].split(", "))
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Content-Encoding" not in headers


def test_the_page_with_the_value_carries_them_too_and_is_not_compressed(as_alice, typed, cloud):
    headers = send(as_alice, NEW, typed(), HTTP_ACCEPT_ENCODING="gzip, br").headers

    assert set(headers["Content-Security-Policy"].split("; ")) == CSP
    assert "no-store" in headers["Cache-Control"] and headers["Referrer-Policy"] == "same-origin"
    assert "Content-Encoding" not in headers and "ETag" not in headers and "Last-Modified" not in headers


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client, web):
    send(client, "/sso/sign-in/", {"person": "alice"})
    client.get("/")

    for name in ("portal-session", "portal-csrf"):
        assert client.cookies[name]["httponly"] and client.cookies[name]["samesite"] == "Lax"
    assert not client.cookies["portal-session"]["max-age"]  # it ends with the browser


def test_looking_at_the_sign_in_page_leaves_no_session_behind(client, db):
    client.get("/")
    client.get("/sso/sign-in/")

    assert not Session.objects.exists()
