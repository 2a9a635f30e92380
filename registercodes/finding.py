"""Finds the code that a leaked value opens, by its fingerprint under every key; never keeps, shows or logs the value.

A look-up that cannot be recorded finds nothing. Whoever may not see the code
learns nothing of it, not even that there is one.
"""

import logging
import re
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Final

from django.db.models import Q

from registercodes import access, audit, keys
from registercodes.audit import Origin
from registercodes.models import Action, Outcome, RegisterCode
from registercodes.secret import OneTimeValue

log = logging.getLogger("registercodes.finding")

LONGEST: Final = 4000
WORDS_MOST: Final = 40
# A value is often leaked inside its command: each word of it is tried.
BETWEEN: Final = re.compile(r"[\s\"'`,;=:<>(){}\[\]]+")


@dataclass(frozen=True)
class Found:
    """``code`` is None where nothing fits, or nothing that the person may see."""

    code: RegisterCode | None


def find(pasted: OneTimeValue, *, user: Any, origin: Origin) -> Found:
    """Whose value is in what was pasted. Consumes it."""
    code = _code_with(_fingerprints(pasted.reveal()))
    is_member = access.is_member(user, code.team_id if code else access.NO_TEAM)
    may_see = code is not None and (is_member or bool(user.roles))
    _note(code, shown=may_see, user=user, origin=origin)
    return Found(code if may_see else None)


def _fingerprints(pasted: str) -> list[tuple[str, str]]:
    """With the id of the key of each."""
    text = pasted.strip()
    words = dict.fromkeys([text, *BETWEEN.split(text)])
    chosen = [word for word in words if word][: WORDS_MOST + 1]
    return [
        (key.id, OneTimeValue(word).fingerprint(key.fingerprint)) for key in keys.by_id().values() for word in chosen
    ]


def _code_with(fingerprints: list[tuple[str, str]]) -> RegisterCode | None:
    if not fingerprints:
        return None
    by_key: dict[str, list[str]] = {}
    for key, fingerprint in fingerprints:
        by_key.setdefault(key, []).append(fingerprint)
    any_of = reduce(or_, (Q(fingerprint_key=key, value_fingerprint__in=found) for key, found in by_key.items()))
    return RegisterCode.objects.filter(any_of).select_related("team", "created_by").order_by("-pk").first()


def _note(code: RegisterCode | None, *, shown: bool, user: Any, origin: Origin) -> None:
    """Folded per person and code: nobody floods the record, and no code hides behind another."""
    if code is None:
        how = {"actor": user, "origin": origin, "detail": {"found": False}}
        audit.record_folded(Action.VALUE_LOOKED_UP, reason="not_found", **how)
        return
    audit.record_folded(
        Action.VALUE_LOOKED_UP,
        Outcome.SUCCESS,
        actor=user,
        reason=f"found:{code.reference}",
        code=code,
        team=code.team,
        origin=origin,
        detail={"found": True, "shown": shown},
    )
    if not shown:  # somebody outside the team holds its value
        log.warning("value_of_another_team", extra={"reference": code.reference, "person": user.username})
