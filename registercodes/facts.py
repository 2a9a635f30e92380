"""Attaches to codes what the cloud last said of them and when: one statement however many codes; decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Subquery

from registercodes.models import RegisterCode, SyncRun, UpstreamCode


@dataclass(frozen=True)
class Told:
    """What the cloud last said of one code of ours."""

    register_limit: int | None
    registered_count: int | None
    enabled: bool | None
    expires_at: datetime | None
    updated_at: datetime | None
    changed_at: datetime
    gone_at: datetime | None


NAMES = tuple(Told.__dataclass_fields__)


def attach(codes: Sequence[RegisterCode]) -> None:
    """Give each code ``upstream`` (Told or None) and ``as_of``: when its region, or later its row, was last read."""
    made = [code.pk for code in codes if code.code_id]
    if not made:
        return
    passes = SyncRun.objects.filter(account=OuterRef("account"), region=OuterRef("region"), complete=True)
    rows = UpstreamCode.objects.filter(
        account=OuterRef("account"), region=OuterRef("region"), code_id=OuterRef("code_id")
    )
    found = RegisterCode.objects.filter(pk__in=made).order_by()
    facts = {
        pk: (as_of, told)
        for pk, as_of, *told in found.values_list(
            "pk",
            Subquery(passes.order_by("-started_at").values("started_at")[:1]),
            *(Subquery(rows.values(name)[:1]) for name in NAMES),
        )
    }
    for code in codes:
        as_of, told = facts.get(code.pk, (None, [None] * len(NAMES)))
        code.upstream = Told(*told) if told[NAMES.index("changed_at")] else None
        code.as_of = max(filter(None, [as_of, code.upstream and code.upstream.changed_at]), default=None)
