"""Reads a list of codes that changes while it is read; says whether all of it was seen, and never guesses that it was.

Codes appear and vanish between pages, and the order of pages is nobody's
promise. So a pass is complete only when its pages joined without a gap and it
saw as many distinct codes as the cloud says there are.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from registercodes.tat.errors import NotSent, TatError, Unknown, reason_of
from registercodes.tat.records import Page, RegisterCodeInfo

PAGE: Final = 100  # the most the API gives
OVERLAP: Final = 1  # each page begins with the last row of the one before: what moved in between shows
SWEEPS_MAX: Final = 2
ASKED_MAX: Final = 3  # a read may be repeated, once it is known that the cloud answers at all
ASK_PAUSE: Final = 0.3
PASS_SECONDS: Final = 900.0
ROWS_MAX: Final = 200_000  # the vendor's sample quota is 5 000; beyond this nothing is complete

Ask = Callable[[int], Page[RegisterCodeInfo]]
GoOn = Callable[[], bool]


class _Stopped(Exception):
    """The pass ends here; its text is the reason."""


@dataclass
class Sweep:
    """From the first page to the last: the ids seen, and whether each page held on to the one before."""

    seen: set[str] = field(default_factory=set)
    total: int = 0
    gapless: bool = True
    last: str = ""

    @property
    def is_complete(self) -> bool:
        return self.gapless and len(self.seen) == self.total

    def add(self, page: Page[RegisterCodeInfo], *, joins: bool) -> int:
        """How many of its codes are new to this sweep."""
        ids = [code.code_id for code in page.items]
        if joins and self.last and self.last not in ids:
            self.gapless = False
        before = len(self.seen)
        self.seen.update(ids)
        self.total = page.total
        if joins and ids:
            self.last = ids[-1]
        return len(self.seen) - before


class Reader:
    """Asks for pages and hands each on as it comes, so that memory holds ids only."""

    def __init__(self, ask: Ask, *, keep: Callable[[Sequence[RegisterCodeInfo]], None], go_on: GoOn) -> None:
        self._ask, self._keep, self._go_on = ask, keep, go_on
        self._give_up = time.monotonic() + PASS_SECONDS
        self.sweep = Sweep()
        self.pages = 0

    def read(self) -> str:
        """Empty when complete, else why not."""
        try:
            for _ in range(SWEEPS_MAX):
                self.sweep = Sweep()
                self._read_through()
                self._read_what_appeared()
                if self.sweep.is_complete:
                    return ""
        except _Stopped as stopped:
            return str(stopped)
        return "moved"  # codes came or went faster than pages, or the cloud counts what it does not show

    def _read_through(self) -> None:
        offset = 0
        while True:
            page = self._page(offset)
            if not self.sweep.add(page, joins=True) or offset + len(page.items) >= page.total:
                return  # at the end, or a page that brings nothing: more of its kind would not either
            offset += max(len(page.items) - OVERLAP, 1)

    def _read_what_appeared(self) -> None:
        """New codes stand on the first pages where the newest come first."""
        offset = 0
        while self.sweep.gapless and len(self.sweep.seen) < self.sweep.total:
            page = self._page(offset)
            if not page.items or self.sweep.add(page, joins=False) < len(page.items):
                return
            offset += len(page.items)

    def _page(self, offset: int) -> Page[RegisterCodeInfo]:
        if len(self.sweep.seen) > ROWS_MAX:
            raise _Stopped("too_many")
        if time.monotonic() > self._give_up:
            raise _Stopped("too_slow")
        if not self._go_on():
            raise _Stopped("busy")
        page = self._asked(offset)
        self.pages += 1
        self._keep(page.items)
        return page

    def _asked(self, offset: int) -> Page[RegisterCodeInfo]:
        for left in reversed(range(ASKED_MAX)):
            try:
                return self._ask(offset)
            except TatError as failure:
                if not left or not self.pages or not isinstance(failure, NotSent | Unknown):
                    raise _Stopped(reason_of(failure)) from None
                time.sleep(ASK_PAUSE)
        raise _Stopped("unanswered")
