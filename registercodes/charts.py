"""Lays out small charts: where each bar stands, how large it is, what it says and where it leads. No markup here.

Numbers come as the text that SVG reads, so that no template writes a decimal comma.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 380
PLOT_HEIGHT = 132
TOP = 8
AXIS = 34  # room for the numbers beside the columns
FOOT = 20  # room for the days below them
GAP = 2
ROW_HEIGHT = 34
BAR_HEIGHT = 8
LINE_MAX = 54  # characters that a label and its value have between them
LEAST = 1.5  # what is there is seen
STEPS = (1, 2, 5)
EVERY = 7  # columns with a label, counted from the last
LABEL_WIDTH = 24


@dataclass(frozen=True)
class Part:
    """One number of a chart. ``tone`` is a word of the style sheet, ``says`` is the whole fact in words."""

    amount: int
    tone: str
    says: str
    href: str


@dataclass(frozen=True)
class Row:
    label: str
    value: str  # as it is written beside the bar
    part: Part


@dataclass(frozen=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    tone: str
    says: str
    href: str

    @property
    def outline(self) -> str:
        """For a path: one word where a rectangle has four, which a page writes out twice for hundreds of bars."""
        return f"M{self.x} {self.y}h{self.width}v{self.height}h-{self.width}z"


@dataclass(frozen=True)
class Words:
    x: str
    y: str
    text: str
    anchor: str = "start"


@dataclass(frozen=True)
class Chart:
    width: int
    height: int
    bars: tuple[Bar, ...]
    words: tuple[Words, ...]
    lines: tuple[str, ...]  # heights at which a thin line crosses the plot


def columns(labels: Sequence[str], stacks: Sequence[Sequence[Part]]) -> Chart:
    """A column for each label, its parts stacked from the ground up; each week's label, from the last, is written."""
    highest = max((sum(part.amount for part in stack) for stack in stacks), default=0)
    top = round_up(highest)
    slot = (WIDTH - AXIS) / max(len(labels), 1)
    bars = [
        bar
        for number, stack in enumerate(stacks)
        for bar in _stacked(stack, x=AXIS + number * slot, width=max(slot - GAP, 1), top=top)
    ]
    ground = TOP + PLOT_HEIGHT
    days = [
        Words(_text(AXIS + (number + 1) * slot), _text(ground + 14), label, "end")
        for number, label in enumerate(labels)
        if (len(labels) - 1 - number) % EVERY == 0 and number * slot > LABEL_WIDTH
    ]
    ticks = sorted({0, top // 2 if top > 1 else 0, top})
    heights = [ground - PLOT_HEIGHT * tick / max(top, 1) for tick in ticks]
    numbers = [
        Words(_text(AXIS - 6), _text(y + 4), short(tick), "end") for tick, y in zip(ticks, heights, strict=True)
    ]
    lines = tuple(_text(y) for y in heights)
    return Chart(WIDTH, TOP + PLOT_HEIGHT + FOOT, tuple(bars), (*numbers, *days), lines)


def _stacked(stack: Sequence[Part], *, x: float, width: float, top: int) -> list[Bar]:
    bars, y = [], float(TOP + PLOT_HEIGHT)
    for part in stack:
        if part.amount > 0:
            height = max(PLOT_HEIGHT * part.amount / top, LEAST)
            y -= height
            bars.append(Bar(_text(x), _text(y), _text(width), _text(height), part.tone, part.says, part.href))
    return bars


def rows(items: Sequence[Row], *, top: int | None = None) -> Chart:
    """A line for each: its label and value above a bar, whose length is its share of the largest."""
    largest = max(top or 0, *(item.part.amount for item in items), 1) if items else 1
    bars, words = [], []
    for number, item in enumerate(items):
        y = number * ROW_HEIGHT
        width = max(WIDTH * item.part.amount / largest, LEAST if item.part.amount else 0)
        words.append(Words("0", _text(y + 14), shortened(item.label, most=LINE_MAX - len(item.value))))
        words.append(Words(str(WIDTH), _text(y + 14), item.value, "end"))
        part = item.part
        bars.append(Bar("0", _text(y + 20), _text(width), str(BAR_HEIGHT), part.tone, part.says, part.href))
    return Chart(WIDTH, max(len(items), 1) * ROW_HEIGHT, tuple(bars), tuple(words), ())


def round_up(number: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50 …"""
    if number <= 1:
        return 1
    power = 10 ** (len(str(number)) - 1)
    return next(step * power for step in (*STEPS, 10) if step * power >= number)


def short(number: int) -> str:
    """``1500`` is 1.5k: what fits beside a column."""
    for size, letter in ((1_000_000, "M"), (1_000, "k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return str(number)


def shortened(text: str, *, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _text(number: float) -> str:
    return f"{round(number, 2):g}"
