"""Ends a command that goes on for ever at TERM or Ctrl+C, also where the interrupt is lost.

What a signal's handler raises while an object is deleted, Python drops: a loop
that waits for the interrupt alone would then run on. It asks ``is_told`` too.
"""

import signal
import threading
from typing import Any


class Stop:
    def __init__(self) -> None:
        self.is_told = False

    def listen(self) -> None:
        """Signals reach the main thread only; elsewhere nobody is told."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, self.tell)

    def tell(self, number: int, frame: Any) -> None:
        self.is_told = True
        raise KeyboardInterrupt
