"""Holds a register code's value on its way to one page; never prints, stores or serialises it."""

import hmac
from typing import Final, NoReturn

MASK: Final = "[value withheld]"


class AlreadyRevealed(Exception):
    """The value was handed over once; there is no second time."""


class OneTimeValue:
    """A secret string that is handed over once, by name, and by no other means.

    ``repr``, ``str`` and ``format`` show a mask; pickling and copying raise
    ``TypeError``; a JSON encoder refuses it because it is no string. The name
    lists of Django's and Sentry's filters do not match ``code`` or ``value``,
    so the type is the guard and not what a variable is called.
    """

    __slots__ = ("__hidden",)

    def __init__(self, value: str) -> None:
        self.__hidden: str | None = value

    def reveal(self) -> str:
        """Hand over the value and forget it; the second call raises ``AlreadyRevealed``."""
        if self.__hidden is None:
            raise AlreadyRevealed
        value, self.__hidden = self.__hidden, None
        return value

    def fingerprint(self, key: bytes) -> str:
        """HMAC-SHA256 of the value under ``key``, lower-case hex: traces a leak, reveals nothing."""
        if self.__hidden is None:
            raise AlreadyRevealed
        return hmac.new(key, self.__hidden.encode(), "sha256").hexdigest()

    def forget(self) -> None:
        """Drop the value unseen."""
        self.__hidden = None

    def __repr__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a one-time value is never copied or serialised")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a one-time value is never copied or serialised")
