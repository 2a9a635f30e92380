"""Decides whether the cloud that answers is the one that has our codes; an empty or foreign account closes none.

Keys of another account, or a region answered by the wrong place, show a list
without our codes and call each of them not found. Only a code of ours that is
seen proves the account; a code's own expiry needs no proof.
"""

from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.db.models import Exists, OuterRef, Q

from registercodes import database, states
from registercodes.models import RegisterCode, SyncRun, UpstreamCode

RECENT = timedelta(minutes=10)
GONE = "ResourceNotFound.RegisterCodesNotFoundCode"
UNPROVEN = "not_found_unproven"


class Placed(Protocol):
    """A code of ours or from outside."""

    account: str
    region: str


def expects_codes(region: str) -> bool:
    """Whether a list of the region without one of our codes is a surprise: some should be open, and in it by now."""
    now = database.now()
    gone = UpstreamCode.objects.filter(
        account=OuterRef("account"), region=OuterRef("region"), code_id=OuterRef("code_id"), gone_at__isnull=False
    )
    return (
        RegisterCode.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            ~Exists(gone),
            account=settings.TAT_ACCOUNT,
            region=region,
            disabled_at=None,
            settled_at__lt=now - states.SEEN_AFTER,
        )
        .exclude(code_id="")
        .exists()
    )


def judged(code: Placed, why_not: str, *, expires_at: datetime | None) -> str:
    """A "not found" that proves nothing is UNPROVEN; every other answer stays what it was."""
    if why_not != GONE:
        return why_not
    now = database.now()
    is_expired = expires_at is not None and expires_at <= now
    runs = SyncRun.objects.filter(account=code.account, region=code.region, started_at__gte=now - RECENT)
    last = runs.order_by("-started_at", "-pk").first()
    return GONE if is_expired or (last and last.complete and last.known) else UNPROVEN
