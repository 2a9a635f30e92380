"""Decides in SQL which codes hosts can enrol with: those that ``states`` finds admitting, and no others.

A test holds the two together over the table of states. An index of ours finds
what may admit; what the cloud last said of it judges.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Case, DateTimeField, Exists, F, Max, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce, Greatest

from registercodes import states
from registercodes.models import RegisterCode, SyncRun, UpstreamCode

State = RegisterCode.State
# The cloud's end counts, and is later than our reckoning by what an answer took and by what two clocks differ.
ENDS_LATER = timedelta(days=1)

ISSUED = Q(state=State.ISSUED, disabled_at__isnull=True)
FOUND = Q(state=State.FOUND, disabled_at__isnull=True)
LASTING = ISSUED & Q(expires_at__isnull=True)
ONE_BY_ONE, ALL = "in_cloud", "in_cloud_to_count"  # the same row; SQLite counts all by the latter in half the time


@dataclass(frozen=True)
class Moment:
    """Codes are judged as of ``now``, by passes of (account, region) that are read once."""

    now: datetime
    passes: tuple[tuple[str, str, datetime], ...]

    @property
    def usable(self) -> list[Q]:
        """Issued ones without an end, and the rest: no code twice, and each in the order of ids if asked for."""
        admits = self._seen(ONE_BY_ONE) | self._unseen()
        return [LASTING & admits, ((ISSUED & self._ends_later()) | FOUND) & admits]

    @property
    def counted(self) -> list[tuple[Q, Any]]:
        """The same in parts of which indexes hold all that is read, each with the uses that are left of a code."""
        way = ALL if connection.vendor == "sqlite" else ONE_BY_ONE
        ways = ((self._seen(way), _left(way)), (self._unseen(), F("register_limit")))
        made = (ISSUED & self._ends_later(), LASTING, FOUND)
        return [(one & judged, left) for one in made for judged, left in ways]

    def _ends_later(self) -> Q:
        return Q(expires_at__gt=self.now - ENDS_LATER)

    def _seen(self, way: str) -> Q:
        """The cloud has it, and nothing that it says closes the code. A wish to disable closes none yet."""

        def said(**of_it: Any) -> Q:
            return Q(**{f"{way}__{name}": value for name, value in of_it.items()})

        there = said(changed_at__isnull=False, gone_at__isnull=True)
        lasts = said(expires_at__gt=self.now) | (said(expires_at__isnull=True) & self._lasts())
        has_uses = said(registered_count__isnull=True) | said(registered_count__lt=_limit(way))
        is_enabled = said(enabled__isnull=True) | said(enabled=True)
        is_disabling = Q(disable_wanted_at__isnull=False) | Q(state=State.FOUND)
        return there & lasts & (is_disabling | (has_uses & is_enabled))

    def _unseen(self) -> Q:
        """The cloud never said anything of it, and no whole pass that began later missed it."""
        told = UpstreamCode.objects.filter(
            account=OuterRef("account"), region=OuterRef("region"), code_id=OuterRef("code_id")
        )
        is_new = Q(state=State.FOUND) | Q(settled_at__isnull=True) | Q(settled_at__gte=self._latest())
        return self._lasts() & is_new & ~Q(Exists(told))

    def _lasts(self) -> Q:
        return Q(expires_at__isnull=True) | Q(expires_at__gt=self.now)

    def _latest(self) -> Any:
        latest = [
            When(account=account, region=region, then=Value(began - states.SEEN_AFTER, DateTimeField()))
            for account, region, began in self.passes
        ]
        return Case(*latest, default=F("settled_at"), output_field=DateTimeField())


def _limit(way: str) -> Any:
    return Coalesce(f"{way}__register_limit", "register_limit", output_field=BigIntegerField())


def _left(way: str) -> Any:
    return Greatest(_limit(way) - Coalesce(f"{way}__registered_count", 0), 0, output_field=BigIntegerField())


def at(now: datetime) -> Moment:
    passes = SyncRun.objects.filter(complete=True).order_by().values_list("account", "region")
    return Moment(now, tuple(passes.annotate(began=Max("started_at"))))
