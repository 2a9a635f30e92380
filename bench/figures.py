"""What one measurement says: a figure, what it is held against, and whether the goal is met."""

import json
import math
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

HEADINGS = ("figure", "measured", "yardstick", "ratio", "goal", "met?")


@dataclass(frozen=True)
class Figure:
    """``goal`` is a limit on ``measured`` (a plain word, "≤"; ``at_least``, "≥") or on ``ratio`` (``of_ratio``, "≥"); None: no goal."""

    name: str
    measured: float
    unit: str
    yardstick: float | None = None
    yardstick_is: str = ""
    goal: float | None = None
    of_ratio: bool = False
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        return self.measured / self.yardstick if self.yardstick else None

    @property
    def is_met(self) -> bool | None:
        if self.goal is None:
            return None
        if self.of_ratio:
            return self.ratio is not None and self.ratio >= self.goal
        if self.at_least:
            return self.measured >= self.goal
        return self.measured <= self.goal

    def facts(self) -> dict[str, object]:
        return asdict(self) | {"ratio": self.ratio, "met": self.is_met}

    def row(self) -> tuple[str, ...]:
        beside = f"{number(self.yardstick)} {self.yardstick_is}" if self.yardstick is not None else self.yardstick_is
        goal = (
            "" if self.goal is None
            else f"ratio ≥ {self.goal:g}" if self.of_ratio
            else f"{'≥' if self.at_least else '≤'} {self.goal:g} {self.unit}"
        )  # fmt: skip
        met = {None: "", True: "met", False: "MISSED"}[self.is_met]
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return self.name, f"{number(self.measured)} {self.unit}", beside, ratio, goal, met


def number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that ``percent`` of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def milliseconds(seconds: float) -> float:
    return seconds * 1000


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def table(figures: Sequence[Figure]) -> str:
    rows = [HEADINGS, *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def machine() -> dict[str, object]:
    """What the figures were taken on; the load tells whether to believe them."""
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load": [round(one, 2) for one in os.getloadavg()],
    }


def write(path: Path, figures: Sequence[Figure], *, notes: Sequence[str], before: dict, after: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {"before": before, "after": after, "notes": list(notes), "figures": [one.facts() for one in figures]}
    path.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
