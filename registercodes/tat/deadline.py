"""Decides when an exchange has lasted too long and cuts its socket; never judges what that means.

requests' read timeout counts per receive: a server dripping one header line a
second held a thread for 40 s past timeouts of 5 and 15. One thread per process
watches every exchange; a Timer per call would start a thread per call.
"""

import heapq
import itertools
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

IDLE: Final = 60.0  # seconds without any exchange after which the thread ends


class Exchange:
    """What is known of one request on its way: until when, whether it may be on the wire, why not."""

    __slots__ = ("clock", "connect_timeout", "cut", "deadline", "fresh", "over", "reason", "sending", "sock")

    def __init__(
        self,
        *,
        deadline: float,
        connect_timeout: float,
        clock: Callable[[], float] = time.time,
        fresh: Callable[[], bool] = lambda: True,
    ) -> None:
        self.deadline = deadline  # on time.monotonic
        self.connect_timeout = connect_timeout
        self.clock = clock
        self.fresh = fresh
        self.sending = False  # connection and handshake are done, the request's bytes may have left
        self.reason = "connect"  # why nothing was sent, as long as ``sending`` is false
        self.sock: socket.socket | None = None
        self.cut = False
        self.over = False

    def remaining(self) -> float:
        return self.deadline - time.monotonic()

    def to_connect(self) -> float:
        """Seconds for the next step before sending; TimeoutError when none are left."""
        seconds = min(self.connect_timeout, self.remaining())
        if seconds <= 0:
            raise TimeoutError
        return seconds

    @property
    def is_late(self) -> bool:
        """True also when nobody was awake to cut it (a stopped process); asked before any answer is believed."""
        return self.cut or self.remaining() <= 0


class Watchdog:
    """Shuts down the socket of every watched exchange that passes its deadline."""

    def __init__(self) -> None:
        self._changed = threading.Condition(threading.Lock())
        self._queue: list[tuple[float, int, Exchange]] = []
        self._order = itertools.count()
        self._thread: threading.Thread | None = None

    def watch(self, exchange: Exchange) -> None:
        entry = (exchange.deadline, next(self._order), exchange)
        with self._changed:
            heapq.heappush(self._queue, entry)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tat-deadline", daemon=True)
                self._thread.start()
            elif self._queue[0] is entry:  # otherwise the thread wakes early enough by itself
                self._changed.notify()

    def release(self, exchange: Exchange) -> None:
        """After this the socket may serve another exchange and is not cut for this one."""
        with self._changed:
            exchange.over = True
            exchange.sock = None

    def _run(self) -> None:
        with self._changed:
            while self._wait_for_work():
                _, _, exchange = heapq.heappop(self._queue)
                _shut(exchange)
            self._thread = None

    def _wait_for_work(self) -> bool:
        """True once the first exchange in the queue is due or over; False after a long time without any."""
        while True:
            if not self._queue:
                self._changed.wait(IDLE)
                if not self._queue:
                    return False
            due, _, exchange = self._queue[0]
            pause = due - time.monotonic()
            if exchange.over or pause <= 0:
                return True
            self._changed.wait(pause)


def _shut(exchange: Exchange) -> None:
    if exchange.over:
        return
    exchange.cut = True
    if exchange.sock is None:
        return
    try:
        # socket's own method: SSLSocket.shutdown would turn the reading thread's TLS into plain text.
        socket.socket.shutdown(exchange.sock, socket.SHUT_RDWR)
    except OSError:
        return  # already closed, which is all we want
