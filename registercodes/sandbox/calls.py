"""Which API calls arrived and what became of them, in memory; bodies of answers are never kept."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace

KEPT = 100_000


@dataclass(frozen=True)
class Call:
    """`arrived` (its first byte) and `answered` are Unix seconds of the machine's own clock."""

    number: int
    arrived: float
    action: str
    region: str
    request_id: str
    trace_id: str
    language: str = ""
    request_client: str = ""
    signed_headers: str = ""
    accept_encoding: str = ""
    parameters: dict = field(default_factory=dict)
    executed: bool = False
    error: str = ""
    fault: str = ""
    code_id: str = ""
    answered: float | None = None


class Calls:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers: deque[int] = deque()
        self._calls: dict[int, Call] = {}
        self._next = 1

    def arrive(self, *, at: float | None = None, **facts: str) -> int:
        with self._lock:
            number, self._next = self._next, self._next + 1
            self._calls[number] = Call(number=number, arrived=at or time.time(), **facts)
            self._numbers.append(number)
            if len(self._numbers) > KEPT:
                self._calls.pop(self._numbers.popleft(), None)
            return number

    def note(self, number: int, **facts: object) -> None:
        with self._lock:
            if number in self._calls:
                self._calls[number] = replace(self._calls[number], **facts)

    def answered(self, number: int) -> None:
        self.note(number, answered=time.time())

    def listed(self, action: str = "") -> list[Call]:
        with self._lock:
            return [call for call in self._calls.values() if action in ("", call.action)]

    def forget(self) -> None:
        with self._lock:
            self._calls.clear()
            self._numbers.clear()
