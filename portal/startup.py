"""Decides whether the portal may serve: every system check, the database's and the static files', without an Error."""

import logging

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection

from portal import assets
from registercodes.checks import database_problems

log = logging.getLogger("portal.startup")


def problems_at_start() -> list[str]:
    """One sentence for each check that found an Error; warnings are left to ``check --deploy``."""
    try:
        connection.ensure_connection()
        found = [*checks.run_checks(include_deployment_checks=False, databases=["default"]), *database_problems()]
    except DatabaseError as broken:
        return [f"DATABASE_URL: the database does not answer ({type(broken).__name__})."]
    return [
        *(f"{problem.id}: {problem.msg}" for problem in found if problem.level >= checks.ERROR),
        *assets.problems(),
    ]


def warn() -> None:
    """Of what may be meant, and rarely is."""
    if settings.SECURE_SSL_REDIRECT and not settings.PROXY_HOPS:
        meaning = "forwarded headers are ignored: behind a proxy that ends TLS every page redirects to itself for ever"
        log.warning("proxy_hops_is_0", extra={"meaning": meaning})
