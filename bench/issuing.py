"""How much the portal adds to the API's own time when codes are issued at a steady rate, and the chain's share."""

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox_process import Sandbox
from server_process import ROOT, Portal

from bench.browser import NEW, Browser, Reply
from bench.disk import Disk
from bench.figures import Figure, median, milliseconds, percentile
from bench.load import steadily

RATE = 20.0
# No multiple of the 50 ms between two presses, or the end of one issue would always meet the beginning of another.
API_SECONDS = 0.12
COMMITS = 3  # of one issue: the request, the budget, the outcome
EVENTS = 2
GOALS = {"SQLite": 15.0, "PostgreSQL": 20.0}
CHAIN_GOAL = 3.0


@dataclass(frozen=True)
class Sizes:
    seconds: float = 15
    events: int = 150
    pages: int = 300


@contextmanager
def served(directory: Path, *, server: str) -> Iterator[Portal]:
    """gunicorn with gunicorn.conf.py, the sandbox in a process of its own."""
    with (
        Sandbox(directory, rate=0, quota=1_000_000, process=True) as sandbox,
        Portal(directory, sandbox, database=server, settings="bench.settings_unthrottled") as portal,
    ):
        yield portal


def overhead(portal: Portal, *, database: str, sizes: Sizes) -> list[Figure]:
    browser = Browser(portal)
    count = max(4, round(sizes.seconds * RATE))
    forms = _forms(browser, count)
    floor = steadily(browser.get, ["/healthz"] * min(count, 40), rate=RATE)
    portal.sandbox.forget_calls()
    portal.sandbox.fault("stall", times=None, seconds=API_SECONDS)
    with Disk(portal.output_file.with_name("disk")) as disk:
        replies = steadily(lambda fields: browser.post(NEW, fields), forms, rate=RATE)
    portal.sandbox.clear_faults()
    return [*_figures(portal, replies, floor, database=database, sizes=sizes), disk.figure(database)]


def _forms(browser: Browser, count: int) -> list[dict[str, object]]:
    """Fetched before the measurement; it also warms both workers' threads."""
    with ThreadPoolExecutor(8) as threads:
        return list(threads.map(lambda number: browser.new_code_form(description=f"bench {number}"), range(count)))


def _figures(portal: Portal, replies: list[Reply], floor: list[Reply], *, database: str, sizes: Sizes) -> list[Figure]:
    api = {call.trace_id: call.answered - call.arrived for call in portal.sandbox.calls("CreateRegisterCode")}
    issued = [reply for reply in replies if reply.status == 200 and b'id="the-value"' in reply.body]
    if not issued:
        raise RuntimeError(f"no post issued a code: {portal.output()[-2000:]}")
    added = [milliseconds(reply.seconds - api[reply.headers["X-Request-Id"]]) for reply in issued]
    commits = inside(portal, "chain", sizes.events)
    bare = milliseconds(median(commits["bare"]))
    machine = milliseconds(percentile([reply.seconds for reply in floor], 95)) + COMMITS * bare
    yardstick = {"yardstick": machine, "yardstick_is": f"ms: {COMMITS} bare commits and /healthz"}
    name = f"{database}: overhead of one issue, "
    p50, p95, p99 = (percentile(added, percent) for percent in (50, 95, 99))
    share = EVENTS * (milliseconds(median(commits["chained"])) - bare)
    api_ms = milliseconds(median(list(api.values())))
    return [
        Figure(
            f"{database}: posts that issued a code",
            len(issued),
            "",
            yardstick=len(replies),
            yardstick_is=f"posts, {RATE:g} a second",
        ),
        Figure(name + "p50", p50, "ms", yardstick=api_ms, yardstick_is="ms: the API's own time"),
        Figure(name + "p95", p95, "ms", **yardstick, goal=GOALS[database]),
        Figure(name + "p99", p99, "ms", **yardstick),
        Figure(
            f"{database}: of it the chain ({EVENTS} events)",
            share,
            "ms",
            yardstick=EVENTS * bare,
            yardstick_is=f"ms: the same {EVENTS} commits without events",
            goal=CHAIN_GOAL,
        ),
    ]


def new_code_page(portal: Portal, *, database: str, sizes: Sizes) -> Figure:
    """Pages a second of one process: ours against the same fields without our code."""
    taken = inside(portal, "page", sizes.pages, settings="bench.settings_plain")
    return Figure(
        f"{database}: new-code page",
        1 / median(taken["portal"]),
        "pages/s",
        yardstick=1 / median(taken["plain"]),
        yardstick_is="pages/s: the form without our code",
        goal=0.7,
        of_ratio=True,
    )


def inside(portal: Portal, what: str, count: int, *, settings: str = "") -> dict[str, list[float]]:
    """Lists of seconds from `bench.inside`, on the portal's database."""
    answer = portal.output_file.with_name(f"{what}.json")
    chosen = {"DJANGO_SETTINGS_MODULE": settings} if settings else {}
    command = [sys.executable, "-m", "bench.inside", what, str(count), str(answer)]
    with answer.with_suffix(".log").open("w") as log:
        subprocess.run(command, cwd=ROOT, env=portal.environment | chosen, stdout=log, stderr=log, check=True)
    return json.loads(answer.read_text())
