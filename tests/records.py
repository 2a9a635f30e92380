"""Rows for tests to begin with, and a reading of the chain that shares no code with the one that writes it."""

import hashlib
import hmac
import itertools
import json
import uuid
from datetime import UTC

from django.conf import settings
from django.utils import timezone

from registercodes.models import AuditEvent, AuditHead, OutsideCode, RegisterCode, UpstreamCode

_numbers = itertools.count()
ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
MADE = {"issued", "withheld", "found"}


def a_code(*, team, person, state="issued", **changes) -> RegisterCode:
    """A row as issuing would have left it, inserted directly."""
    number = next(_numbers)
    reference = "".join(ALPHABET[number >> 5 * place & 31] for place in range(7))
    facts = {
        "reference": reference,
        "account": settings.TAT_ACCOUNT,
        "team": team,
        "team_name": team.name,
        "created_by": person,
        "created_by_name": str(person),
        "submission": uuid.uuid4(),
        "region": "ap-singapore",
        "description": "webserver",
        "description_sent": f"webserver ~{reference}",
        "register_limit": 10,
        "effective_time": 4,
        "permanent": False,
        "created_at": timezone.now(),
        "state": state,
        "code_id": f"9b5rb72b-418f-4a81-b32e-{number:012}" if state in MADE else "",
    }
    return RegisterCode.objects.create(**(facts | changes))


def break_in_chain() -> str:
    """What is wrong with the chain, checked row by row from its first; empty when it is whole."""
    before = ""
    events = AuditEvent.objects.order_by("sequence")
    for number, event in enumerate(events, start=1):
        if event.sequence != number:
            return f"{number}: missing"
        if event.previous_digest != before:
            return f"{number}: not linked"
        if event.digest != digest(event):
            return f"{number}: altered"
        before = event.digest
    head = AuditHead.objects.get(id=1)
    return "" if (head.sequence, head.digest) == (len(events), before) else "head: elsewhere"


def digest(event: AuditEvent) -> str:
    """HMAC-SHA256 over sorted compact JSON of every column but the row's own id and digest."""
    names = [field.attname for field in AuditEvent._meta.concrete_fields if field.attname not in {"id", "digest"}]
    columns = {name: getattr(event, name) for name in names}
    for name, value in columns.items():
        if hasattr(value, "isoformat"):
            columns[name] = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    written = json.dumps(columns, sort_keys=True, separators=(",", ":"))
    return hmac.new(chain_key(settings.AUDIT_KEY), written.encode(), hashlib.sha256).hexdigest()


def chain_key(secret: str) -> bytes:
    return hmac.new(secret.encode(), b"register code portal: audit chain", hashlib.sha256).digest()


def from_outside(*, team=None, by=None, region: str = "ap-singapore", **facts) -> UpstreamCode:
    """A code that a sync saw and no row asked for; adopted where a team is given."""
    now = timezone.now()
    told = {
        "code_id": f"out5rb72-418f-4a81-b32e-{next(_numbers):012}",
        "description": "made by hand",
        "register_limit": 10,
        "registered_count": 0,
        "enabled": True,
        "first_seen_at": now,
        "changed_at": now,
        "created_at": now,
    }
    code = UpstreamCode.objects.create(account=settings.TAT_ACCOUNT, region=region, **(told | facts))
    if team:
        OutsideCode.objects.create(
            account=code.account, region=region, code_id=code.code_id, team=team, adopted_at=now, adopted_by=by
        )
    return code


def seen(code, **facts) -> UpstreamCode:
    """What a sync saw of a code of ours."""
    told = {"code_id": code.code_id, "register_limit": code.register_limit, "created_at": code.created_at}
    return from_outside(region=code.region, **(told | facts))


def placed(path: str, code, team) -> str:
    """An address of the literal tables, with codes that exist in the places of the words."""
    path = path.replace("CODE", code.reference)
    if "OUTSIDE" in path:
        path = path.replace("OUTSIDE", str(from_outside().pk))
    return path.replace("ADOPTED", str(from_outside(team=team).pk)) if "ADOPTED" in path else path
