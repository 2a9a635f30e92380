"""Completes a database after every migrate: triggers, the chain's head, the stamp of what it is the record of."""

import secrets
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db import connections, transaction

from registercodes import triggers
from registercodes.ownership import endpoint_host

CHAIN_BYTES = 8


def complete(sender: AppConfig, *, using: str, **_: Any) -> None:
    """Install triggers and, where they are missing, the Installation and AuditHead rows.

    Called by ``post_migrate``, which also follows a flush. Does nothing until
    the newest migration has made all tables (a migrate to an older one).
    """
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    if not {model._meta.db_table for model in sender.get_models()} <= tables:
        return
    with transaction.atomic(using=using):
        triggers.install(connection)
        stamp(using=using)


def stamp(*, using: str = "default") -> None:
    from registercodes.models import AuditHead, Installation

    chain = secrets.token_hex(CHAIN_BYTES)
    installation, _ = Installation.objects.using(using).get_or_create(
        id=1,
        defaults={
            "mode": settings.PORTAL_MODE,
            "endpoint_host": endpoint_host(),
            "account": settings.TAT_ACCOUNT,
            "chain": chain,
        },
    )
    AuditHead.objects.using(using).get_or_create(id=1, defaults={"chain": installation.chain})
