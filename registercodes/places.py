"""Decides how many threads of this process one thing may hold: a stalled API, or slow readers, never take them all."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

_places: dict[tuple[str, int], threading.BoundedSemaphore] = {}
_lock = threading.Lock()


@contextmanager
def place(action: str) -> Iterator[bool]:
    """One of the TAT_CONCURRENT places of ``action``; False at once when none is free.

    Each action has its own: stalled creates must not keep anybody from disabling, nor the other way round. Exports
    to browsers count as one.
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
