"""How many requests one action admits: `rate` in any one second, by arrival; 0 admits all."""

import threading
from collections import defaultdict, deque


class Limits:
    def __init__(self, *, rate: int, seconds: float = 1.0) -> None:
        self.rate = rate
        self.seconds = seconds
        self._lock = threading.Lock()
        self._arrivals: dict[str, deque[float]] = defaultdict(deque)

    def admits(self, action: str, *, at: float) -> bool:
        """A refused request does not count."""
        if not self.rate:
            return True
        with self._lock:
            arrivals = self._arrivals[action]
            while arrivals and at - arrivals[0] >= self.seconds:
                arrivals.popleft()
            if len(arrivals) >= self.rate:
                return False
            arrivals.append(at)
            return True
