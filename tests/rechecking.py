"""How tests make a session old, follow the portal's silent re-check to the provider, and read what it asked."""

import html
import re
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.http import HttpResponse
from django.test import Client
from hostile_provider import Provider
from misbehaving import refused
from provider_visitor import LOGIN

from registercodes.models import AuditEvent

MOVES = re.compile(r'<meta http-equiv="refresh" content="0; url=([^"]*)">')
FETCH = {"X-Requested-With": "fetch"}


def age(client: Client, *, checked: float = 0, seen: float = 0, started: float = 0) -> None:
    """Each of the session's times is put back by so many seconds."""
    session = client.session
    facts = session["sso"]
    facts |= {
        "checked_at": facts["checked_at"] - checked,
        "seen_at": facts["seen_at"] - seen,
        "started_at": facts["started_at"] - started,
    }
    session["sso"] = facts
    session.save()


def checked_ago(client: Client) -> float:
    """Seconds since the provider vouched for the session's person."""
    return time.time() - client.session["sso"]["checked_at"]


def moves_to(answer: HttpResponse) -> str:
    """Where a browser goes on to from a redirect or from a page of ours that moves on; empty if it stays."""
    if answer.status_code == 302:
        return answer["Location"]
    found = MOVES.search(answer.content.decode())
    return html.unescape(found.group(1)) if found else ""


def asked_of(answer: HttpResponse) -> dict[str, str]:
    """What the provider is asked by the browser that is sent there."""
    return {name: values[0] for name, values in parse_qs(urlsplit(moves_to(answer)).query).items()}


def asks_again(answer: HttpResponse) -> bool:
    return urlsplit(moves_to(answer)).path.endswith("/authorize") and asked_of(answer).get("prompt") == "none"


def asks_to_sign_in(answer: HttpResponse) -> bool:
    """By way of the portal's own sign-in, or at the provider with nothing silent about it."""
    address = moves_to(answer)
    at_the_provider = urlsplit(address).path.endswith("/authorize") and "prompt" not in asked_of(answer)
    return address.startswith(LOGIN) or at_the_provider


def come_back(client: Client, provider: Provider, sent: HttpResponse, **headers: Any) -> HttpResponse:
    """The portal's answer to what the provider sends the browser back with."""
    parts = urlsplit(provider.decide(moves_to(sent)))
    return client.get(f"{parts.path}?{parts.query}", **headers)


def there_and_back(client: Client, provider: Provider, sent: HttpResponse) -> HttpResponse:
    """The page that a browser ends on, through as many addresses as a browser would follow."""
    for _ in range(10):
        address = moves_to(sent)
        if not address:
            return sent
        outside = urlsplit(address).path.endswith("/authorize")
        sent = come_back(client, provider, sent) if outside else client.get(address)
    raise AssertionError("sent on for ever")


def says_no(provider: Provider, error: str) -> None:
    provider.misbehave(**refused(error))


def is_honest_again(provider: Provider) -> None:
    provider.misbehave(callback=lambda pairs, _: pairs)


def events(*actions: str) -> list[str]:
    """Of people, in their order; those named, or all."""
    found = AuditEvent.objects.order_by("sequence").values_list("action", flat=True)
    return [action for action in found if action in actions] if actions else list(found)
