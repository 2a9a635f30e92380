"""Decides whether this database is the one this portal may write to, and whether it guards its history.

Not registered with Django: ``migrate`` runs every registered check and would
refuse to make the very repair that is wanted. wsgi and /readyz call it.
"""

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connection

from registercodes import triggers
from registercodes.installation import endpoint_host
from registercodes.keys import key_ids
from registercodes.models import AuditEvent, AuditHead, Installation, RegisterCode


def database_problems(*, with_keys: bool = True) -> list[CheckMessage]:
    """``with_keys`` reads which keys the whole history was made with: for a start, not for a probe.

    A database that does not answer raises what is in DATABASE_AWAY.
    """
    try:
        installation = Installation.objects.filter(id=1).first()
    except DatabaseError:
        if Installation._meta.db_table in connection.introspection.table_names():
            raise
        return [Error("DATABASE_URL: the tables are missing; run manage.py migrate.", id="registercodes.E001")]
    if installation is None or not AuditHead.objects.filter(id=1).exists():
        return [Error("DATABASE_URL: the database was never stamped; run manage.py migrate.", id="registercodes.E002")]
    keys = _key_problems() if with_keys else []
    return [*_stamp_problems(installation), *_trigger_problems(), *keys]


def _stamp_problems(installation: Installation) -> list[CheckMessage]:
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


def _trigger_problems() -> list[CheckMessage]:
    gone = triggers.missing(connection)
    if not gone:
        return []
    names = ", ".join(gone)
    return [Error(f"The triggers {names} are missing or changed; run manage.py migrate.", id="registercodes.E004")]


def _key_problems() -> list[CheckMessage]:
    used = set(AuditEvent.objects.order_by().values_list("key_id", flat=True).distinct())
    used |= set(RegisterCode.objects.order_by().values_list("fingerprint_key", flat=True).distinct())
    unknown = sorted(used - {""} - key_ids())
    if not unknown:
        return []
    names = ", ".join(unknown)
    return [Error(f"AUDIT_KEY_FALLBACKS lacks the retired keys with the ids {names}.", id="registercodes.E005")]
