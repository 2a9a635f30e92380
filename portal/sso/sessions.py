"""Opens, reads and ends sessions. What a session is good for is in itself; who has which, in LiveSession.

The provider's id token is kept in the server's session only: a re-check and a
sign-out name the person with it.
"""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.sso.models import LiveSession, User
from registercodes.audit import Origin

FACTS = "sso"
TOUCH_SECONDS = 60  # a session that is used is written once a minute at most
BREAK_GLASS_SECONDS = 3600

Kind = LiveSession.Kind


@dataclass(frozen=True, repr=False)
class Facts:
    """Times are seconds of the epoch. ``groups_problem`` tells a person without access why."""

    kind: str
    started_at: float
    seen_at: float
    checked_at: float
    id_token: str = ""
    groups_problem: str = ""

    def age(self, now: float) -> float:
        """Seconds since the provider last vouched for the person; a clock that went back makes it old."""
        return now - self.checked_at if now >= self.checked_at else float("inf")

    def is_over(self, now: float) -> bool:
        if self.kind == Kind.SAMPLE and settings.SINGLE_SIGN_ON:
            return True
        longest = BREAK_GLASS_SECONDS if self.kind == Kind.BREAK_GLASS else settings.SESSION_MAX_SECONDS
        return now - self.started_at >= longest or now - self.seen_at >= settings.SESSION_IDLE_SECONDS


def open_for(
    request: HttpRequest, person: User, *, kind: Kind, origin: Origin, checked_at: float, sid: str = "", **more: str
) -> LiveSession:
    """A session under a new id; inside the transaction that signs in. ``more``: id_token, groups_problem."""
    left = request.session.session_key
    request.session.flush()  # Django keeps the id when the same person signs in again
    login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    now = time.time()
    request.session[FACTS] = asdict(Facts(kind=kind, started_at=now, seen_at=now, checked_at=checked_at, **more))
    at = timezone.now()
    if left:
        LiveSession.objects.filter(key=left).delete()
    over = LiveSession.objects.filter(user=person, started_at__lt=at - timedelta(seconds=settings.SESSION_MAX_SECONDS))
    Session.objects.filter(session_key__in=over.values("key")).delete()
    over.delete()
    return LiveSession.objects.create(
        user=person,
        key=request.session.session_key,
        kind=kind,
        sid=sid,
        started_at=at,
        checked_at=as_time(checked_at),
        client_ip=origin.client_ip,
        user_agent=origin.user_agent,
    )


def facts_of(request: HttpRequest) -> Facts | None:
    return _facts_in(request.session)


def _facts_in(session: Any) -> Facts | None:
    try:
        return Facts(**session.get(FACTS))
    except TypeError:  # none, or of an older release
        return None


def living(person: User, *, now: float) -> Iterator[LiveSession]:
    """Newest first. Rows of sessions that are over stay until a browser comes back, or the person signs in."""
    rows = LiveSession.objects.filter(user=person)
    unexpired = Session.objects.filter(expire_date__gt=as_time(now))
    stored = unexpired.in_bulk(rows.values_list("key", flat=True))
    for row in rows:
        facts = _facts_in(stored[row.key].get_decoded()) if row.key in stored else None
        if facts is not None and not facts.is_over(now):
            yield row


def is_break_glass(request: HttpRequest) -> bool:
    """Of pages that no gate was asked about as well: one that does not exist, or of a form without its token."""
    facts = facts_of(request) if getattr(request, "session", None) else None
    return facts is not None and facts.kind == Kind.BREAK_GLASS


def is_fresh(request: HttpRequest) -> bool:
    """For what answers before the gate does: whether a signed-in person may be shown a form without asking anybody."""
    facts, now = facts_of(request), time.time()
    if not settings.SINGLE_SIGN_ON:
        return facts is None or not facts.is_over(now)
    is_of_theirs = facts is not None and facts.kind == Kind.SINGLE_SIGN_ON
    return is_of_theirs and not facts.is_over(now) and facts.age(now) <= settings.OIDC_RECHECK_SECONDS


def as_time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def touch(request: HttpRequest, facts: Facts, *, now: float) -> None:
    """A busy database may forget this one; the next request comes to it again."""
    if now - facts.seen_at >= TOUCH_SECONDS:
        with suppress(UpdateError):
            _keep(request, replace(facts, seen_at=now))


def checked(request: HttpRequest, *, checked_at: float, sid: str, **more: str) -> None:
    """The provider vouched for the session's person; ``more``: id_token, groups_problem.

    Raises ``UpdateError`` for a session that ended meanwhile: the gate, which has not been asked, says so next.
    """
    now, facts = time.time(), facts_of(request)
    if facts is None or facts.is_over(now):
        raise UpdateError
    _keep(request, replace(facts, seen_at=now, checked_at=checked_at, **more))
    row = LiveSession.objects.filter(key=request.session.session_key)
    row.update(checked_at=as_time(checked_at), sid=sid)


def _keep(request: HttpRequest, facts: Facts) -> None:
    """At once, not with the answer: that may show a value, and a database that is gone by then would take it away."""
    request.session[FACTS] = asdict(facts)
    try:
        request.session.save()
    finally:
        request.session.modified = False


def end(request: HttpRequest) -> None:
    """This browser's session alone."""
    LiveSession.objects.filter(key=request.session.session_key or "").delete()
    request.session.flush()


@transaction.atomic
def end_all(person: User, *, among: QuerySet[LiveSession] | None = None) -> int:
    """Every session of a person, or theirs ``among`` some; they are gone at the next request."""
    living = LiveSession.objects.all() if among is None else among
    keys = list(living.filter(user=person).values_list("key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    LiveSession.objects.filter(key__in=keys).delete()
    return len(keys)
