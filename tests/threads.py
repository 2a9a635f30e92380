"""Runs something in many threads at the same moment, each with a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

Result = TypeVar("Result")


def at_once(count: int, act: Callable[[int], Result], *, seconds: float = 60) -> list[Result]:
    """Results in the order of their numbers; the first exception is raised here."""
    together = threading.Barrier(count, timeout=seconds)

    def run(number: int) -> Result:
        try:
            together.wait()
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return [future.result(seconds) for future in [pool.submit(run, number) for number in range(count)]]
