"""Says how a code from outside the portal stands, by the same rules as one of ours; decides nothing, asks once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Max, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from registercodes import outside, risk, rules, states, wording
from registercodes.models import OutsideCode, RegisterCode, SyncRun, UpstreamCode
from registercodes.risk import Reach

PAGE = 25


@dataclass(frozen=True)
class Standing:
    """One code from outside: the cloud's word, and what was decided here."""

    told: UpstreamCode
    decision: OutsideCode
    as_of: datetime | None = None
    named: RegisterCode | None = None  # the row of ours whose mark its description carries

    @property
    def pk(self) -> int:
        return self.told.pk

    @property
    def honest_state(self) -> states.Honest:
        return states.state_of(_AsIfIssued(self), upstream=self.told, as_of=self.as_of, now=timezone.now())

    @property
    def shown_state(self) -> wording.ShownState:
        return wording.shown_state(self.honest_state, disabled=bool(self.decision.disabled_at))

    @property
    def is_open(self) -> bool:
        return self.honest_state.state in states.ADMITTING

    @property
    def is_unrestricted(self) -> bool:
        return self.is_range and rules.bounds_of(self.told.ip_address_range) is None

    @property
    def is_range(self) -> bool:
        """Else it is no range that the API accepts, and is shown as it came."""
        return not rules.check_ip_address_range(self.told.ip_address_range)

    @property
    def network_words(self) -> str:
        return wording.network(self.told.ip_address_range) if self.is_range else self.told.ip_address_range

    @property
    def use_words(self) -> str:
        used, most = (
            "?" if number is None else wording.grouped(number)
            for number in (self.told.registered_count, self.told.register_limit)
        )
        return _("%(used)s of %(most)s") % {"used": used, "most": most}

    @property
    def reach(self) -> Reach:
        """By the widest reading of what the cloud did not tell, or told in a form that is none."""
        limit, used = self.told.register_limit, self.told.registered_count or 0
        bounds = rules.bounds_of(self.told.ip_address_range) if self.is_range else None
        ends = self.told.expires_at
        return Reach(
            uses=max(0, (rules.LIMIT_MAX if limit is None else limit) - used),
            seconds=None if ends is None else max(0.0, (ends - timezone.now()).total_seconds()),
            addresses=risk.width_of(*(bounds or (None, None))),
        )


class _AsIfIssued:
    """What states asks of a code of ours; nobody was to confirm one from outside."""

    state = "issued"

    def __init__(self, standing: Standing) -> None:
        told, decision = standing.told, standing.decision
        self.created_at = self.settled_at = self.confirmed_at = told.created_at or told.first_seen_at
        self.expires_at = told.expires_at
        self.register_limit = rules.LIMIT_MAX if told.register_limit is None else told.register_limit
        self.disable_wanted_at, self.disabled_at = decision.disable_wanted_at, decision.disabled_at


@dataclass(frozen=True)
class Page:
    codes: list[Standing]
    older: int | None


def page_of(*, region: str = "", active: bool = True, before: int | None = None) -> Page:
    """Newest seen first; ``before`` is a place in that order, so a deep page costs as a first one."""
    rows = outside.codes()
    if region:
        rows = rows.filter(region=region)
    if active:
        rows = _active(rows)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: PAGE + 1])
    shown = found[:PAGE]
    return Page(of(shown), shown[-1].pk if len(found) > PAGE else None)


def adopted(*, teams: Sequence[int] | None, most: int) -> list[Standing]:
    """Those of these teams, of all if None; the latest adopted first."""
    given = outside.decided().filter(team__isnull=False).order_by("-adopted_at", "-pk")
    return of_decisions(given if teams is None else given.filter(team__in=teams), most=most)


def of_decisions(decisions: QuerySet[OutsideCode], *, most: int) -> list[Standing]:
    chosen = list(decisions.select_related("team", "adopted_by")[:most])
    which = Q(pk__in=())
    for region in {decision.region for decision in chosen}:
        which |= Q(region=region, code_id__in=[one.code_id for one in chosen if one.region == region])
    told = {(code.region, code.code_id): code for code in outside.codes().filter(which)}
    return of([told[key] for one in chosen if (key := (one.region, one.code_id)) in told])


def of(codes: Sequence[UpstreamCode]) -> list[Standing]:
    """In three statements, however many codes."""
    if not codes:
        return []
    found = outside.decided().filter(code_id__in=[code.code_id for code in codes]).select_related("team", "adopted_by")
    decisions = {(one.region, one.code_id): one for one in found}
    passes, named = last_passes(), outside.references_named(codes)
    return [
        Standing(
            told=code,
            decision=decisions.get((code.region, code.code_id)) or OutsideCode(region=code.region),
            as_of=max(filter(None, [passes.get(code.region), code.changed_at])),
            named=named.get(code.mark),
        )
        for code in codes
    ]


def last_passes() -> dict[str, datetime]:
    """When each region was last read whole."""
    runs = SyncRun.objects.filter(account=settings.TAT_ACCOUNT, complete=True)
    return dict(runs.values_list("region").annotate(latest=Max("started_at")).order_by())


def _active(rows: QuerySet[UpstreamCode]) -> QuerySet[UpstreamCode]:
    over = outside.decided().filter(disabled_at__isnull=False).values("code_id")
    lasts = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return rows.filter(lasts, gone_at=None).exclude(enabled=False).exclude(code_id__in=over)
