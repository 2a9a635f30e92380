"""Decides whether a run of events is whole: each as it was written, each chained to the one before, none missing.

It reads rows and keys and nothing else, repairs nothing, and stops at the first
row that is wrong. Whose record it is and where it should end are asked elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from registercodes import audit
from registercodes.keys import AuditKey
from registercodes.models import Action

# Several processes on several machines write, each by its own clock: what differs by less is no backdating.
CLOCK_TOLERANCE = timedelta(minutes=5)
KEY_OVERLAP = timedelta(hours=1)  # how long a restart of all workers with a new AUDIT_KEY may take
COLUMNS = (
    *sorted(audit.FORM_1),
    "digest",
)  # sorted: the form's keys are, and a sorted dict is written in 2/3 the time
PREVIOUS, DIGEST = COLUMNS.index("previous_digest"), COLUMNS.index("digest")

Row = tuple[Any, ...]  # the values of COLUMNS


@dataclass(frozen=True)
class Break:
    """The first thing that is wrong, and the number of the row it is at."""

    sequence: int
    reason: str

    def __str__(self) -> str:
        return f"sequence {self.sequence}: {self.reason}"


@dataclass
class Place:
    """Where a walk stands: the number that must come next, and what is known of the row before it.

    ``before`` is the digest to be linked to; None where it is not known, as at the head of an extract.
    """

    expected: int
    before: str | None = ""
    chain: str = ""
    latest: datetime | None = None
    latest_but_last: datetime | None = None  # without the event right before
    count: int = 0
    ahead: list[int] = field(default_factory=list)  # events of a clock that was fast
    key_id: str = ""  # the newest
    retired: dict[str, datetime] = field(default_factory=dict)  # keys that another took over from, and when

    @property
    def last(self) -> int:
        return self.expected - 1


def walk(rows: Iterable[Row], *, place: Place, keys: Mapping[str, AuditKey]) -> Break | None:
    """Move ``place`` over ``rows``, in order of their numbers, to the first that is wrong or to the end."""
    rows = iter(rows)
    for row in rows:
        columns = dict(zip(COLUMNS, row, strict=True))
        digest = columns.pop("digest")
        number = columns["sequence"]
        if number != place.expected:
            return _out_of_order(number, place)
        wrong = forgery(columns, digest, keys=keys)
        if wrong:
            return Break(number, wrong)
        if place.before is not None and columns["previous_digest"] != place.before:
            return _not_linked(number, digest, rows)
        wrong = _of_another_chain(columns, place) or _of_a_retired_key(columns, place)
        wrong = wrong or _backdated(columns["at"], place)
        if wrong:
            return Break(number, wrong)
        place.expected, place.before, place.chain = number + 1, digest, columns["chain"]
        place.count += 1
    return None


def forgery(columns: Mapping[str, Any], digest: str, *, keys: Mapping[str, AuditKey]) -> str:
    """Why this cannot be an event as the portal wrote it; empty when its digest proves that it is."""
    if columns["form_version"] not in audit.FORMS:
        return f"its form version {columns['form_version']} is not known to this portal"
    key = keys.get(columns["key_id"])
    if key is None:
        return f"its key id {columns['key_id']!r} is not among AUDIT_KEY and AUDIT_KEY_FALLBACKS"
    if digest != _digest(columns, key):
        return "altered: its digest is not that of its content"
    return ""


def _digest(columns: Mapping[str, Any], key: AuditKey) -> str:
    try:
        return audit.digest_of_form(audit.canonical_of(columns), key=key)
    except (TypeError, ValueError, UnicodeError):  # such as text where a time was
        return ""


def _out_of_order(number: int, place: Place) -> Break:
    if number > place.expected:
        return Break(place.expected, "missing")
    if place.count:
        return Break(number, "inserted: this number is there twice")
    return Break(number, "inserted: the record begins later")


def _not_linked(number: int, digest: str, following: Iterator[Row]) -> Break:
    """Both rows carry digests that fit, so somebody with the key wrote one of them anew: the next row tells which."""
    after = next(islice(following, 1), None)
    if number == 1 or (after and after[PREVIOUS] != digest):
        return Break(number, "rewritten with the key: it is not chained to the event before it")
    return Break(number - 1, f"rewritten with the key: event {number} was chained to another")


def _of_another_chain(columns: Mapping[str, Any], place: Place) -> str:
    """A chain ends only where an event says that the record was restored from a backup, and from which point."""
    chain = columns["chain"]
    if not place.chain or chain == place.chain:
        return ""
    told = restored_from(columns)
    if told and (told.chain, told.sequence) == (place.chain, place.last) and told.digest == columns["previous_digest"]:
        return ""
    return f"it belongs to chain {chain}, not {place.chain}, and no restore is on record"


def _of_a_retired_key(columns: Mapping[str, Any], place: Place) -> str:
    """Workers restart one after another, so two keys are in use for a while; later only a leaked one comes back."""
    key_id = columns["key_id"]
    if key_id == place.key_id:
        return ""
    moment = _moment(columns["at"])
    if key_id not in place.retired:
        if place.key_id:
            place.retired[place.key_id] = moment
        place.key_id = key_id
        return ""
    since = moment - place.retired[key_id]
    return (
        f"its key id {key_id!r} was retired {since} before: who has that key wrote it" if since > KEY_OVERLAP else ""
    )


def _moment(at: datetime | str) -> datetime:
    return datetime.fromisoformat(at) if isinstance(at, str) else at


def _backdated(at: datetime | str, place: Place) -> str:
    """Against the latest time so far, or a slow creep would pass."""
    moment = _moment(at)
    if place.latest is not None and place.latest - moment > CLOCK_TOLERANCE:
        if not _one_was_ahead(moment, place):
            return f"backdated: its time is {place.latest - moment} before that of an earlier event"
        place.ahead.append(place.last)
        place.latest = place.latest_but_last
    place.latest_but_last = place.latest
    place.latest = moment if place.latest is None else max(place.latest, moment)
    return ""


def _one_was_ahead(moment: datetime, place: Place) -> bool:
    """The event right before stands alone in being late, and those on both its sides agree: one fast clock."""
    before = place.latest_but_last
    return before is not None and abs(moment - before) <= CLOCK_TOLERANCE


@dataclass(frozen=True)
class Seen:
    """What somebody saw of a record: that this chain's event of this number had this digest."""

    chain: str
    sequence: int
    digest: str


def restored_from(columns: Mapping[str, Any]) -> Seen | None:
    """The end of the old chain that a chain.restored event names; None for any other event."""
    if columns["action"] != Action.CHAIN_RESTORED:
        return None
    return seen_in(columns["detail"], chain="old_chain", sequence="last_sequence", digest="last_digest")


def seen_in(facts: Any, *, chain: str = "chain", sequence: str = "sequence", digest: str = "digest") -> Seen | None:
    """Read from JSON that may be anything."""
    found = [facts.get(name) for name in (chain, sequence, digest)] if isinstance(facts, dict) else []
    if [type(value) for value in found] != [str, int, str]:
        return None
    return Seen(*found)
