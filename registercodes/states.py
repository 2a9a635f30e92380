"""Decides in which state a code is, for people: from our own record, what the cloud last said, and the time.

Pure: no query, no clock, no words. What the cloud last said carries an "as
of"; what our own record says needs none. ``Enabled: false`` is computed by the
cloud and false for an expired code too, so it never means by itself that
somebody disabled the code.
"""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

PENDING_GRACE = timedelta(seconds=30)
SOON_MOST = timedelta(days=1)  # a code expires soon in the last quarter of its life, and at most in its last day
SOON_SHARE = 4
SEEN_AFTER = timedelta(minutes=1)  # a list read right after a create may lack the code


class State(enum.StrEnum):
    """What a person is told; ``RegisterCode.State`` is what the record holds."""

    ACTIVE = "active"
    EXPIRES_SOON = "expires_soon"
    EXPIRED = "expired"
    USED_UP = "used_up"
    DISABLING = "disabling"
    DISABLED = "disabled"
    DELETED_UPSTREAM = "deleted_upstream"
    UNCONFIRMED = "unconfirmed"
    STILL_WORKING = "still_working"
    UNKNOWN = "unknown"
    FOUND = "found"  # found and disabled
    ABSENT = "absent"  # never made
    REFUSED = "refused"
    NOT_SENT = "not_sent"
    WITHHELD = "withheld"


ADMITTING = frozenset({State.ACTIVE, State.EXPIRES_SOON, State.UNCONFIRMED, State.DISABLING})


@dataclass(frozen=True)
class Honest:
    """A state and since when we know; ``as_of`` None: by our own record, whatever the cloud says.

    ``by_us`` False of a disabled code: only the cloud says that it admits nobody, and not why.
    """

    state: State
    as_of: datetime | None = None
    by_us: bool = True


def state_of(code: Any, *, upstream: Any = None, as_of: datetime | None = None, now: datetime) -> Honest:
    """``upstream``: the code's UpstreamCode or its like, or None; ``as_of``: the region's last complete pass."""
    match code.state:
        case "pending":
            return Honest(State.STILL_WORKING if is_settling(code, now=now) else State.UNKNOWN)
        case "found" if not _is_closed(code, upstream, now=now):
            return Honest(State.DISABLING)
        case "issued":
            return _issued(code, upstream, as_of, now)
        case settled:
            return Honest(State(settled))


def is_settling(code: Any, *, now: datetime) -> bool:
    """Still within the time in which an answer can come."""
    return code.state == "pending" and now - code.created_at <= patience()


def patience() -> timedelta:
    return PENDING_GRACE + timedelta(seconds=settings.TAT_DEADLINE)


def _issued(code: Any, upstream: Any, as_of: datetime | None, now: datetime) -> Honest:
    """By what closes a code for good first; what admits hosts comes last."""
    if _is_gone(code, upstream, as_of):
        return Honest(State.DELETED_UPSTREAM, as_of)
    if code.disabled_at:
        return Honest(State.DISABLED)
    if _is_expired(code, upstream, now):
        return Honest(State.EXPIRED, as_of if upstream else None)
    if code.disable_wanted_at:
        return Honest(State.DISABLING)
    if upstream and _is_used_up(code, upstream):
        return Honest(State.USED_UP, as_of)
    if upstream and upstream.enabled is False:
        return Honest(State.DISABLED, as_of, by_us=False)
    if not code.confirmed_at:
        return Honest(State.UNCONFIRMED, as_of if upstream else None)
    soon = _expires_soon(code, upstream, now)
    return Honest(State.EXPIRES_SOON if soon else State.ACTIVE, as_of if upstream else None)


def _is_closed(code: Any, upstream: Any, *, now: datetime) -> bool:
    return bool(code.disabled_at or (upstream and upstream.gone_at) or _is_expired(code, upstream, now))


def _is_gone(code: Any, upstream: Any, as_of: datetime | None) -> bool:
    """Seen and then not any more; or never seen, though a complete pass began well after the code was made."""
    if upstream:
        return upstream.gone_at is not None
    return bool(as_of and code.settled_at and code.settled_at + SEEN_AFTER < as_of)


def expiry_of(code: Any, upstream: Any) -> datetime | None:
    """The cloud's word over our reckoning, which is never later; None for a permanent code."""
    return (upstream.expires_at if upstream else None) or code.expires_at


def _is_expired(code: Any, upstream: Any, now: datetime) -> bool:
    ends = expiry_of(code, upstream)
    return ends is not None and ends <= now


def _expires_soon(code: Any, upstream: Any, now: datetime) -> bool:
    ends = expiry_of(code, upstream)
    return ends is not None and ends - now <= min((ends - code.created_at) / SOON_SHARE, SOON_MOST)


def _is_used_up(code: Any, upstream: Any) -> bool:
    limit = code.register_limit if upstream.register_limit is None else upstream.register_limit
    return upstream.registered_count is not None and upstream.registered_count >= limit
