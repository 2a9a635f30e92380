"""Writes events as CSV or JSON Lines, streamed, with a manifest that lets anybody check the file afterwards.

Names follow the Elastic Common Schema where it has a word. Whoever exports is on
record before the first row leaves. Nothing here decides who may.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import models, transaction
from django.db.models import QuerySet
from django.utils import timezone

from registercodes import audit, sealing, walking
from registercodes.audit import NOWHERE, Origin
from registercodes.database import unhurried
from registercodes.models import Action, AuditEvent, AuditHead, Outcome

KIND = "register code portal: audit export"
ECS_VERSION = "8.11.0"
# Our column: the field's name outside. What ECS has no word for is under "portal.".
FIELDS = {
    "at": "@timestamp",
    "sequence": "event.sequence",
    "action": "event.action",
    "outcome": "event.outcome",
    "actor_name": "user.name",
    "team_name": "group.name",
    "description": "portal.description",
    "register_limit": "portal.register_limit",
    "effective_time": "portal.effective_time",
    "permanent": "portal.permanent",
    "expires_at": "portal.expires_at",
    "ip_address_range": "portal.ip_address_range",
    "region": "cloud.region",
    "instance_name_prefix": "portal.instance_name_prefix",
    "reference": "portal.reference",
    "code_id": "portal.code_id",
    "client_ip": "client.ip",
    "error_code": "error.code",
    "detail": "portal.detail",
    "request_id": "http.request.id",
    "tencent_request_id": "portal.tencent_request_id",
    "user_agent": "user_agent.original",
    "account": "cloud.account.name",
    "actor_id": "user.id",
    "team_id": "group.id",
    "register_code_id": "portal.register_code_id",
    "ip_first": "portal.ip_first",
    "ip_last": "portal.ip_last",
    "chain": "portal.chain",
    "key_id": "portal.key_id",
    "form_version": "portal.form_version",
    "previous_digest": "portal.previous_digest",
    "digest": "event.hash",
}
COLUMNS = tuple(FIELDS)
FORMULA = frozenset("=+-@\t\r\n")  # a spreadsheet runs a cell that begins so
# With another language Excel splits at semicolons, quotes or not: what would begin a cell then is no formula either.
SPLIT = re.compile(r"([;\t\r\n])(?=[\s\"]*[=+\-@])")
BOM = "\ufeff"  # without it Excel reads UTF-8 as something older
BATCH = 1000
_of_kind = {field.attname: type(field) for field in AuditEvent._meta.concrete_fields}
TIMES = [COLUMNS.index(name) for name in COLUMNS if _of_kind[name] is models.DateTimeField]
TEXTS = [COLUMNS.index(name) for name in COLUMNS if _of_kind[name] is models.CharField]
DETAIL, PERMANENT = COLUMNS.index("detail"), COLUMNS.index("permanent")
SEQUENCE, DIGEST = COLUMNS.index("sequence"), COLUMNS.index("digest")

Row = tuple[Any, ...]  # the values of COLUMNS


class Export:
    """One pass over ``events`` up to the record's end as it is now: iterate for bytes, then ask for the manifest."""

    def __init__(self, events: QuerySet[AuditEvent], *, style: str, filters: Mapping[str, Any]) -> None:
        self.upto = AuditHead.objects.values_list("sequence", flat=True).get(id=1)
        self.events = events.filter(sequence__lte=self.upto)
        self.style = style
        self.filters = dict(filters)
        self.count, self.first, self.last = 0, 0, 0
        self._digests, self._bytes = hashlib.sha256(), hashlib.sha256()

    def announce(self, *, by: str = "", actor: Any = None, origin: Origin = NOWHERE, **facts: Any) -> None:
        """Put on record who takes what, before it is taken; ``by`` is the operating system's name of a command."""
        with unhurried():
            count = self.events.count()
        detail = {"format": self.style, "filters": self.filters, "count": count, "upto": self.upto}
        detail |= {"by": by} if by else {}
        with transaction.atomic():
            audit.record(Action.AUDIT_EXPORTED, Outcome.SUCCESS, actor=actor, origin=origin, detail=detail | facts)

    def __iter__(self) -> Iterator[bytes]:
        begin, write = STYLES[self.style]
        yield from self._counted(begin)
        rows = walking.rows(*COLUMNS, events=self.events)
        while batch := list(islice(rows, BATCH)):
            self.first = self.first or batch[0][SEQUENCE]
            self.last = batch[-1][SEQUENCE]
            self.count += len(batch)
            self._digests.update("".join(f"{row[DIGEST]}\n" for row in batch).encode())
            yield from self._counted(write(batch))

    def _counted(self, text: str) -> Iterator[bytes]:
        if text:
            written = text.encode()
            self._bytes.update(written)
            yield written

    def manifest(self) -> str:
        """Sealed, so that who changes the file cannot make a manifest that fits. Only after the last byte."""
        return sealing.seal(KIND, self.facts())

    def note_end(self, *, actor: Any, origin: Origin, file: str) -> None:
        """Put on record what left, so that its manifest can be had from there. Only after the last byte."""
        with transaction.atomic():
            detail = {"file": file, "manifest": self.facts()}
            audit.record(Action.AUDIT_HANDED_OUT, Outcome.SUCCESS, actor=actor, origin=origin, detail=detail)

    def facts(self) -> dict[str, Any]:
        return {
            "format": self.style,
            "count": self.count,
            "first_sequence": self.first,
            "last_sequence": self.last,
            "digests_sha256": self._digests.hexdigest(),
            "file_sha256": self._bytes.hexdigest(),
            "filters": self.filters,
            "upto": self.upto,
            "at": audit.utc_text(timezone.now()),
        }


