"""One process of the budget's test: says that it is ready, is told until when, then takes turns and creates.

python tests/budget_caller.py THREADS
"""

import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

import django

CREATE = "CreateRegisterCode"


def call_until(stop: float) -> None:
    from registercodes import cloud, throttle

    ask = cloud.client().create_register_code
    while time.time() < stop:
        turn = throttle.Turn(CREATE)
        if turn.comes():
            ask(region="ap-singapore", parameters={}, trace_id="budget", fresh=turn.holds)


def main() -> None:
    django.setup()
    from registercodes import cloud

    cloud.client()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    stop = float(sys.stdin.readline())
    callers = [threading.Thread(target=call_until, args=(stop,)) for _ in range(int(sys.argv[1]))]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()


if __name__ == "__main__":
    main()
