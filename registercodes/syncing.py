"""Brings the record and the cloud together, region by region: reads, resolves, asks again; two at once are safe.

A cloud that cannot be read changes nothing. A region that fails keeps no
other one from its turn.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from registercodes import alarming, database, disabling, leases, outside, resolving, upstream
from registercodes.database import DATABASE_AWAY
from registercodes.models import RegisterCode

log = logging.getLogger("registercodes.syncing")

BUSY = "busy"  # somebody else syncs the region
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Synced:
    """What one sync did in one region; ``why_not`` is empty when it saw every code."""

    region: str
    why_not: str = ""
    seen: int = 0
    changed: int = 0
    unknown: int = 0
    found: int = 0
    absent: int = 0
    disabled: int = 0
    wanted: int = 0

    @property
    def complete(self) -> bool:
        return not self.why_not


def regions() -> list[str]:
    """Those configured, and those that rows of ours are in: a region taken off the list still has codes.

    The one whose turn was longest ago comes first: a run that is ended in a slow region does not keep those behind
    it from their turn for ever.
    """
    used = (
        RegisterCode.objects.filter(account=settings.TAT_ACCOUNT).order_by("region").values_list("region", flat=True)
    )
    return leases.longest_ago_first(dict.fromkeys([*settings.TAT_REGIONS, *used.distinct()]))


def sync(
    chosen: Sequence[str] = (),
    *,
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], datetime] = database.now,
    until: float | None = None,
) -> Iterator[Synced]:
    """Sync the chosen regions, all of ours if none. ``patience``: seconds to wait for somebody else's sync.

    ``until``, on ``time.monotonic``: somebody waits for a page. What was not read by then is left to the next sync,
    and so are the disables.
    """
    for region in chosen or regions():
        try:
            synced = _sync_region(region, patience=patience, clock=clock, until=until)
        except DATABASE_AWAY:
            log.error("sync_not_recorded", extra={"region": region}, exc_info=True)
            synced = Synced(region, "database")
        except Exception:
            log.exception("sync_failed_unexpectedly", extra={"region": region})
            synced = Synced(region, "internal_error")
        log.log(logging.INFO if synced.complete else logging.WARNING, "synced", extra=vars(synced))
        yield synced


def _disable_again(region: str) -> tuple[int, int]:
    """Codes of ours and from outside together: agreed to, and wanted."""
    (ours, ours_wanted), (theirs, theirs_wanted) = disabling.retry_wanted(region), outside.retry_wanted(region)
    return ours + theirs, ours_wanted + theirs_wanted


def _sync_region(region: str, *, patience: float, clock: Callable[[], datetime], until: float | None) -> Synced:
    with leases.held(region, patience=patience) as lease:
        if lease is None:
            return Synced(region, BUSY)
        taken = upstream.take_in(region, clock=clock, go_on=lease.renew, until=until)
        unknown = found = absent = 0
        if taken.run:
            # In this order a request left by a kill needs one sync, not two.
            unknown = resolving.give_up(region, now=clock())
            found, absent = resolving.resolve(region, run=taken.run, now=clock())
        disabled, wanted = _disable_again(region) if until is None else (0, 0)
        if taken.run:
            alarming.raise_again(region)  # after the disables: nothing here may keep an orphan open
        return Synced(
            region=region,
            why_not=taken.why_not,
            seen=taken.seen,
            changed=taken.changed,
            unknown=unknown,
            found=found,
            absent=absent,
            disabled=disabled,
            wanted=wanted,
        )
