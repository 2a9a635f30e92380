"""Decides who syncs a region: one at a time, claimed by compare-and-set and given up by time; never a lock in a call.

Whoever lost it by being slow harms nothing: every change of a row is compare-and-set too.
"""

import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db.models import Q

from registercodes import database
from registercodes.models import SyncLease

LEASE = timedelta(seconds=90)  # longer than a page's call with its retries
RENEW_SECONDS = 20.0
POLL_SECONDS = 0.2


class Lease:
    """A claim on one region until its time is over."""

    def __init__(self, region: str) -> None:
        self.which = {"account": settings.TAT_ACCOUNT, "region": region}
        self.holder = uuid.uuid4().hex
        self.good_until = 0.0

    def claim(self) -> bool:
        now = database.now()
        # One that ends later than anybody could have asked for: the clock was set back.
        free = Q(expires_at__lte=now) | Q(expires_at__gt=now + LEASE)
        if SyncLease.objects.filter(free, **self.which).update(holder=self.holder, expires_at=now + LEASE):
            return True
        fresh = SyncLease(**self.which, holder=self.holder, expires_at=now + LEASE)
        SyncLease.objects.bulk_create([fresh], ignore_conflicts=True)
        return SyncLease.objects.filter(**self.which, holder=self.holder).exists()

    def renew(self) -> bool:
        """Asked at every page, done now and then. False when the region is somebody else's by now."""
        if time.monotonic() < self.good_until:
            return True
        renewed = SyncLease.objects.filter(**self.which, holder=self.holder).update(expires_at=database.now() + LEASE)
        self.good_until = time.monotonic() + RENEW_SECONDS if renewed else 0.0
        return bool(renewed)

    def release(self) -> None:
        SyncLease.objects.filter(**self.which, holder=self.holder).update(expires_at=database.now())


def longest_ago_first(regions: Iterable[str]) -> list[str]:
    """By when anybody last had them; those that nobody ever had come first, in the order given.

    A pass leaves a row only when it ends: the lease knows of those that failed or were killed as well.
    """
    leases = SyncLease.objects.filter(account=settings.TAT_ACCOUNT)
    ends = dict(leases.values_list("region", "expires_at"))
    never = datetime.min.replace(tzinfo=UTC)
    return sorted(regions, key=lambda region: ends.get(region, never))


@contextmanager
def held(region: str, *, patience: float) -> Iterator[Lease | None]:
    """The region's lease, after at most ``patience`` seconds; None while somebody else has it."""
    lease = Lease(region)
    give_up = time.monotonic() + patience
    while not (claimed := lease.claim()) and time.monotonic() < give_up:
        time.sleep(POLL_SECONDS)
    try:
        yield lease if claimed else None
    finally:
        if claimed:
            lease.release()
