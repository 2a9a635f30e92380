"""The call budget is one for all processes: never over the API's 20 a second, and hardly under it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.processes

CALLER = Path(__file__).with_name("budget_caller.py")
CREATE = "CreateRegisterCode"
SECONDS = 6
PROCESSES, THREADS = 4, 4


def most_in_one_second(arrivals: list[float]) -> int:
    return max(sum(1 for later in arrivals[first:] if later < start + 1) for first, start in enumerate(arrivals))


def test_four_processes_of_four_threads_share_twenty_a_second(portal):
    portal.sandbox.set_limits(rate=0)
    environment = os.environ | portal.environment | {"TAT_RATE": "19"}
    command = [sys.executable, str(CALLER), str(time.time() + 2 + SECONDS), str(THREADS)]
    callers = [subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) for _ in range(PROCESSES)]
    assert [caller.wait(60) for caller in callers] == [0] * PROCESSES

    arrivals = sorted(call.arrived for call in portal.sandbox.calls(CREATE))
    steady = arrivals[10:-THREADS]
    assert most_in_one_second(arrivals) <= 20
    assert (len(steady) - 1) / (steady[-1] - steady[0]) >= 18
