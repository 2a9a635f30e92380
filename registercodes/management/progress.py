"""Shows people at a terminal how far a long run is; never writes to a file or a pipe, nor about a short run."""

import time
from typing import TextIO

WAIT_SECONDS = 1.0  # shorter runs need no bar
WIDTH = 40


class Progress:
    """Call it with (done, total)."""

    def __init__(self, stream: TextIO, *, label: str) -> None:
        self._stream = stream
        self._label = label
        self._is_terminal = stream.isatty()
        self._due = time.monotonic() + WAIT_SECONDS
        self._shown = False

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._is_terminal or (now < self._due and not (self._shown and done >= total)):
            return
        self._due = now + 0.2
        self._shown = True
        filled = WIDTH * done // total if total else WIDTH
        bar = "#" * filled + "." * (WIDTH - filled)
        end = "\n" if done >= total else ""
        self._stream.write(f"\r{self._label} [{bar}] {done:,} of {total:,}{end}")
        self._stream.flush()
