"""How tests sync: by the service itself, at a time of their choosing, and what they put into the cloud beforehand."""

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from registercodes import cloud, syncing
from registercodes.models import AuditEvent, SyncRun, UpstreamCode
from registercodes.tat import Created

HERE = "ap-singapore"
KEEPS = {"Description": "", "RegisterLimit": 10, "EffectiveTime": 4}


def sync(*, at: datetime | None = None, region: str = HERE) -> syncing.Synced:
    """One region, at that time by everybody's clock."""
    how = {"clock": lambda: at} if at else {}
    return next(syncing.sync([region], **how))


def made_elsewhere(**parameters: object) -> str:
    """A code in the cloud that no row asked for; its id."""
    return created(**parameters).code_id


def created(*, region: str = HERE, **changes: object) -> Created:
    return cloud.client().create_register_code(region=region, parameters=KEEPS | changes, trace_id=uuid.uuid4().hex)


def told(code_id: str) -> UpstreamCode:
    return UpstreamCode.objects.get(code_id=code_id)


def actions(code) -> list[str]:
    return [event.action for event in AuditEvent.objects.filter(register_code=code).order_by("sequence")]


def passes() -> list[tuple[bool, int]]:
    """Complete or not, and how many of ours were seen."""
    return list(SyncRun.objects.order_by("pk").values_list("complete", "known"))


def ago(**time: float) -> datetime:
    return timezone.now() - timedelta(**time)


def ahead(**time: float) -> datetime:
    return timezone.now() + timedelta(**time)
