"""Seals what is said of the record outside the database: anchors and manifests, as JSON with an HMAC of itself.

A seal tells that this portal's key said so, not that it is still true.
"""

import hmac
import json
from collections.abc import Mapping
from typing import Any

from registercodes import keys

SEAL = ("key_id", "hmac")


class NotSealed(Exception):
    """The text is not one of ours, was changed, or was sealed with a key that is not known here."""


def seal(kind: str, facts: Mapping[str, Any]) -> str:
    """One JSON object, readable by people; ``kind`` keeps an anchor from passing for a manifest."""
    key = keys.current()
    sealed = {"kind": kind, **facts, "key_id": key.id}
    return json.dumps(sealed | {"hmac": _hmac(sealed, key=key)}, indent=2, ensure_ascii=False) + "\n"


def opened(kind: str, text: str) -> dict[str, Any]:
    """The facts of a sealed text. Raises ``NotSealed`` with what is wrong, in words."""
    try:
        sealed = json.loads(text)
        given = sealed.pop("hmac")
        key_id, found = sealed["key_id"], sealed["kind"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotSealed("it is not a sealed JSON object of this portal") from None
    if found != kind:
        raise NotSealed(f"it is of kind {found!r}, not {kind!r}")
    key = keys.by_id().get(key_id) if isinstance(key_id, str) else None
    if key is None:
        raise NotSealed(f"it was sealed with a key of id {key_id!r}, which is not among AUDIT_KEY and its fallbacks")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), _hmac(sealed, key=key).encode()):
        raise NotSealed("its seal does not fit its content: it was changed")
    return {name: value for name, value in sealed.items() if name not in {"kind", *SEAL}}


def _hmac(facts: Mapping[str, Any], *, key: keys.AuditKey) -> str:
    form = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hmac.digest(key.seal, form.encode(), "sha256").hex()
