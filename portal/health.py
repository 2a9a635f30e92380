"""Decides whether this process lives and may take requests; asks neither cloud nor identity provider."""

import logging

from django.core.checks import Error
from django.db import Error as DatabaseFailed  # DatabaseError and InterfaceError
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpResponse

from portal import assets, startup
from registercodes.checks import database_problems
from registercodes.models import Installation

log = logging.getLogger("portal.health")


def alive() -> HttpResponse:
    return plain("ok")


def ready() -> HttpResponse:
    """200 when the database can be written, is migrated and guards its history, and pages have their files; else 503.

    The answer names nothing: anybody on the network may ask.
    """
    try:
        problems = why_not_ready()
    except DatabaseFailed as broken:
        problems = [type(broken).__name__]
    if not problems:
        return plain("ok")
    log.error("not_ready", extra={"problems": problems})
    return plain("not ready", status=503)


def why_not_ready() -> list[str]:
    if not startup.may_serve():
        return ["the checks of the start have not passed"]
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return ["unapplied migrations"]
    with transaction.atomic():
        Installation.objects.update(checked=True)
    found = database_problems(with_keys=False)
    return [*(str(problem.msg) for problem in found if isinstance(problem, Error)), *assets.problems()]


def plain(text: str, *, status: int = 200) -> HttpResponse:
    response = HttpResponse(text + "\n", content_type="text/plain", status=status)
    response["Cache-Control"] = "no-store"
    return response
