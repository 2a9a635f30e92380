"""Decides when hosts on a code that nobody was shown raise the alarm: at the first, and whenever there are more.

What was said before is read from the record, so no sync says it twice.
"""

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery

from registercodes import audit
from registercodes.models import Action, AuditEvent, Outcome, RegisterCode, UpstreamCode

log = logging.getLogger("registercodes.alarming")

ALARM = "orphan_with_hosts"
ALARMING = (Action.CODE_FOUND, Action.CODE_ALARM)  # a code that is found with hosts raises it at once
State = RegisterCode.State


def detail_of(hosts: int) -> dict[str, Any]:
    """What an event says that counts as the alarm; nothing where no host enrolled."""
    return {"registered_count": hosts, "alarm": ALARM} if hosts else {}


def say(code: RegisterCode, *, hosts: int) -> None:
    """Once the event is committed."""
    if hosts:
        log.critical(ALARM, extra={"reference": code.reference, "code_id": code.code_id, "registered_count": hosts})


def raise_again(region: str) -> int:
    """For the region's orphans that more hosts enrolled with than was ever said; how many."""
    grown = [row for row in _orphans(region) if row.hosts > _said(row.last_alarm)]
    return sum(_raise(row) for row in grown)


def _orphans(region: str) -> QuerySet[RegisterCode]:
    """Those with hosts, each with what was said of it last."""
    told = UpstreamCode.objects.filter(
        account=OuterRef("account"), region=OuterRef("region"), code_id=OuterRef("code_id")
    )
    alarms = _alarms().filter(register_code=OuterRef("pk"))
    rows = RegisterCode.objects.filter(
        account=settings.TAT_ACCOUNT, region=region, state__in=[State.FOUND, State.WITHHELD]
    ).exclude(code_id="")
    return (
        rows.annotate(hosts=Subquery(told.values("registered_count")[:1]))
        .filter(hosts__gt=0)
        .annotate(last_alarm=Subquery(alarms.values("detail")[:1]))
        .select_related("team")
        .order_by("pk")
    )


def _alarms() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(action__in=ALARMING, detail__alarm=ALARM).order_by("-sequence")


def _said(detail: dict[str, Any] | None) -> int:
    return int(detail["registered_count"]) if detail else 0


def _raise(row: RegisterCode) -> bool:
    hosts = row.hosts
    with transaction.atomic():
        RegisterCode.objects.select_for_update(of=("self",)).get(pk=row.pk)  # one of two syncs at once says it
        before = _said(_alarms().filter(register_code=row).values_list("detail", flat=True).first())
        if hosts <= before:
            return False
        detail = detail_of(hosts) | {"registered_before": before}
        audit.record(Action.CODE_ALARM, Outcome.SUCCESS, code=row, team=row.team, detail=detail)
    say(row, hosts=hosts)
    return True
