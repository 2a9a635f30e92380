"""Decides how many calls of this process may wait for the cloud, so that a stalled API never takes every thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

_places: dict[tuple[str, int], threading.BoundedSemaphore] = {}
_lock = threading.Lock()


@contextmanager
def place(action: str) -> Iterator[bool]:
    """One of the TAT_CONCURRENT places of ``action``; False at once when none is free.

    Each action has its own: stalled creates must not keep anybody from disabling, nor the other way round.
    """
    size = settings.TAT_CONCURRENT
    with _lock:
        places = _places.setdefault((action, size), threading.BoundedSemaphore(size))
    free = places.acquire(blocking=False)
    try:
        yield free
    finally:
        if free:
            places.release()
