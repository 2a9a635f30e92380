"""Decides in SQL which codes hosts can enrol with: those that ``states`` finds admitting, and no others.

A test holds the two together over the table of states. An index of ours finds
what may admit; what the cloud last said of it judges.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

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
_limit = Coalesce("in_cloud__register_limit", "register_limit", output_field=BigIntegerField())
_left = Greatest(_limit - Coalesce("in_cloud__registered_count", 0), 0, output_field=BigIntegerField())


@dataclass(frozen=True)
class Moment:
    """Codes are judged as of ``now``, by passes of (account, region) that are read once."""

    now: datetime
    passes: tuple[tuple[str, str, datetime], ...]

    @property
    def usable(self) -> list[Q]:
        """Issued ones without an end, and the rest: no code twice, and each in the order of ids if asked for."""
        admits = self._seen() | self._unseen()
        return [LASTING & admits, ((ISSUED & self._ends_later()) | FOUND) & admits]

    @property
    def counted(self) -> list[tuple[Q, Any]]:
        """The same in parts of which indexes hold all that is read, each with the uses that are left of a code."""
        ways = ((self._seen(), _left), (self._unseen(), F("register_limit")))
        made = (ISSUED & self._ends_later(), LASTING, FOUND)
        return [(one & judged, left) for one in made for judged, left in ways]

    def _ends_later(self) -> Q:
        return Q(expires_at__gt=self.now - ENDS_LATER)

    def _seen(self) -> Q:
        """The cloud has it, and nothing that it says closes the code. A wish to disable closes none yet."""
        there = Q(in_cloud__changed_at__isnull=False, in_cloud__gone_at__isnull=True)
        lasts = Q(in_cloud__expires_at__gt=self.now) | (Q(in_cloud__expires_at__isnull=True) & self._lasts())
        has_uses = Q(in_cloud__registered_count__isnull=True) | Q(in_cloud__registered_count__lt=_limit)
        is_enabled = Q(in_cloud__enabled__isnull=True) | Q(in_cloud__enabled=True)
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


def at(now: datetime) -> Moment:
    passes = SyncRun.objects.filter(complete=True).order_by().values_list("account", "region")
    return Moment(now, tuple(passes.annotate(began=Max("started_at"))))
