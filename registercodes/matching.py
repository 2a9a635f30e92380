"""Decides whether the rows of codes still say what the events of their requests say was asked. It changes nothing.

A code whose request is not on record here, since it was archived, says nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from registercodes.database import unhurried
from registercodes.models import Action, AuditEvent, RegisterCode

CHUNK = 500  # numbers in one statement
# The column of a code and of its request's event.
SAME = {
    **{name: name for name in ("reference", "account", "team_id", "team_name", "region", "description")},
    **{name: name for name in ("instance_name_prefix", "register_limit", "effective_time", "permanent")},
    **{name: name for name in ("ip_address_range", "ip_first", "ip_last", "client_ip", "user_agent", "request_id")},
    "created_by_id": "actor_id",
    "created_by_name": "actor_name",
}


@dataclass(frozen=True)
class Mismatch:
    """The first code that says otherwise than its request."""

    reference: str
    reason: str

    def __str__(self) -> str:
        return f"code {self.reference}: {self.reason}"


def mismatch() -> Mismatch | None:
    requests = _requests()
    while part := list(islice(requests, CHUNK)):
        codes = RegisterCode.objects.filter(pk__in=[row[0] for row in part])
        known = {pk: columns for pk, *columns in codes.values_list("pk", *SAME)}
        for pk, sequence, *asked in part:
            wrong = [name for name, one, other in zip(SAME, known[pk], asked, strict=True) if one != other]
            if wrong:
                reference = asked[list(SAME).index("reference")]
                return Mismatch(reference, f"altered: {', '.join(wrong)} is not what event {sequence} says was asked")
    return None


def _requests() -> Iterator[tuple[object, ...]]:
    events = AuditEvent.objects.filter(action=Action.CODE_REQUESTED, register_code__isnull=False)
    after = 0
    while True:
        with unhurried():
            part = events.filter(sequence__gt=after).order_by("sequence")
            found = list(part.values_list("register_code_id", "sequence", *SAME.values())[:CHUNK])
        yield from found
        if len(found) < CHUNK:
            return
        after = found[-1][1]
