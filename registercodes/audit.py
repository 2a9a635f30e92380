"""The only writer of audit events: chains each to the one before, folds floods, logs one line per event.

Call inside the transaction that makes the thing true; the head row is locked
last (lock order: Team, RegisterCode, audit head) and until that commit. In a
database that is not this portal's record nothing is written at all.
"""

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from registercodes import keys, ownership, prepared
from registercodes.models import Action, AuditEvent, AuditHead, Fold, Outcome, RegisterCode, Team

log = logging.getLogger("registercodes.audit")

FORM_VERSION = 1
FOLD_WINDOW = timedelta(minutes=10)
# By hand: every event passes here, and building these in the ORM took longer than running them.
HEAD = f"SELECT id, chain, sequence, digest FROM {AuditHead._meta.db_table} WHERE id = 1"  # noqa: S608 (our own words)
MOVE_HEAD = f"UPDATE {AuditHead._meta.db_table} SET sequence = %s, digest = %s WHERE id = 1"  # noqa: S608
# Form 1, for good: a later column is for a form 2, or every digest made before it would change.
FORM_1 = (
    *("sequence", "chain", "at", "action", "outcome", "account", "actor_id", "actor_name", "team_id", "team_name"),
    *("register_code_id", "reference", "code_id", "region", "description", "instance_name_prefix", "register_limit"),
    *("effective_time", "permanent", "expires_at", "ip_address_range", "ip_first", "ip_last", "error_code"),
    *("request_id", "tencent_request_id", "client_ip", "user_agent", "detail"),
    *("key_id", "form_version", "previous_digest"),
)
FORMS = {1: FORM_1}
LOGGED = tuple(name for name in (*FORM_1, "digest") if name not in {"chain", "at"})  # those go by other names
USER_AGENT_MAX = 300

# Columns of the code a person asked for, copied so that an event stands on its own.
OF_CODE = (
    *("reference", "code_id", "region", "description", "instance_name_prefix", "register_limit", "effective_time"),
    *("permanent", "expires_at", "ip_address_range", "ip_first", "ip_last", "error_code", "tencent_request_id"),
)


@dataclass(frozen=True)
class Origin:
    """Where a request came from. ``request_id`` is ours; a command leaves the address empty."""

    request_id: str = ""
    client_ip: str = ""
    user_agent: str = ""


NOWHERE = Origin()


def record(
    action: Action,
    outcome: Outcome,
    *,
    actor: Any = None,
    team: Team | None = None,
    code: RegisterCode | None = None,
    origin: Origin = NOWHERE,
    detail: Mapping[str, Any] | None = None,
    **facts: Any,
) -> AuditEvent:
    """Append one event; ``facts`` are columns that no code supplies. Needs an open transaction."""
    head = lock_head()
    key = keys.current()
    event = AuditEvent(
        sequence=head.sequence + 1,
        chain=head.chain,
        at=timezone.now(),
        action=action,
        outcome=outcome,
        actor=actor,
        actor_name=str(actor) if actor else "",
        team=team,
        team_name=team.name if team else "",
        register_code=code,
        request_id=origin.request_id,
        client_ip=origin.client_ip,
        user_agent=origin.user_agent,
        detail=dict(detail or {}),
        key_id=key.id,
        form_version=FORM_VERSION,
        previous_digest=head.digest,
        **(_facts_of(code) if code else {}),
        **facts,
    )
    event.account = event.account or account()
    event.digest = digest_of(event, key=key)
    prepared.insert(event)
    _move_head(event)
    transaction.on_commit(lambda: _log_line(event))
    return event


def _move_head(event: AuditEvent) -> None:
    with prepared.planned_cursor(transaction.get_connection()) as cursor:
        cursor.execute(MOVE_HEAD, (event.sequence, event.digest))


def lock_head() -> AuditHead:
    """The head row, locked until commit (SQLite: the immediate transaction is the lock)."""
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an audit event belongs to a transaction")
    ownership.must_be_ours()
    lock = " FOR UPDATE" if connection.features.has_select_for_update else ""
    with prepared.planned_cursor(connection) as cursor:
        cursor.execute(HEAD + lock)
        found = cursor.fetchone()
    if found is None:
        raise AuditHead.DoesNotExist
    return AuditHead(*found)


def account() -> str:
    from django.conf import settings

    return settings.TAT_ACCOUNT


def _facts_of(code: RegisterCode) -> dict[str, Any]:
    return {name: getattr(code, name) for name in OF_CODE} | {"account": code.account}


def canonical(event: AuditEvent) -> bytes:
    return canonical_of({name: getattr(event, name) for name in FORM_1})


def canonical_of(columns: Mapping[str, Any]) -> bytes:
    """Form 1: every column but id and digest as JSON, keys sorted, no blanks, times in UTC microseconds."""
    return _written(columns).encode()


def utc_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return utc_text(value)
    raise TypeError(f"{type(value).__name__} has no place in an audit event")


# Made once: json.dumps makes an encoder for each call, and the whole record is written so to verify it.
_written = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=_plain).encode


def digest_of(event: AuditEvent, *, key: keys.AuditKey) -> str:
    return digest_of_form(canonical(event), key=key)


def digest_of_form(form: bytes, *, key: keys.AuditKey) -> str:
    """HMAC-SHA256 over the canonical form, which holds the digest before it; lower-case hex."""
    return hmac.digest(key.chain, form, "sha256").hex()


def _log_line(event: AuditEvent) -> None:
    """All that the digest covers. The detail as JSON text: what takes secrets out of lines looks at text."""
    facts = {name: getattr(event, name) for name in LOGGED}
    facts |= {"detail": _written(event.detail), "expires_at": utc_text(event.expires_at) if event.expires_at else None}
    # The id of the request that caused it, not of whatever runs when the commit returns.
    named = {"chain_id": event.chain, "event_at": utc_text(event.at), "request_id": event.request_id}
    log.info(str(event.action), extra=facts | named)


def record_folded(
    action: Action,
    outcome: Outcome = Outcome.FAILURE,
    *,
    actor: Any,
    reason: str,
    now: datetime | None = None,
    **rest: Any,
) -> bool:
    """Record what anybody can repeat once per person, reason and ten minutes; True when an event was written.

    Repeats are counted and told by the next event of the same kind, in its
    detail as ``repeats_before``.
    """
    now = now or timezone.now()
    with transaction.atomic():
        lock_head()
        fold, new = Fold.objects.get_or_create(key=f"{action}:{actor.pk}:{reason}"[:200], defaults={"since": now})
        if not new and now - fold.since < FOLD_WINDOW:
            fold.repeats += 1
            fold.save(update_fields=["repeats"])
            return False
        detail = {**rest.pop("detail", {}), "reason": reason, "repeats_before": fold.repeats}
        Fold.objects.filter(pk=fold.pk).update(since=now, repeats=0)
        record(action, outcome, actor=actor, detail=detail, **rest)
    return True


def record_once(action: Action, outcome: Outcome, *, code: RegisterCode, **rest: Any) -> bool:
    """Record ``action`` for a code unless it already is; True when an event was written."""
    with transaction.atomic():
        lock_head()
        if AuditEvent.objects.filter(register_code=code, action=action).exists():
            return False
        record(action, outcome, code=code, **rest)
    return True
