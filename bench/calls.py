"""Calls per second of our client beside the vendor's own SDK, on the same sandbox process."""

import time
from collections.abc import Callable
from pathlib import Path

from sandbox_callers import sdk
from sandbox_process import Sandbox
from tencentcloud.tat.v20201028 import models

from registercodes.tat import StaticCredentials, TatClient


def measure(directory: Path, *, count: int) -> list[tuple[str, ...]]:
    with Sandbox(directory, rate=0, quota=10**6, process=True) as sandbox:
        credentials = StaticCredentials(secret_id=sandbox.secret_id, secret_key=sandbox.secret_key)
        client, vendor = TatClient(endpoint=sandbox.url, credentials=credentials), sdk(sandbox)

        def ours() -> None:
            client.describe_regions(trace_id="bench", region="ap-singapore")

        def theirs() -> None:
            vendor.DescribeRegions(models.DescribeRegionsRequest())

        rates = [(_rate(ours, count // 4), _rate(theirs, count // 4)) for _ in range(4)]
    mine, other = max(rate[0] for rate in rates), max(rate[1] for rate in rates)
    met = "met" if mine >= other else "MISSED"
    return [
        ("calls per second of the client", f"{mine:.0f}", f"official SDK {other:.0f}", f"{mine / other:.2f} >= 1", met)
    ]


def _rate(call: Callable[[], None], count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        call()
    return count / (time.perf_counter() - started)
