"""Decides whether this database may be served from: it is this portal's own, and guards its history.

Not registered with Django: ``migrate`` runs every registered check and would
refuse to make the very repair that is wanted. wsgi and /readyz call it.
"""

from django.core.checks import CheckMessage, Error
from django.db import connection

from registercodes import ownership, triggers


def database_problems(*, with_keys: bool = True) -> list[CheckMessage]:
    """``with_keys`` as for ``ownership.problems``."""
    return ownership.unstamped() or [*ownership.problems(with_keys=with_keys), *_trigger_problems()]


def _trigger_problems() -> list[CheckMessage]:
    gone = triggers.missing(connection)
    if not gone:
        return []
    names = ", ".join(gone)
    return [Error(f"The triggers {names} are missing or changed; run manage.py migrate.", id="registercodes.E004")]
