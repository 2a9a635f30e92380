"""Reads one code's region while a person waits, for a bounded time; has a budget apart from that of creates.

It decides nothing of its own: what is read, resolved and disabled is what any sync would.
"""

import time
from typing import Any, Final

from django.conf import settings

from registercodes import hosts, lifecycle, places, syncing
from registercodes.audit import Origin
from registercodes.models import RegisterCode

SECONDS: Final = 8.0
BUSY: Final = "busy"
AWAY: Final = "away"
PARTLY: Final = "partly"
REFRESH: Final = "refresh"
LEFT_OUT: Final = frozenset({"busy", "moved", "too_slow", "too_many"})


def refresh(code: RegisterCode, *, actor: Any, origin: Origin) -> str:
    """Empty when all of the region was read; else BUSY, AWAY or PARTLY."""
    hosts.forget()
    with places.place(REFRESH) as free:
        if not free or code.account != settings.TAT_ACCOUNT:
            return BUSY
        synced = next(syncing.sync([code.region], patience=0.5, until=time.monotonic() + SECONDS))
    if synced.why_not == syncing.BUSY and not synced.seen:
        return BUSY
    if synced.why_not and synced.why_not not in LEFT_OUT:
        return AWAY
    _ask_again(code, actor=actor, origin=origin)
    return PARTLY if synced.why_not else ""


def _ask_again(code: RegisterCode, *, actor: Any, origin: Origin) -> None:
    """For what is on record as wanted disabled, whether before or since this reading."""
    code.refresh_from_db(fields=["code_id", "disable_wanted_at", "disabled_at"])
    if code.code_id and code.disable_wanted_at and not code.disabled_at:
        lifecycle.push_disable(code, actor=actor, origin=origin)
