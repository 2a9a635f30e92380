"""What is measured of the audit inside one process: `python -m bench.asked pages|export|verify TIMES FILE`.

Run in the environment of a database that tests/million_events.py filled. The answer goes to FILE.
"""

import csv
import io
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django

from bench import worker

EVENTS = "/admin/registercodes/auditevent/"
STOCK = "/stock/registercodes/auditevent/"
KILOBYTE = 1024


def pages(times: int) -> dict[str, Any]:
    """Seconds of each page; of the stock admin one request each, for some take ten seconds."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.test import override_settings

    cookie = _auditor()
    answered = worker.started()
    portal = WSGIHandler()
    with override_settings(MIDDLEWARE=settings.STOCK_MIDDLEWARE):
        stock = WSGIHandler()
    _ask(stock, STOCK, cookie)
    found = {}
    for name, ours, theirs in _questions():
        found[name] = {
            "rows": _ask(portal, ours, cookie).count(b'<th scope="row">'),
            "ours": [_seconds(lambda ours=ours: _ask(portal, ours, cookie), then=answered) for _ in range(times)],
            "stock": _seconds(lambda theirs=theirs: _ask(stock, theirs, cookie)) if theirs else None,
        }
    return found


def _questions() -> Iterator[tuple[str, str, str]]:
    """(what is asked, our address, that of the stock admin or empty where it has no such question)."""
    from bench import questions

    for name, ours, theirs in questions.asked():
        yield name, ours if ours.startswith("/") else EVENTS + ours, theirs and STOCK + theirs


def _auditor() -> str:
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from portal.sso.models import RoleGrant, User

    user = User.objects.filter(subject="auditor").first()
    if user is None:
        user = User.objects.create_user(issuer="sample", subject="auditor", username="auditor")
        RoleGrant.objects.create(user=user, role="auditor", checked_at=timezone.now())
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def _ask(handler: Callable[..., Any], address: str, cookie: str) -> bytes:
    from django.test import RequestFactory

    environment = RequestFactory().get(address, HTTP_COOKIE=cookie).environ
    statuses: list[str] = []
    response = handler(environment, lambda status, headers: statuses.append(status))
    body = b"".join(response)
    response.close()
    if statuses != ["200 OK"]:
        raise RuntimeError(f"{address} answered {statuses}")
    return body


def _seconds(work: Callable[[], Any], *, then: Callable[[], None] = lambda: None) -> float:
    started = time.perf_counter()
    work()
    seconds = time.perf_counter() - started
    then()
    return seconds


def export(times: int) -> dict[str, Any]:
    """Rows a second of CSV, and by how much the process grew while everything left; beside it, rows written plainly."""
    from registercodes.exporting import COLUMNS, Export
    from registercodes.models import AuditEvent

    def everything() -> int:
        leaving = Export(AuditEvent.objects.all(), style="csv", filters={})
        for _part in leaving:
            pass
        return leaving.count

    def plainly() -> None:
        buffer = io.StringIO()
        writer = csv.writer(buffer)
        for row in AuditEvent.objects.order_by("sequence").values_list(*COLUMNS).iterator(2000):
            writer.writerow(row)
            buffer.seek(0)
            buffer.truncate()

    begin = iter(Export(AuditEvent.objects.all(), style="csv", filters={}))
    for _ in range(3):  # what the process needs once
        next(begin, None)
    before = _most_memory()
    seconds = [_seconds(everything) for _ in range(times)]
    grown = _most_memory() - before
    return {"rows": AuditEvent.objects.count(), "ours": seconds, "plain": [_seconds(plainly)], "grown": grown}


def verify(times: int) -> dict[str, Any]:
    """Rows a second that are proven; beside it, those that are only read."""
    from registercodes import proving, verifying, walking
    from registercodes.models import AuditEvent

    def whole() -> None:
        if proving.prove().found:
            raise RuntimeError("the record is not whole")

    def read() -> None:
        for _row in walking.rows(*verifying.COLUMNS):
            pass

    seconds = [_seconds(whole) for _ in range(times)]
    return {"rows": AuditEvent.objects.count(), "ours": seconds, "plain": [_seconds(read)]}


def _most_memory() -> float:
    """MB, the most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTE


def main(what: str, times: str, file: str) -> None:
    django.setup()
    Path(file).write_text(json.dumps({"pages": pages, "export": export, "verify": verify}[what](int(times))))


if __name__ == "__main__":
    main(*sys.argv[1:])
