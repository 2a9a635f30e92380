"""What a browser does to sign in: the portal through Django's client, the provider asked where it sends one back to."""

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client
from hostile_provider import Provider

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
