"""Decides whether the portal may serve: every system check, the database's and the static files', without an Error.

A database that does not answer is no misconfiguration: a worker may be
respawned while it restarts. Its checks are owed then, and nothing is served
before they have passed.
"""

import logging
import threading
from collections.abc import Sequence

from django.conf import settings
from django.core import checks
from django.db import connection, transaction

from portal import assets
from registercodes.checks import database_problems
from registercodes.database import DATABASE_AWAY

log = logging.getLogger("portal.startup")

_owed = threading.Event()


def problems_at_start() -> list[str]:
    """One sentence for each check that found an Error; warnings are left to ``check --deploy``."""
    try:
        with transaction.atomic():
            _take_time()
            found = [*checks.run_checks(databases=["default"]), *database_problems()]
    except DATABASE_AWAY:
        log.error("database_does_not_answer", exc_info=True)
        _owed.set()
        return [*_told(checks.run_checks()), *assets.problems()]
    problems = [*_told(found), *assets.problems()]
    if not problems:
        _owed.clear()
    return problems


def _take_time() -> None:
    """The checks read the whole record once, which may last longer than a page's statement may."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 0")


def _told(found: Sequence[checks.CheckMessage]) -> list[str]:
    return [f"{problem.id}: {problem.msg}" for problem in found if problem.level >= checks.ERROR]


def may_serve() -> bool:
    """Asked by each request; costs nothing once the database's checks have passed."""
    if _owed.is_set() and (problems := problems_at_start()):
        log.critical("must_not_serve", extra={"problems": problems})
    return not _owed.is_set()


def warn() -> None:
    """Of what may be meant, and rarely is."""
    if settings.SECURE_SSL_REDIRECT and not settings.PROXY_HOPS:
        meaning = "forwarded headers are ignored: behind a proxy that ends TLS every page redirects to itself for ever"
        log.warning("proxy_hops_is_0", extra={"meaning": meaning})
