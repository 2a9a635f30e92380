"""Open-loop load: requests leave by the clock, whether or not earlier ones have been answered."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

THREADS = 32


def steadily(send: Callable[[Item], Result], items: Sequence[Item], *, rate: float) -> list[Result]:
    """Call ``send`` for each item, ``rate`` times a second; answers in order of sending."""
    with ThreadPoolExecutor(THREADS) as threads:
        started = time.monotonic()
        futures = []
        for number, item in enumerate(items):
            time.sleep(max(0.0, started + number / rate - time.monotonic()))
            futures.append(threads.submit(send, item))
        return [future.result() for future in futures]
