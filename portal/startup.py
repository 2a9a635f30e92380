"""Decides whether the portal may serve: every system check, the database's included, without an Error."""

from django.core import checks
from django.db import DatabaseError, connection

from registercodes.checks import database_problems


def problems_at_start() -> list[str]:
    """One sentence for each check that found an Error; warnings are left to ``check --deploy``."""
    try:
        connection.ensure_connection()
        found = [*checks.run_checks(include_deployment_checks=False, databases=["default"]), *database_problems()]
    except DatabaseError as broken:
        return [f"DATABASE_URL: the database does not answer ({type(broken).__name__})."]
    return [f"{problem.id}: {problem.msg}" for problem in found if problem.level >= checks.ERROR]
