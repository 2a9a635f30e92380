"""How long the disk takes to keep a page, asked while something else is measured: commits wait for the same disk."""

import os
import threading
import time
from pathlib import Path
from typing import Self

from bench.figures import Figure, milliseconds, percentile

PAUSE = 0.1
PAGE = bytes(4096)


class Disk:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.seconds: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *details: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        with self._file.open("wb", buffering=0) as file:
            while True:
                file.write(PAGE)
                started = time.perf_counter()
                os.fdatasync(file.fileno())
                self.seconds.append(time.perf_counter() - started)
                if self._over.wait(PAUSE):
                    return

    def figure(self, database: str) -> Figure:
        p50, p95 = (milliseconds(percentile(self.seconds, percent)) for percent in (50, 95))
        name = f"{database}: the disk meanwhile, fdatasync p95"
        return Figure(name, p95, "ms", yardstick=p50, yardstick_is="ms: its p50")
