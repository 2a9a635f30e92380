"""Which call meets which scripted fault; faults are taken in the order they were armed, each `times` times."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from registercodes.sandbox.plays import BEFORE_READING, KINDS

GENERAL = {"action", "fault", "times", "execute", "when", "skip"}
LATE = "late"


class FaultError(ValueError):
    """What is wrong with a fault asked for, in words for the person who asked."""


@dataclass(frozen=True)
class Fault:
    """`execute`: True before the answer, "late" once the fault has played, False never."""

    fault: str
    action: str
    execute: bool | str
    when: str
    options: dict = field(default_factory=dict)

    def concerns(self, action: str, description: str) -> bool:
        return self.action in ("*", action) and self.when in description


@dataclass
class Armed:
    fault: Fault
    times: int | None
    skip: int

    def is_due(self) -> bool:
        """Counts one matching call."""
        if self.skip:
            self.skip -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Armed] = []
        self._released = threading.Event()

    def arm(self, asked: dict) -> None:
        armed = Armed(read_fault(asked), times=_count(asked, "times", 1, least=1), skip=_count(asked, "skip", 0) or 0)
        with self._lock:
            self._armed.append(armed)

    def clear(self) -> None:
        """Nothing is armed any more, and whoever is stalling goes on at once."""
        with self._lock:
            self._armed.clear()
            self._released.set()
            self._released = threading.Event()

    def pausing(self) -> Callable[[float], object]:
        """A sleep that ends early when the faults are cleared."""
        return self._released.wait

    def listed(self) -> list[Armed]:
        with self._lock:
            return list(self._armed)

    def has_early(self) -> bool:
        return any(armed.fault.fault in BEFORE_READING for armed in self._armed)

    def take_early(self, name: str, *, is_named: Callable[[str], bool] | None = None) -> Fault | None:
        """Before a request is read; `is_named` tells whether it names an action, None that nobody can know."""
        if not self.has_early():
            return None
        return self._take(
            lambda fault: fault.fault == name and (fault.action == "*" or is_named is None or is_named(fault.action))
        )

    def take(self, action: str, parameters: dict) -> Fault | None:
        text = parameters.get("Description", "")
        description = text if isinstance(text, str) else ""
        return self._take(lambda fault: fault.fault in KINDS and fault.concerns(action, description))

    def _take(self, chosen: Callable[[Fault], bool]) -> Fault | None:
        with self._lock:
            for armed in self._armed:
                if chosen(armed.fault) and armed.is_due():
                    self._armed = [other for other in self._armed if other.times != 0]
                    return armed.fault
        return None


def read_fault(asked: dict) -> Fault:
    name = asked.get("fault")
    if name not in {*KINDS, *BEFORE_READING}:
        raise FaultError(f"fault must be one of {', '.join(sorted({*KINDS, *BEFORE_READING}))}")
    kind = KINDS.get(name)
    options = {key: value for key, value in asked.items() if key not in GENERAL}
    for key, value in options.items():
        _check_option(name, kind.options if kind else {}, key, value)
    return Fault(
        fault=name,
        action=_text(asked, "action", "*"),
        execute=_execute(asked, kind.executes if kind else False),
        when=_text(asked, "when", ""),
        options=options,
    )


def _check_option(name: str, known: Mapping[str, type], key: str, value: object) -> None:
    if key not in known:
        raise FaultError(f"{name} knows no {key}")
    wanted = (int, float) if known[key] is float else known[key]
    if wanted is not object and (not isinstance(value, wanted) or isinstance(value, bool)):
        raise FaultError(f"{key} must be {known[key].__name__}")


def _execute(asked: dict, default: bool) -> bool | str:
    execute = asked.get("execute", default)
    if execute not in (True, False, LATE):
        raise FaultError('execute must be true, false or "late"')
    if execute and asked["fault"] in BEFORE_READING:
        raise FaultError(f"{asked['fault']} cannot execute what it has not read")
    return execute


def _text(asked: dict, name: str, default: str) -> str:
    text = asked.get(name, default)
    if not isinstance(text, str):
        raise FaultError(f"{name} must be a string")
    return text


def _count(asked: dict, name: str, default: int, *, least: int = 0) -> int | None:
    """null means: until cleared."""
    number = asked.get(name, default)
    if number is not None and (type(number) is not int or number < least):
        raise FaultError(f"{name} must be a whole number or null")
    return number
