"""Asks the provider one thing within a time: bounded in seconds and bytes, never redirected, never by a proxy.

The cloud client's own transport does it, since a provider can stall, drip and
send without end like any other server.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import requests
from django.conf import settings

from portal.sso.refusals import Away, Busy, Refused, SignInFailed, Unanswered
from registercodes.tat.deadline import Exchange
from registercodes.tat.errors import NotSent, Unknown
from registercodes.tat.transport import PerProcess, Received, Transport

CONNECT_SECONDS = 5.0
BODY_MAX = 256 * 1024  # bytes; an id token with a thousand groups is under 100 KB
PLACES = 6  # requests of one process that may wait for the provider: half of its threads
PLACE_SECONDS = 2.0
ABOUT_A_PERSON = frozenset({"token", "userinfo"})  # what else is asked is the same for everybody
REFUSALS = frozenset({"invalid_grant", "invalid_client", "invalid_request", "unauthorized_client", "access_denied"})

_transports = PerProcess(lambda: Transport(system_authorities=True))
_places = threading.BoundedSemaphore(PLACES)


def until() -> float:
    """When what begins now has to be over, on ``time.monotonic``.

    An answer that is older than a form may be, once it is there, would be asked for again, and so on for ever.
    """
    return time.monotonic() + min(settings.OIDC_DEADLINE, settings.OIDC_RECHECK_SECONDS / 2)


@contextmanager
def place(*, seconds: float = PLACE_SECONDS) -> Iterator[None]:
    """A provider that stalls must not take every thread: past the places for it the answer is Busy."""
    if not _places.acquire(timeout=seconds):
        raise Busy("busy")
    try:
        yield
    finally:
        _places.release()


def get(url: str, *, until: float, what: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The JSON object at ``url``; ``what`` names it in the reasons of what is raised.

    ``Refused``: an access token of this moment that userinfo does not take says no to the person.
    """
    received = fetch(url, until=until, what=what, headers=headers)
    if what == "userinfo" and received.status in {401, 403}:
        raise Refused("userinfo_refused")
    if received.status != 200:
        raise _status(received.status, what=what)
    return object_in(received, what=what)


def fetch(url: str, *, until: float, what: str, headers: Mapping[str, str] | None = None) -> Received:
    """The answer at ``url`` whatever it is, for who wants to say what is wrong with it."""
    return _send(requests.Request("GET", url, headers=dict(headers or {})), until=until, what=what)


def post(url: str, *, until: float, what: str, headers: Mapping[str, str], body: str) -> dict[str, Any]:
    """As ``get``; a 400 or 401 that says so in the words of RFC 6749 is ``Refused``."""
    sent = {"Content-Type": "application/x-www-form-urlencoded", **headers}
    received = _send(requests.Request("POST", url, headers=sent, data=body), until=until, what=what)
    if received.status in {400, 401, 403}:
        error = object_in(received, what=what).get("error")
        raise Refused(f"{what}_{error if isinstance(error, str) and error in REFUSALS else 'refused'}")
    if received.status != 200:
        raise _status(received.status, what=what)
    return object_in(received, what=what)


def _status(status: int, *, what: str) -> SignInFailed:
    return Away(f"{what}_status") if status >= 500 else _unusable(f"{what}_status", what=what)


def _unusable(reason: str, *, what: str) -> SignInFailed:
    """An answer about one person tells of nobody else: their groups may be too many, and the provider is there."""
    return Unanswered(reason) if what in ABOUT_A_PERSON else Away(reason)


def _send(request: requests.Request, *, until: float, what: str) -> Received:
    request.headers |= {"Accept": "application/json", "Accept-Encoding": "identity"}
    try:
        prepared = request.prepare()
    except (ValueError, requests.RequestException):
        raise Away(f"{what}_address") from None
    try:
        received = _transports.current().send(prepared, Exchange(deadline=until, connect_timeout=CONNECT_SECONDS))
    except (NotSent, Unknown) as failure:
        raise Away(f"{what}_{failure.reason}") from None
    if received.content_encoding not in {"", "identity"}:
        raise _unusable(f"{what}_encoding", what=what)
    if len(received.body) > BODY_MAX:
        raise _unusable(f"{what}_too_large", what=what)
    return received


def object_in(received: Received, *, what: str) -> dict[str, Any]:
    try:
        found = json.loads(received.body)
    except (ValueError, RecursionError):
        raise _unusable(f"{what}_not_json", what=what) from None
    if not isinstance(found, dict):
        raise _unusable(f"{what}_not_an_object", what=what)
    return found
