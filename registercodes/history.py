"""Decides which rows of the record answer an auditor's question, a page at a time; never counts, never skips rows.

A question is answered by streams: selections that an index serves in the order
of the record. Their newest rows are merged, and only then are rows read.
"""

import ipaddress
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from registercodes import admitting
from registercodes.models import Action, AuditEvent, Outcome, RegisterCode

PAGE = 50
PEOPLE_MAX = 10  # whom one name may mean
EXACT_MAX = 500  # rows that one id may name
FEW = 2000  # codes: of more, some stand among the newest
TEXT_MAX = 200
# Rows are numbered in the order of their times, but for what the clocks of several machines differ by.
CLOCKS_DIFFER = timedelta(days=1)


@dataclass(frozen=True)
class Ledger:
    """One table of the record: what orders it, and the columns that a question means."""

    model: type[Model]
    order: str
    at: str
    person: str


EVENTS = Ledger(AuditEvent, "sequence", "at", "actor")
CODES = Ledger(RegisterCode, "id", "created_at", "created_by")


@dataclass(frozen=True)
class Question:
    """All that is given holds of every row of the answer; what is empty or None is not asked."""

    text: str = ""  # an id, a person, or an address that a code allows
    since: datetime | None = None
    until: datetime | None = None  # not included
    action: str = ""
    outcome: str = ""
    state: str = ""
    team: int | None = None
    person: str = ""
    region: str = ""
    permanent: bool | None = None
    unrestricted: bool | None = None
    cause: str = ""  # events alone: why something failed
    causeless: bool = False  # events alone: it failed, and nobody wrote down why
    other_than: tuple[int, ...] = ()  # events alone: of a team, and of none of these
    usable: bool = False  # codes alone: hosts can enrol with it now


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    older: int | None  # rows before this one follow
    newer: int | None


def page_of(
    ledger: Ledger, question: Question, *, before: int | None = None, after: int | None = None, size: int = PAGE
) -> Page:
    """Newest first. ``before`` and ``after`` are places in the ledger's order, so a deep page costs as a first one."""
    forward = after is not None
    keys: set[int] = set()
    for stream in streams(ledger, question):
        keys |= set(_keys(ledger, stream, before=before, after=after, most=size + 1))
    found = sorted(keys, reverse=not forward)
    more, chosen = len(found) > size, sorted(found[:size], reverse=True)
    wanted = ledger.model.objects.filter(**{f"{ledger.order}__in": chosen})
    rows = list(wanted.select_related(ledger.person, "team").order_by(f"-{ledger.order}"))
    older = chosen[-1] if chosen and (forward or more) else None
    newer = chosen[0] if chosen and (before is not None or (forward and more)) else None
    return Page(rows, older, newer)


def _keys(ledger: Ledger, stream: QuerySet[Any], *, before: int | None, after: int | None, most: int) -> Iterable[int]:
    if before is not None:
        stream = stream.filter(**{f"{ledger.order}__lt": before})
    if after is not None:
        stream = stream.filter(**{f"{ledger.order}__gt": after})
    sign = "" if after is not None else "-"
    return stream.order_by(f"{sign}{ledger.order}").values_list(ledger.order, flat=True)[:most]


def selected(ledger: Ledger, question: Question) -> QuerySet[Any]:
    """The whole answer in one selection, oldest first: for exports, which read all of it."""
    rows = narrowed(ledger, question)
    for choices in alternatives(ledger, question):
        rows = rows.filter(reduce(or_, choices))
    return rows.order_by(ledger.order)


def streams(ledger: Ledger, question: Question) -> list[QuerySet[Any]]:
    rows = narrowed(ledger, question)
    return [rows.filter(*chosen) for chosen in itertools.product(*alternatives(ledger, question))]


def alternatives(ledger: Ledger, question: Question) -> list[list[Q]]:
    """Of each list one holds. Kept apart, since no index serves an OR in the order of the record."""
    found = [meanings(ledger, question.text)] if question.text else []
    if question.usable:
        found.append(admitting.at(timezone.now()).usable)
    if (question.cause or question.causeless) and not question.outcome:
        found.append([Q(outcome=Outcome.FAILURE), Q(action=Action.CODE_UNKNOWN)])
    return found


def narrowed(ledger: Ledger, question: Question) -> QuerySet[Any]:
    wanted = Q()
    for column, value in (
        ("action", question.action),
        ("outcome", question.outcome),
        ("state", question.state),
        ("team", question.team),
        ("region", question.region),
    ):
        wanted &= Q(**{column: value}) if value else Q()
    if question.person:
        wanted &= _of_people(ledger, people_called(question.person))
    if question.permanent is not None:
        wanted &= Q(permanent=question.permanent)
    if question.unrestricted is not None:
        wanted &= UNRESTRICTED if question.unrestricted else Q(ip_first__isnull=False)
    if question.cause:
        wanted &= _caused(question.cause)
    if question.causeless:
        wanted &= CAUSELESS
    if question.other_than:
        wanted &= Q(team__isnull=False) & ~Q(team__in=question.other_than)
    return ledger.model.objects.filter(wanted & _in_time(ledger, question))


