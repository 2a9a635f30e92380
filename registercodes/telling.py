"""Decides what a person has to be told on their next page: what became of requests they were left in doubt about.

Reading tells nothing to the record: a note stays until the person puts it away.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

from django.db.models import F, Q
from django.utils import timezone

from registercodes import access
from registercodes.database import DATABASE_AWAY
from registercodes.models import RegisterCode

log = logging.getLogger("registercodes.telling")

State = RegisterCode.State
MOST = 3  # at a time; the next comes when one is put away
STORING = timedelta(minutes=2)  # the page with the value may still be open


def notes_for(user: Any) -> Callable[[], list[RegisterCode]]:
    """Asked when a page shows them, and once; a database that is away costs the notes and not the page."""
    return cache(lambda: _notes(user))


def _notes(user: Any) -> list[RegisterCode]:
    try:
        found = list(_untold(user).order_by("-id").values_list("pk", flat=True)[:MOST])
        return list(RegisterCode.objects.select_related("team").filter(pk__in=found).order_by("-id")) if found else []
    except DATABASE_AWAY:
        log.warning("notes_not_read", exc_info=True)
        return []


def _untold(user: Any) -> Any:
    """Of what nobody made anew yet. What was told as never made, and then found, is told again.

    Every page asks, and mostly there is none: whoever reads it takes the keys, which costs a third less than rows.
    """
    now = timezone.now()
    unheard = Q(told_at=None) | Q(told_at__lt=F("settled_at"))
    resolved = Q(state__in=[State.FOUND, State.ABSENT]) & unheard
    open_ended = Q(expires_at=None) | Q(expires_at__gt=now)
    lost = Q(state=State.ISSUED, confirmed_at=None, disable_wanted_at=None, told_at=None, created_at__lt=now - STORING)
    mine = RegisterCode.objects.filter(created_by=user, team__in=access.teams_of(user), replaced_by=None)
    return mine.filter(resolved | (lost & open_ended))


def put_away(code: RegisterCode) -> None:
    """The person read it. No history: nothing but this note depends on it."""
    RegisterCode.objects.filter(pk=code.pk).update(told_at=timezone.now())
