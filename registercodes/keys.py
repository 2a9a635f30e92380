"""Derives the keys of the audit chain, of seals and of value fingerprints; never shows or stores one."""

import hmac
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings

KEY_ID_LENGTH = 12


@dataclass(frozen=True, repr=False)
class AuditKey:
    """One AUDIT_KEY with its id. The id is derived, so that it needs no configuration of its own."""

    id: str
    chain: bytes
    seal: bytes
    fingerprint: bytes


def current() -> AuditKey:
    return _derived(settings.AUDIT_KEY)


def by_id() -> dict[str, AuditKey]:
    """The current and the retired keys."""
    keys = [_derived(secret) for secret in (settings.AUDIT_KEY, *settings.AUDIT_KEY_FALLBACKS)]
    return {key.id: key for key in keys}


def key_ids() -> set[str]:
    return set(by_id())


@lru_cache(maxsize=16)
def _derived(secret: str) -> AuditKey:
    return AuditKey(
        id=_derive(secret, "key id").hex()[:KEY_ID_LENGTH],
        chain=_derive(secret, "audit chain"),
        seal=_derive(secret, "audit seal"),
        fingerprint=_derive(secret, "value fingerprint"),
    )


def _derive(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"register code portal: {purpose}".encode(), "sha256").digest()
