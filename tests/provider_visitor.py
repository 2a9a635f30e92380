"""What a browser does to sign in: the portal through Django's client, the provider asked where it sends one back to."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

import hostile_provider
import pytest
from django.http import HttpResponse
from django.test import Client
from hostile_provider import CLIENT_ID, CLIENT_SECRET, Provider

from portal.sso import provider as portal_side

LOGIN = "/sso/login/"
CALLBACK = "/sso/callback/"


def start(client: Client, *, next: str = "/") -> HttpResponse:
    return client.get(f"{LOGIN}?{urlencode({'next': next})}")


def is_sent_on(started: HttpResponse) -> bool:
    return started.status_code == 302 and urlsplit(started["Location"]).path.endswith("/authorize")


def decided(provider: Provider, started: HttpResponse) -> str:
    """The callback as the portal's own path, with the parameters that the provider gives the browser."""
    parts = urlsplit(provider.decide(started["Location"]))
    return f"{parts.path}?{parts.query}"


def visit(client: Client, provider: Provider, *, next: str = "/", **headers: Any) -> HttpResponse:
    """The portal's last answer: of its callback, or of its sign-in if that did not send one on."""
    started = start(client, next=next)
    if not is_sent_on(started):
        return started
    return client.get(decided(provider, started), **headers)


def is_signed_in(client: Client) -> bool:
    """Asked of the portal: an anonymous browser is sent to sign in, anybody else is answered."""
    answer = client.get("/")
    return not (answer.status_code == 302 and answer["Location"].startswith(LOGIN))


@pytest.fixture(scope="session")
def loopback_provider() -> Iterator[Provider]:
    with hostile_provider.running() as provider:
        yield provider


@pytest.fixture
def provider(loopback_provider, settings, web) -> Iterator[Provider]:
    """An honest provider, and the portal set up for it; what the portal asked wrongly is told at the end."""
    loopback_provider.reset()
    portal_side.forget()
    settings.SINGLE_SIGN_ON = True
    settings.AUTHENTICATION_BACKENDS = ["portal.sso.backends.People"]
    settings.LOGIN_URL = "sso:login"
    settings.OIDC_ISSUER = loopback_provider.issuer
    settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.OIDC_SCOPES = ["openid", "profile", "email", "groups"]
    settings.OIDC_GROUPS_CLAIM = "groups"
    settings.OIDC_ADMIN_GROUPS, settings.OIDC_AUDITOR_GROUPS = ["portal-admins"], ["portal-auditors"]
    settings.OIDC_RECHECK_SECONDS = 300
    settings.OIDC_DEADLINE = 5
    settings.ACCESS_HELP = "Ask the desk on floor three."
    yield loopback_provider
    loopback_provider.reset()
    portal_side.forget()
    assert loopback_provider.complaints == []
