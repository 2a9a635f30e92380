"""Decides whether this database is the record of the portal as configured; no event is written where it is not.

An event cannot be taken back: one of another mode, cloud or key in a record
makes that record's own portal refuse to start, for good.
"""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection

from registercodes import keys
from registercodes.models import AuditEvent, AuditHead, Installation, RegisterCode

_found_ours: set[tuple[object, ...]] = set()  # asked once per process: an issued code costs no query more


def must_be_ours() -> None:
    """Raises ``ImproperlyConfigured``, which manage.py prints; a server asked when it started."""
    if _facts() in _found_ours:
        return
    if wrong := problems():
        raise ImproperlyConfigured("\n".join(f"  {problem.msg}" for problem in wrong))


def problems(*, with_keys: bool = True) -> list[CheckMessage]:
    """``with_keys`` reads which keys the whole history was made with: for a start, not for a probe."""
    found = unstamped() or [*_stamp_problems(), *(_key_problems() if with_keys else [])]
    if with_keys and not found:
        _found_ours.add(_facts())
    return found


def unstamped() -> list[CheckMessage]:
    """Not empty where no migrate was ever completed: such a database is nobody's record yet.

    A database that does not answer raises what is in DATABASE_AWAY.
    """
    try:
        stamped = Installation.objects.filter(id=1).exists()
    except DatabaseError:
        if Installation._meta.db_table in connection.introspection.table_names():
            raise  # it is away, and not empty
        return [Error("DATABASE_URL: the tables are missing; run manage.py migrate.", id="registercodes.E001")]
    if not stamped or not AuditHead.objects.filter(id=1).exists():
        return [Error("DATABASE_URL: the database was never stamped; run manage.py migrate.", id="registercodes.E002")]
    return []


def endpoint_host() -> str:
    """Host and port: two sandboxes on one machine are two clouds."""
    return urlsplit(settings.TAT_ENDPOINT).netloc.lower()


def _facts() -> tuple[object, ...]:
    database = connection.settings_dict
    ours = (settings.PORTAL_MODE, settings.TAT_ENDPOINT, settings.TAT_ACCOUNT, *sorted(keys.key_ids()))
    return (database["HOST"], database["PORT"], database["NAME"], *ours)


def _stamp_problems() -> list[CheckMessage]:
    installation = Installation.objects.get(id=1)
    compared = (
        ("PORTAL_MODE", installation.mode, settings.PORTAL_MODE),
        ("TAT_ENDPOINT", installation.endpoint_host, endpoint_host()),
        ("TAT_ACCOUNT", installation.account, settings.TAT_ACCOUNT),
    )
    return [
        Error(
            f"{name}: this database is the record of another one ({stamped}); use a database of its own.",
            id="registercodes.E003",
        )
        for name, stamped, configured in compared
        if stamped != configured
    ]


def _key_problems() -> list[CheckMessage]:
    used = set(AuditEvent.objects.order_by().values_list("key_id", flat=True).distinct())
    used |= set(RegisterCode.objects.order_by().values_list("fingerprint_key", flat=True).distinct())
    unknown = sorted(used - {""} - keys.key_ids())
    if not unknown:
        return []
    names = ", ".join(unknown)
    return [Error(f"AUDIT_KEY_FALLBACKS lacks the retired keys with the ids {names}.", id="registercodes.E005")]
