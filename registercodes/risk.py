"""Decides how much harm a code could do: the hosts it still admits, for how long, from how many addresses. Pure."""

from dataclasses import dataclass
from typing import Final

EVERYWHERE: Final = 2**32  # addresses
FOR_EVER: Final = 100_000 * 3600  # seconds: longer than any finite life


@dataclass(frozen=True)
class Reach:
    """What a code still admits. None of seconds: permanent; of addresses: any."""

    uses: int
    seconds: float | None
    addresses: int | None

    @property
    def risk(self) -> int:
        return of(uses=self.uses, seconds=self.seconds, addresses=self.addresses)


def of(*, uses: int, seconds: float | None, addresses: int | None) -> int:
    """Uses x seconds x addresses. None of seconds: permanent; of addresses: any. A code that is over harms nobody."""
    lasts = FOR_EVER if seconds is None else min(max(0, int(seconds)), FOR_EVER)
    reaches = EVERYWHERE if addresses is None else min(max(0, addresses), EVERYWHERE)
    return max(0, uses) * lasts * reaches


def width_of(first: int | None, last: int | None) -> int | None:
    """How many addresses a range holds; None without one."""
    return None if first is None or last is None else last - first + 1