UNRESTRICTED = Q(ip_first__isnull=True, register_limit__isnull=False)  # sign-ins have no range either
NOTHING = Q(pk__in=())


# An event has one cause, so that each is counted and found once.
CAUSELESS = Q(error_code="") & (
    Q(detail__reason__isnull=True) | Q(detail__reason="") | Q(detail__reason__endswith=":")
)


def _caused(cause: str) -> Q:
    """The cloud's error, else our own reason, which a denial puts after the team."""
    reason = Q(detail__reason=cause) | Q(detail__reason__endswith=f":{cause}")
    return Q(error_code=cause) | (Q(error_code="") & reason)


def usable(*, now: datetime) -> list[Q]:
    """By our record alone, codes that hosts can enrol with: those that end later, and those that never do."""
    is_open = Q(state=RegisterCode.State.ISSUED, disabled_at__isnull=True)
    return [is_open & Q(expires_at__gt=now), is_open & Q(expires_at__isnull=True)]


def _in_time(ledger: Ledger, question: Question) -> Q:
    """Exact by the time, and by the order too, so that the order's own index bounds the search."""
    wanted = Q()
    if question.since:
        first = _place(ledger, Q(**{f"{ledger.at}__gte": question.since - CLOCKS_DIFFER}), by=ledger.at)
        wanted &= Q(**{f"{ledger.at}__gte": question.since, f"{ledger.order}__gte": first}) if first else NOTHING
    if question.until and question.until <= timezone.now():
        last = _place(ledger, Q(**{f"{ledger.at}__lt": question.until + CLOCKS_DIFFER}), by=f"-{ledger.at}")
        wanted &= Q(**{f"{ledger.at}__lt": question.until, f"{ledger.order}__lte": last}) if last else NOTHING
    return wanted


def _place(ledger: Ledger, where: Q, *, by: str) -> int | None:
    return ledger.model.objects.filter(where).order_by(by).values_list(ledger.order, flat=True).first()


# What was typed into the search.


def meanings(ledger: Ledger, text: str) -> list[Q]:
    """Each is a selection of its own: an address that codes allow, an id, a person."""
    if (address := address_in(text)) is not None:
        return [_of_few_codes(allowing(address)) if ledger is EVENTS else allowing(address), UNRESTRICTED]
    people = [_of_people(ledger, [person]) for person in people_called(text)]
    return [_identified(ledger, text), *people]


def allowing(address: int) -> Q:
    """A range is a CIDR block, so one that holds the address begins at one of 33 places: an index finds them."""
    begins = [address & (0xFFFFFFFF << 32 - prefix & 0xFFFFFFFF) for prefix in range(33)]
    return Q(ip_first__in=sorted(set(begins)), ip_last__gte=address)


def address_in(text: str) -> int | None:
    try:
        return int(ipaddress.IPv4Address(text))
    except ValueError:
        return None


def _identified(ledger: Ledger, text: str) -> Q:
    """Rows that an id names; of events, all those of the codes that it names."""
    of_request = AuditEvent.objects.filter(request_id=text.lower()).values_list("pk", "register_code")[:EXACT_MAX]
    events, codes = set(), set(_codes_named(text))
    for event, code in of_request:
        events.add(event)
        codes |= {code} if code else set()
    if ledger is CODES:
        return Q(pk__in=codes)
    return Q(pk__in=events | set(AuditEvent.objects.filter(register_code__in=codes).values_list("pk", flat=True)))


def _codes_named(text: str) -> Iterable[int]:
    """By what only one code has, so that no event needs an index of it."""
    with_id = Q(code_id=text) & ~Q(code_id="")  # in the words of the index's own condition
    named = Q(reference=text.lower()) | with_id | Q(tencent_request_id=text)
    return RegisterCode.objects.filter(named).values_list("pk", flat=True)[:EXACT_MAX]


def _of_few_codes(wanted: Q) -> Q:
    """Events of codes such as these: by their codes where those are few, else the newest events are not far."""
    codes = list(RegisterCode.objects.filter(wanted).order_by().values_list("pk", flat=True)[: FEW + 1])
    return wanted if len(codes) > FEW else Q(register_code__in=codes)


def _of_people(ledger: Ledger, people: list[int]) -> Q:
    return Q(**{f"{ledger.person}__in": people}) if len(people) != 1 else Q(**{ledger.person: people[0]})


def people_called(text: str) -> list[int]:
    """One whose user name it is, else some whose names hold it; and whoever events on record call so in full."""
    people = get_user_model().objects.order_by("username").values_list("pk", flat=True)
    exactly = list(people.filter(username__iexact=text)[:1])
    called = Q(username__icontains=text) | Q(display_name__icontains=text) | Q(email__iexact=text)
    found = exactly or list(people.filter(called)[:PEOPLE_MAX])
    return [*found, *(person for person in _recorded_as(text) if person not in found)]


def _recorded_as(text: str) -> list[int]:
    """One after the other by their index, since each may have any number of events."""
    found: list[int] = []
    named = AuditEvent.objects.filter(actor_name=text).order_by("actor_id").values_list("actor_id", flat=True)
    while len(found) < PEOPLE_MAX:
        following = named.filter(actor_id__gt=found[-1] if found else 0).first()
        if following is None:
            break
        found.append(following)
    return found
