"""Asks the cloud about many codes in one call, and about fewer when one stale id spoils it for the rest.

A call is all or nothing, as far as is known.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol, TypeVar

MOST: Final = 99  # ids in a call: DeleteRegisterCodes wants fewer than 100
# Refusals that may be about one id; any other is about the account and the same for every id.
OF_ONE_ID: Final = ("ResourceNotFound.Register", "InvalidParameterValue")


class Named(Protocol):
    code_id: str


Code = TypeVar("Code", bound=Named)
Ask = Callable[[Sequence[str]], str]  # why the cloud did not do it, empty when it did


def answers(codes: Sequence[Code], *, ask: Ask) -> Iterator[tuple[Code, str]]:
    """Each of ``codes``, at most ``MOST``, with why it was not done; empty where it was."""
    if not codes:
        return
    why_not = ask([code.code_id for code in codes])
    if len(codes) > 1 and why_not.startswith(OF_ONE_ID):
        half = len(codes) // 2
        yield from answers(codes[:half], ask=ask)
        yield from answers(codes[half:], ask=ask)
        return
    yield from ((code, why_not) for code in codes)
