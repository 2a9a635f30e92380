"""How fast the page for several sites gets its codes: its own endpoint, as many presses at once as its script has.

Against the rate that the portal allows itself, with the cloud's limit in force.
"""

import json
import queue
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sandbox_process import CREATE, Sandbox
from server_forms import form_on
from server_process import ROOT, Portal

from bench.browser import Browser
from bench.figures import Figure

SITES = "/teams/web/codes/sites/"
ONE = f"{SITES}one/"
LIMIT = 20  # the cloud's, calls a second
RATE = 19  # TAT_RATE
SHARE = 0.95
API_SECONDS = 0.12
SCRIPT = ROOT / "static" / "portal" / "sites.js"
NAMES = ("codes made", "codes a second", "calls over the limit")


@dataclass(frozen=True)
class Sizes:
    lines: int = 50


def figures(directory: Path, *, database: str, server: str, sizes: Sizes) -> list[Figure]:
    home = directory / f"sites-{database}"
    home.mkdir()
    with (
        Sandbox(home, rate=LIMIT, quota=1_000_000, process=True) as sandbox,
        Portal(home, sandbox, database=server, TAT_RATE=RATE) as portal,
    ):
        browser = Browser(portal)
        sandbox.fault("stall", times=None, seconds=API_SECONDS)
        _pressed(browser, _checked(browser, at_once()))  # warms both workers' threads
        time.sleep(1.0)  # the cloud's limit counts a second
        waiting = _checked(browser, sizes.lines)
        sandbox.forget_calls()
        started = time.perf_counter()
        outcomes = _pressed(browser, waiting)
        seconds = time.perf_counter() - started
        limited = sum(call.error.startswith("RequestLimitExceeded") for call in sandbox.calls(CREATE))
    return _figures(database, sizes, issued=outcomes.count("issued"), seconds=seconds, limited=limited)


def _figures(database: str, sizes: Sizes, *, issued: int, seconds: float, limited: int) -> list[Figure]:
    name = f"{database}: several sites at once"
    rate = {"yardstick": RATE, "yardstick_is": "a second: TAT_RATE"}
    return [
        Figure(f"{name}, codes made", issued, "", yardstick=sizes.lines, yardstick_is="lines", goal=1, of_ratio=True),
        Figure(f"{name}, codes a second", issued / seconds, "codes/s", **rate, goal=SHARE, of_ratio=True),
        Figure(f"{name}, calls over the limit", limited, "", goal=0),
    ]


def at_once() -> int:
    """As the page's script has it."""
    return int(re.search(r"MOST_AT_ONCE = (\d+)", SCRIPT.read_text())[1])


@dataclass(frozen=True)
class Waiting:
    csrf: object
    tokens: list[str]


def _checked(browser: Browser, lines: int) -> Waiting:
    """The page after *Check the list*: each line with its own submission."""
    form = form_on(browser.get(SITES).body.decode(), action=SITES)
    typed = "\n".join(f"203.0.113.{number}, site, Site {number}" for number in range(1, lines + 1))
    page = browser.post(SITES, form | {"lines": typed}).body.decode()
    tokens = re.findall(r'data-token="([^"]+)"', page)
    if len(tokens) != lines:
        raise RuntimeError(f"{len(tokens)} of {lines} lines were right")
    return Waiting(form["csrfmiddlewaretoken"], tokens)


def _pressed(browser: Browser, waiting: Waiting) -> list[str]:
    """The outcome of each line. Whoever is free takes the next one; a busy one goes back, after the pause asked for."""
    left: queue.SimpleQueue[str] = queue.SimpleQueue()
    for token in waiting.tokens:
        left.put(token)

    def work(_: int) -> list[str]:
        outcomes = []
        while True:
            try:
                token = left.get_nowait()
            except queue.Empty:
                return outcomes
            fields = {"csrfmiddlewaretoken": waiting.csrf, "submission": token}
            reply = browser.post(ONE, fields, **{"X-Requested-With": "fetch"})
            outcome = json.loads(reply.body)["outcome"]
            if outcome == "busy":
                left.put(token)
                time.sleep(float(reply.headers["Retry-After"]))
            else:
                outcomes.append(outcome)

    with ThreadPoolExecutor(at_once()) as threads:
        return [outcome for found in threads.map(work, range(at_once())) for outcome in found]
