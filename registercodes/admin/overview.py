"""The auditors' first page: pictures of what happened and of what is open; every number leads to its rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from registercodes import admitting, charts, overview, wording
from registercodes.admin.unreadable import told_in_words
from registercodes.charts import Chart, Part, Row
from registercodes.models import Action, Outcome, RegisterCode, Team
from registercodes.overview import DAYS, EVERYWHERE, OUTCOMES, Lately

TONES = {
    Action.CODE_ISSUED: "issued",
    Action.CODE_WITHHELD: "withheld",
    Action.CODE_UNKNOWN: "unknown",
    Action.CODE_REFUSED: "refused",
    Action.CODE_NOT_SENT: "not-sent",
    Action.CODE_DENIED: "denied",
}
TEAMS = 6  # with a colour of their own
ADDRESS_BITS = 32


@dataclass(frozen=True)
class Key:
    tone: str
    label: str


@dataclass(frozen=True)
class Cell:
    text: str
    href: str = ""


@dataclass(frozen=True)
class Panel:
    """One chart with what it says in words and the table behind it."""

    name: str
    title: str
    description: str
    chart: Chart
    keys: tuple[Key, ...]
    head: tuple[str, ...]
    table: tuple[tuple[Cell, ...], ...]

    @property
    def is_empty(self) -> bool:
        return not self.chart.bars


@require_safe
@told_in_words
def page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    moment = admitting.at(now)
    recent = overview.lately(today=now.astimezone(UTC).date())
    panels = [
        outcomes(recent),
        issued_by_team(recent),
        uses_open(overview.still_open(moment)),
        failures(overview.causes(today=recent.days[-1])),
        widest(overview.widest(moment)),
        longest(overview.longest(moment), now=now),
    ]
    context = {**admin.site.each_context(request), "title": _("Overview"), "panels": panels, "as_of": now}
    return TemplateResponse(request, "admin/registercodes/overview.html", context)


def outcomes(recent: Lately) -> Panel:
    events = _asking("auditevent")
    present = [action for action in OUTCOMES if any(kind == action for _day, kind in recent.outcomes)]

    def part(day: date, action: Action) -> Part:
        count = recent.outcomes[day, action]
        said = _("%(day)s: %(count)d × %(what)s") % {"day": day, "count": count, "what": action.label}
        return Part(count, TONES[action], said, events(action=action, since=day, until=day))

    stacks = {day: [part(day, action) for action in present] for day in recent.days}
    return by_day(
        "outcomes",
        _("What came of requests for codes"),
        stacks,
        keys=[Key(TONES[action], action.label) for action in present],
    )


def issued_by_team(recent: Lately) -> Panel:
    events = _asking("auditevent")
    totals: dict[int, int] = {}
    for (_day, team), count in recent.issued.items():
        totals[team] = totals.get(team, 0) + count
    named = sorted(totals, key=lambda team: -totals[team])[:TEAMS]
    teams = Team.objects.in_bulk(named)
    of_others = set(totals) - set(named)

    def part(day: date, place: int, team: int) -> Part:
        count, known = recent.issued[day, team], teams[team]
        said = _("%(day)s: %(count)d for %(team)s") % {"day": day, "count": count, "team": known.name}
        href = events(action=Action.CODE_ISSUED, team=known.key, since=day, until=day)
        return Part(count, f"team-{place}", said, href)

    def rest(day: date) -> list[Part]:
        count = sum(recent.issued[day, team] for team in of_others)
        said = _("%(day)s: %(count)d for other teams") % {"day": day, "count": count}
        but = ",".join(teams[team].key for team in named)
        href = events(action=Action.CODE_ISSUED, other_than=but, since=day, until=day)
        return [Part(count, "others", said, href)] if of_others else []

    stacks = {
        day: [*(part(day, place, team) for place, team in enumerate(named, start=1)), *rest(day)]
        for day in recent.days
    }
    keys = [Key(f"team-{place}", teams[team].name) for place, team in enumerate(named, start=1)]
    keys += [Key("others", _("other teams"))] if of_others else []
    return by_day("teams", _("Codes issued, by team"), stacks, keys=keys)


def by_day(name: str, title: str, stacks: dict[date, list[Part]], *, keys: Sequence[Key]) -> Panel:
    """A column for each day; in the table only days on which something happened, the newest first."""
    events = _asking("auditevent")
    total = sum(part.amount for stack in stacks.values() for part in stack)
    rows = [
        (Cell(day.isoformat(), events(since=day, until=day)), *(Cell(str(p.amount), p.href) for p in stack))
        for day, stack in stacks.items()
        if any(part.amount for part in stack)
    ]
    said = _("%(count)s in the last %(days)d days, a column for each day of UTC.")
    chart = charts.columns([f"{day:%-d %b}" for day in stacks], list(stacks.values()))
    head = (_("Day"), *(key.label for key in keys))
    words = said % {"count": wording.grouped(total), "days": DAYS}
    return Panel(name, title, words, chart, tuple(keys), head, tuple(reversed(rows)))


def uses_open(lines: list[overview.Open]) -> Panel:
    codes = _asking("registercode")
    items = [
        Row(
            line.team.name,
            wording.grouped(line.uses),
            Part(
                line.uses,
                "issued",
                _("%(team)s: %(uses)s uses of %(codes)s codes")
                % {
                    "team": line.team.name,
                    "uses": wording.grouped(line.uses),
                    "codes": wording.grouped(line.codes),
                },
                codes(state="usable", team=line.team.key),
            ),
        )
        for line in lines
    ]
    description = _("Hosts that can still enrol with the codes of each team, less those that the cloud counted.")
    return in_rows("open", _("Uses still open"), description, items, head=(_("Team"), _("Uses")))


def failures(found: list[overview.Cause]) -> Panel:
    events = _asking("auditevent")
    items = []
    for line in found:
        label = f"{Action(line.action).label}: {line.cause or _('no cause given')}"
        times = wording.grouped(line.count)
        why = {"cause": line.cause} if line.cause else {"caused": "no"}
        href = events(action=line.action, outcome=Outcome.FAILURE, when=DAYS, **why)
        items.append(Row(label, times, Part(line.count, "refused", f"{label}: {times}", href)))
    description = _("The most frequent causes of the last %(days)d days.") % {"days": DAYS}
    return in_rows("failures", _("Failures, by cause"), description, items, head=(_("Cause"), _("Times")))


def widest(codes: list[RegisterCode]) -> Panel:
    """Bars by the bits of the range: twice as wide is one bit longer."""
    items = [of_code(code, _addresses(code.addresses), code.addresses.bit_length() - 1) for code in codes]
    description = _("Usable codes that the most addresses may enrol with; each doubling is one step.")
    head = (_("Code"), _("Addresses"))
    return in_rows("widest", _("Widest codes"), description, items, head=head, top=ADDRESS_BITS)


def longest(codes: list[RegisterCode], *, now: datetime) -> Panel:
    """The bar of a code whose end is not known, a permanent one's too, is full; the others' are their share."""
    hours = {code.pk: (code.expires_at - now).total_seconds() / 3600 for code in codes if code.expires_at}
    most = max(hours.values(), default=1)
    items = [
        of_code(code, _until(code), round(1000 * hours[code.pk] / most) if code.pk in hours else 1000)
        for code in codes
    ]
    description = _("Usable codes that last longest: the permanent ones first, the oldest of them first.")
    head = (_("Code"), _("Until"))
    return in_rows("longest", _("Longest-lived codes"), description, items, head=head, top=1000)


def of_code(code: RegisterCode, value: str, amount: int) -> Row:
    name = f"{code.team_name}: {code.description or code.reference}"
    tone = "unknown" if code.permanent or code.ip_first is None else "issued"
    href = reverse("admin:registercodes_registercode_change", args=[code.pk])
    return Row(name, value, Part(amount, tone, f"{name}, {value}", href))


def in_rows(
    name: str, title: str, description: str, items: list[Row], *, head: tuple[str, str], top: int | None = None
) -> Panel:
    table = tuple((Cell(item.label, item.part.href), Cell(item.value)) for item in items)
    return Panel(name, title, description, charts.rows(items[: overview.MOST], top=top), (), head, table)


def _addresses(count: int) -> str:
    return (
        _("any address")
        if count == EVERYWHERE
        else ngettext("%s address", "%s addresses", count) % wording.grouped(count)
    )


def _until(code: RegisterCode) -> str:
    return wording.moment(code.expires_at) if code.expires_at else (_("permanent") if code.permanent else "–")


def _asking(model: str) -> Callable[..., str]:
    """Addresses of that list, with a question; the list's own is looked up once, for a page has hundreds of them."""
    address = reverse(f"admin:registercodes_{model}_changelist")
    return lambda **asked: f"{address}?{urlencode([(key, str(value)) for key, value in asked.items() if value])}"
