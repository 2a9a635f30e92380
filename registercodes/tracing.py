"""Asks the cloud which code a host was enrolled with: by its id, name or local address; never for long, keeps nothing.

The API filters by all of them but the host's own name: for that the newest
hosts of each region are read, a few pages of them and no more.
"""

import logging
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.conf import settings

from registercodes import cloud, places, throttle
from registercodes.database import DATABASE_AWAY
from registercodes.hosts import DESCRIBE, SLOT_SECONDS
from registercodes.pasted import Kind
from registercodes.tat.errors import TatError
from registercodes.tat.records import RegisterInstanceInfo

log = logging.getLogger("registercodes.tracing")

PAGE: Final = 100
NEWEST_PAGES: Final = 3  # of a region, for a host's own name
LOOK_SECONDS: Final = 3.0  # of one call
ALL_SECONDS: Final = 8.0
MOST: Final = 20  # hosts
FILTERS: Final = {Kind.INSTANCE_ID: "instance-id", Kind.LOCAL_IP: "local-ip"}
BY_NAME: Final = "instance-name"


class _NotAsked(Exception):
    """No place, no slot, or no time left."""


@dataclass(frozen=True)
class Traced:
    """``hosts`` with the region of each; not ``is_whole``: the cloud, or a region of it, could not be asked."""

    hosts: tuple[tuple[str, RegisterInstanceInfo], ...] = ()
    is_whole: bool = True


def trace(kind: Kind, text: str) -> Traced:
    """Hosts that ``text`` names; raises nothing. What it asks does not depend on what it finds."""
    found: dict[str, tuple[str, RegisterInstanceInfo]] = {}
    until = time.monotonic() + ALL_SECONDS
    try:
        with places.place(DESCRIBE) as free:
            if not free:
                return Traced(is_whole=False)
            for region in settings.TAT_REGIONS:
                for host in _read(region, kind, text, until=until):
                    if _fits(host, kind, text) and len(found) < MOST:
                        found.setdefault(host.instance_id, (region, host))
    except (_NotAsked, TatError, *DATABASE_AWAY):
        log.warning("hosts_not_traced", extra={"kind": str(kind)}, exc_info=True)
        return Traced(tuple(found.values()), is_whole=False)
    return Traced(tuple(found.values()))


def _read(region: str, kind: Kind, text: str, *, until: float) -> Iterator[RegisterInstanceInfo]:
    yield from _page(region, {FILTERS.get(kind, BY_NAME): [text]}, 0, until=until)
    if kind in FILTERS:
        return
    for number in range(NEWEST_PAGES):
        page = _page(region, {}, number * PAGE, until=until)
        yield from page
        if len(page) < PAGE:
            return


def _page(
    region: str, filters: dict[str, list[str]], offset: int, *, until: float
) -> tuple[RegisterInstanceInfo, ...]:
    if time.monotonic() > until or not throttle.take(DESCRIBE, wait=SLOT_SECONDS):
        raise _NotAsked
    page = cloud.client(deadline=LOOK_SECONDS).describe_register_instances(
        region=region, filters=filters, offset=offset, limit=PAGE, trace_id=uuid.uuid4().hex
    )
    return page.items[:PAGE]


def _fits(host: RegisterInstanceInfo, kind: Kind, text: str) -> bool:
    """Read again here: a cloud that ignores a filter tells of other hosts."""
    if kind == Kind.INSTANCE_ID:
        return host.instance_id.casefold() == text.casefold()
    if kind == Kind.LOCAL_IP:
        return host.local_ip == text
    return text.casefold() in {host.instance_name.casefold(), host.host_name.casefold()}
