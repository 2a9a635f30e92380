"""Calls a second of our client and of the vendor's SDK, on one sandbox process without a rate limit."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox_callers import REGION, sdk
from sandbox_process import Sandbox
from tencentcloud.tat.v20201028 import models

from bench.figures import Figure, median
from registercodes.tat import StaticCredentials, TatClient

PARAMETERS = {"Description": "webserver", "RegisterLimit": 10, "EffectiveTime": 4}


def figures(directory: Path, *, calls: int) -> list[Figure]:
    with Sandbox(directory, rate=0, quota=1_000_000, process=True) as sandbox:
        ours, theirs = _our_call(sandbox), _their_call(sandbox)
        return [_figure(ours, theirs, threads=threads, calls=calls) for threads in (1, 4)]


def _our_call(sandbox: Sandbox) -> Callable[[int], object]:
    credentials = StaticCredentials(secret_id=sandbox.secret_id, secret_key=sandbox.secret_key)
    client = TatClient(endpoint=sandbox.url, credentials=credentials)
    return lambda number: client.create_register_code(region=REGION, parameters=PARAMETERS, trace_id=f"bench-{number}")


def _their_call(sandbox: Sandbox) -> Callable[[int], object]:
    """One client for all calls: it keeps a session, and with it the connections, as ours does."""
    client = sdk(sandbox)

    def call(number: int) -> object:
        request = models.CreateRegisterCodeRequest()
        for name, value in PARAMETERS.items():
            setattr(request, name, value)
        return client.CreateRegisterCode(request)

    return call


def _figure(ours: Callable[[int], object], theirs: Callable[[int], object], *, threads: int, calls: int) -> Figure:
    """Small rounds in turns; the median round of each counts."""
    rates: tuple[list[float], list[float]] = ([], [])
    size = 10 * threads
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(max(2, calls // size)):
            for call, found in zip((ours, theirs), rates, strict=True):
                started = time.perf_counter()
                list(pool.map(call, range(size)))
                found.append(size / (time.perf_counter() - started))
    return Figure(
        f"tat.client, {threads} thread{'s' if threads > 1 else ''}",
        median(rates[0]),
        "calls/s",
        yardstick=median(rates[1]),
        yardstick_is="calls/s: the official SDK",
        goal=1.0,
        of_ratio=True,
    )
