"""What is measured inside one process of the portal: `python -m bench.inside chain|page COUNT FILE`.

Run in the environment of a portal, on its database. Both sides of a comparison take turns, so
that whatever else the machine does meets both. The answer goes to FILE: stdout is the log's.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

ROUND = 10  # requests of one side before it is the other's turn


def turns(count: int, *sides: Callable[[], None]) -> list[list[float]]:
    """Seconds of each call of each side, after a warm-up."""
    seconds: list[list[float]] = [[] for _ in sides]
    for number in range(count + 5):
        for side, taken in zip(sides, seconds, strict=True):
            started = time.perf_counter()
            side()
            if number >= 5:
                taken.append(time.perf_counter() - started)
    return seconds


def chain(count: int) -> dict[str, list[float]]:
    """One durable commit of one changed row, with and without an audit event in it."""
    from django.db import transaction

    from registercodes import audit
    from registercodes.models import Action, Installation, Outcome, RegisterCode

    code = RegisterCode.objects.select_related("team", "created_by").first()
    origin = audit.Origin(request_id=code.request_id, client_ip=code.client_ip, user_agent=code.user_agent)

    def without() -> None:
        with transaction.atomic(durable=True):
            Installation.objects.update(checked=True)

    def with_event() -> None:
        with transaction.atomic(durable=True):
            Installation.objects.update(checked=True)
            audit.record(
                Action.CODE_REQUESTED, Outcome.UNKNOWN, code=code, actor=code.created_by, team=code.team, origin=origin
            )

    bare, chained = turns(count, without, with_event)
    return {"bare": bare, "chained": chained}


def page(count: int) -> dict[str, list[float]]:
    """Seconds per request of the new-code page and of the plain one, through whole WSGI handlers."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    from bench.browser import NEW

    cookie = _signed_in_cookie("alice")
    portal = WSGIHandler()
    with override_settings(MIDDLEWARE=settings.PLAIN_MIDDLEWARE):
        plain = WSGIHandler()
    ours, theirs = turns(
        max(1, count // ROUND),
        lambda: [_ask(portal, NEW, cookie) for _ in range(ROUND)],
        lambda: [_ask(plain, "/plain/", cookie) for _ in range(ROUND)],
    )
    return {"portal": [one / ROUND for one in ours], "plain": [one / ROUND for one in theirs]}


def _signed_in_cookie(person: str) -> str:
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client()
    client.force_login(get_user_model().objects.get(username=person))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _ask(handler: Callable, address: str, cookie: str) -> None:
    from django.test import RequestFactory

    environment = RequestFactory().get(address, HTTP_COOKIE=cookie, HTTP_HOST="127.0.0.1").environ
    statuses: list[str] = []
    response = handler(environment, lambda status, headers: statuses.append(status))
    body = b"".join(response)
    response.close()
    if statuses != ["200 OK"] or b"</form>" not in body:
        raise RuntimeError(f"{address} answered {statuses}")


def main(what: str, count: str, file: str) -> None:
    django.setup()
    work = {"chain": chain, "page": page}[what]
    Path(file).write_text(json.dumps(work(int(count))))


if __name__ == "__main__":
    main(*sys.argv[1:])
