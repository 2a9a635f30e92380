"""Decides what a person has to be told on their next page: what became of requests they were left in doubt about.

Reading tells nothing to the record: a note stays until the person puts it away.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from django.db.models import BigIntegerField, DateTimeField, F, Q, QuerySet
from django.utils import timezone

from registercodes import access
from registercodes.database import DATABASE_AWAY
from registercodes.models import RegisterCode
from registercodes.prepared import Given, Prepared

log = logging.getLogger("registercodes.telling")

State = RegisterCode.State
MOST = 3  # at a time; the next comes when one is put away
STORING = timedelta(minutes=2)  # the page with the value may still be open


def notes_for(user: Any) -> Callable[[], list[RegisterCode]]:
    """Asked when a page shows them, and once; a database that is away costs the notes and not the page."""
    return cache(lambda: _notes(user))


def _notes(user: Any) -> list[RegisterCode]:
    try:
        now = timezone.now()
        of = {"user": user.pk, "lapsed_before": access.lapsed_before(), "now": now, "stored_before": now - STORING}
        found = [pk for (pk,) in _untold(**of)] if user.is_active else []
        return list(RegisterCode.objects.select_related("team").filter(pk__in=found).order_by("-id")) if found else []
    except DATABASE_AWAY:
        log.warning("notes_not_read", exc_info=True)
        return []


@Prepared
def _untold() -> QuerySet[RegisterCode]:
    """Of what nobody made anew yet. What was told as never made, and then found, is told again.

    Every page asks, and mostly there is none: the keys alone cost a third less than rows.
    """
    user = Given("user", BigIntegerField())
    unheard = Q(told_at=None) | Q(told_at__lt=F("settled_at"))
    resolved = Q(state__in=[State.FOUND, State.ABSENT]) & unheard
    open_ended = Q(expires_at=None) | Q(expires_at__gt=Given("now", DateTimeField()))
    stale = Q(created_at__lt=Given("stored_before", DateTimeField()))
    lost = Q(state=State.ISSUED, confirmed_at=None, disable_wanted_at=None, told_at=None) & stale
    current = access.current_memberships(checked_since=Given("lapsed_before", DateTimeField()))
    teams = current.filter(user_id=user).values("team")
    mine = RegisterCode.objects.filter(created_by_id=user, team__in=teams, replaced_by=None)
    return mine.filter(resolved | (lost & open_ended)).order_by("-id").values_list("pk")[:MOST]


def put_away(code: RegisterCode) -> None:
    """The person read it. No history: nothing but this note depends on it."""
    RegisterCode.objects.filter(pk=code.pk).update(told_at=timezone.now())
