"""Disables several codes together: every wish on record first, then one call per region; says what became of each.

What the cloud did not agree to in the time a page may take stays on record, and the next sync asks again.
"""

import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from registercodes import batches, disabling, lifecycle, places
from registercodes.audit import Origin
from registercodes.lifecycle import DISABLE
from registercodes.models import RegisterCode

MOST: Final = batches.MOST  # ids in one call, and codes a person can look over
SECONDS: Final = 30.0


@dataclass(frozen=True)
class Closed:
    """One code of several, with what became of the wish: ``disabled``, ``before``, ``nothing`` to do, or ``left``."""

    code: RegisterCode
    became: str
    why_not: str = ""


def disable_several(codes: Sequence[RegisterCode], *, actor: Any, origin: Origin) -> list[Closed]:
    """In the order given. Raises only before the cloud is told anything."""
    wished = [code for code in codes if code.can_be_disabled]
    for code in wished:
        lifecycle.request_disable(code, actor=actor, origin=origin)
    left = _pushed([code for code in wished if code.can_be_disabled], actor=actor, origin=origin)
    return [_closed(code, was_open=code in wished, why_not=left.get(code.pk, "")) for code in codes]


def _pushed(codes: Sequence[RegisterCode], *, actor: Any, origin: Origin) -> dict[int, str]:
    """By primary key, why the cloud did not agree."""
    until = time.monotonic() + SECONDS
    left: dict[int, str] = {}
    with places.place(DISABLE) as free:
        for _, batch in itertools.groupby(sorted(codes, key=_region), key=_region):
            these = list(batch)
            if free:
                left |= disabling.push_all(these, actor=actor, origin=origin, until=until)
            else:
                left |= {code.pk: "busy" for code in these}
    return left


def _region(code: RegisterCode) -> str:
    return code.region


def _closed(code: RegisterCode, *, was_open: bool, why_not: str) -> Closed:
    if not was_open:
        return Closed(code, "before" if code.disabled_at else "nothing")
    return Closed(code, "left" if why_not else "disabled", why_not)
