"""What time it is in the sandbox; codes and signatures can be moved apart, to try expiry and wrong clocks."""

import time


class Clock:
    def __init__(self) -> None:
        self.offset = 0.0
        self.signature_offset = 0.0

    def now(self) -> int:
        return int(time.time() + self.offset)

    def signature_now(self) -> float:
        return time.time() + self.signature_offset
