"""Finds whose a code is by its value, a name, a host or an address; never keeps, shows or logs what was pasted.

A value is compared by its fingerprint under every key. A look-up that cannot
be recorded finds nothing. Whoever may not see a code learns nothing of it, not
even that there is one: another team's code costs what none costs.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from registercodes import access, audit, history, keys, outside, tracing
from registercodes.audit import Origin
from registercodes.models import Action, Outcome, RegisterCode, UpstreamCode
from registercodes.models.codes import CODE_ID_MAX
from registercodes.pasted import Kind, Pasted, recognise
from registercodes.secret import OneTimeValue
from registercodes.tat.records import RegisterInstanceInfo

log = logging.getLogger("registercodes.finding")

LONGEST: Final = 4000
MOST: Final = 20  # codes of one answer
NAMED_IN_EVENT: Final = 20


@dataclass(frozen=True)
class Found:
    """Only what the person may see. ``codes`` are certain, but for an address: they would allow it."""

    kind: Kind
    codes: tuple[RegisterCode, ...] = ()
    unrestricted: tuple[RegisterCode, ...] = ()
    outside: tuple[UpstreamCode, ...] = ()
    hosts: tuple[RegisterInstanceInfo, ...] = ()
    is_whole: bool = True  # else the cloud could not be asked
    is_more: bool = False

    @property
    def is_any(self) -> bool:
        return bool(self.codes or self.unrestricted or self.outside)

    @property
    def every(self) -> tuple[RegisterCode, ...]:
        return (*self.codes, *self.unrestricted)


def find(pasted: OneTimeValue, *, user: Any, origin: Origin) -> Found:
    """Whose is what was pasted. Consumes it."""
    asked = recognise(pasted.reveal())
    code = code_with(asked.words)
    may_see = code is not None and (access.is_member(user, code.team_id) or bool(user.roles))
    if code is None:
        access.is_member(user, access.NO_TEAM)  # costs what another team's code costs
    found = Found(Kind.VALUE, (code,)) if may_see else _named(asked, user=user)
    if code is not None and not may_see:
        _note_value_of_others(code, user=user, origin=origin)
    else:
        _note(found, user=user, origin=origin)
    return found


def code_with(words: Sequence[str]) -> RegisterCode | None:
    """The code that one of ``words`` is the value of, whoever asks."""
    by_key = {
        key.id: [OneTimeValue(word).fingerprint(key.fingerprint) for word in words] for key in keys.by_id().values()
    }
    any_of = reduce(or_, (Q(fingerprint_key=key, value_fingerprint__in=marks) for key, marks in by_key.items()))
    return RegisterCode.objects.filter(any_of).select_related("team", "created_by").order_by("-pk").first()


def _seen(user: Any) -> QuerySet[RegisterCode]:
    """What the person may see, and no row beside it: nothing else is ever read."""
    teams = access.team_ids_seen(user)
    rows = RegisterCode.objects.select_related("team", "created_by").order_by("-pk")
    return rows if teams is None else rows.filter(team__in=teams)


def _named(asked: Pasted, *, user: Any) -> Found:
    if asked.kind == Kind.ADDRESS:
        return _allowing(asked, user=user)
    codes = list(_seen(user).filter(_called(asked))[: MOST + 1])
    if asked.is_of_hosts and not codes:
        return _of_hosts(asked, user=user)
    others = _from_outside(asked.words) if user.roles and not codes else []
    return Found(asked.kind, tuple(codes[:MOST]), outside=tuple(others), is_more=len(codes) > MOST)


def _called(asked: Pasted) -> Q:
    """A command or log line names its code by the id; a lone word, or a mark, is a reference."""
    words = [word for word in asked.words if _is_id(word)]
    marks = [word[1:].lower() for word in words if word.startswith("~")]
    if asked.kind == Kind.REFERENCE:
        marks.append(asked.text.lower().removeprefix("~"))
    return (Q(code_id__in=words) & ~Q(code_id="")) | Q(reference__in=marks)


def _of_hosts(asked: Pasted, *, user: Any) -> Found:
    traced = tracing.trace(asked.kind, asked.text)
    # Without any too, so that it costs the same.
    ids = {"", *(host.code_id for _, host in traced.hosts if _is_id(host.code_id))}
    codes = list(_seen(user).filter(Q(code_id__in=ids) & ~Q(code_id=""))[:MOST])
    others = _from_outside(ids) if user.roles else []
    told = {one.code_id for one in (*codes, *others)}
    hosts = tuple(host for _, host in traced.hosts if host.code_id in told)
    return Found(asked.kind, tuple(codes), (), tuple(others), hosts, is_whole=traced.is_whole)


def _is_id(text: str) -> bool:
    """What the cloud says of a host may be anything; a database refuses some of it."""
    return text.isprintable() and len(text) <= CODE_ID_MAX


def _from_outside(ids: Sequence[str] | set[str]) -> list[UpstreamCode]:
    return list(outside.codes().filter(code_id__in=[one for one in ids if _is_id(one)]).order_by("-pk")[:MOST])


def _allowing(asked: Pasted, *, user: Any) -> Found:
    """Codes that a host from there can enrol with now."""
    usable = _seen(user).filter(reduce(or_, history.usable(now=timezone.now())))
    codes = list(usable.filter(history.allowing(history.address_in(asked.text)))[: MOST + 1])
    anywhere = list(usable.filter(history.UNRESTRICTED)[: MOST + 1])
    is_more = max(len(codes), len(anywhere)) > MOST
    return Found(asked.kind, tuple(codes[:MOST]), tuple(anywhere[:MOST]), is_more=is_more)


# On record: who asked, for what kind of thing, and which codes that named.


def _note(found: Found, *, user: Any, origin: Origin) -> None:
    """Folded per person, kind and codes: nobody floods the record, and no code hides behind another."""
    names = [code.reference for code in found.every] or [code.code_id for code in found.outside]
    one = found.codes[0] if len(found.every) == 1 and found.codes else None
    detail = {"kind": str(found.kind), "found": found.is_any, "shown": found.is_any}
    if names and one is None:
        detail["codes"] = names[:NAMED_IN_EVENT]
    audit.record_folded(
        Action.VALUE_LOOKED_UP,
        Outcome.SUCCESS if found.is_any else Outcome.FAILURE,
        actor=user,
        reason=f"found:{found.kind}:{','.join(names)}" if found.is_any else f"not_found:{found.kind}",
        code=one,
        team=one.team if one else None,
        origin=origin,
        detail=detail,
    )


def _note_value_of_others(code: RegisterCode, *, user: Any, origin: Origin) -> None:
    """Somebody outside the team holds its value: that is for the team's record, and not for the page."""
    written = audit.record_folded(
        Action.VALUE_LOOKED_UP,
        Outcome.SUCCESS,
        actor=user,
        reason=f"found:{Kind.VALUE}:{code.reference}",
        code=code,
        team=code.team,
        origin=origin,
        detail={"kind": str(Kind.VALUE), "found": True, "shown": False},
    )
    if written:
        log.warning("value_of_another_team", extra={"reference": code.reference, "person": user.username})