def manifest_on_record(event: AuditEvent) -> tuple[str, str] | None:
    """(the file's name, its manifest sealed anew) where the event tells of a file that left whole."""
    if event.action != Action.AUDIT_HANDED_OUT:
        return None
    return event.detail["file"], sealing.seal(KIND, event.detail["manifest"])


def announce_follower(*, by: str, after: int) -> None:
    """On record once, when somebody begins to follow; going on from the cursor is the same export."""
    detail = {"format": "jsonl", "filters": {}, "follow": True, "after": after, "by": by}
    with transaction.atomic():
        audit.record(Action.AUDIT_EXPORTED, Outcome.SUCCESS, detail=detail)


# Each style: what stands at the beginning, and a batch of rows as text.


def csv_text(rows: Iterable[Row]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerows(map(_cells, rows))
    return buffer.getvalue()


def _cells(row: Row) -> list[Any]:
    cells = list(row)
    for at in TIMES:
        cells[at] = audit.utc_text(cells[at]) if cells[at] else ""
    cells[DETAIL] = SPLIT.sub(r"\1'", _readable(cells[DETAIL])) if cells[DETAIL] else ""
    permanent = cells[PERMANENT]
    cells[PERMANENT] = "" if permanent is None else "true" if permanent else "false"
    for at in TEXTS:
        text = cells[at]
        if text and text[0] in FORMULA:
            text = f"'{text}"
        cells[at] = SPLIT.sub(r"\1'", text) if text and ";" in text else text
    return cells


_readable = json.JSONEncoder(ensure_ascii=False).encode


def jsonl_text(rows: Iterable[Row]) -> str:
    return "".join(map(_line, rows))


def _line(row: Row) -> str:
    """Empty columns are left out: an empty client.ip is no address to a log platform."""
    columns = {name: value for name, value in zip(FIELDS.values(), row, strict=True) if _is_given(value)}
    return _written({"ecs.version": ECS_VERSION, **columns}) + "\n"


def _is_given(value: Any) -> bool:
    return value is not None and value != "" and value != {}


def _plain(value: datetime) -> str:
    return audit.utc_text(value)


_written = json.JSONEncoder(separators=(",", ":"), default=_plain).encode
STYLES: dict[str, tuple[str, Callable[[Iterable[Row]], str]]] = {
    "csv": (BOM + ",".join(FIELDS.values()) + "\r\n", csv_text),
    "jsonl": ("", jsonl_text),
}
