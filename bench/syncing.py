"""How fast a sync reads a full cloud, what it costs in memory, and whether creates beside it keep their pace.

The least that the API allows is 100 codes a page and 20 calls a second. The codes
are put into the sandbox's own file: creating them through the API would take longer
than all of the measurement.
"""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox_process import Sandbox

from bench.auditing import ROOT, STAMP, _made
from bench.figures import Figure, percentile
from bench.load import steadily

REGIONS = ("ap-singapore", "eu-frankfurt", "ap-hongkong")
PAGE = 100
RATE = 20
AT_MOST = 1.2  # times the least
GROWTH_MB = 40.0
CHANGED = 7  # codes between the first pass and the second
CREATES = 10.0  # a second, beside a pass
KEPT_PACE = 0.95
NAMES = (
    *("first pass", "second pass", "codes seen", "memory grown", "rows changed by the second pass"),
    *("creates beside it", "p95 of a create beside it", "calls over the limit"),
)


@dataclass(frozen=True)
class Sizes:
    codes: int = 10_000

    @property
    def least(self) -> float:
        """Seconds."""
        return sum(-(-self.share(region) // PAGE) for region in REGIONS) / RATE

    def share(self, region: str) -> int:
        left = self.codes % len(REGIONS)
        return self.codes // len(REGIONS) + (REGIONS.index(region) < left)


def figures(directory: Path, *, database: str, server: str, sizes: Sizes) -> list[Figure]:
    home = directory / f"syncing-{database}"
    home.mkdir()
    with Sandbox(home, rate=RATE, quota=1_000_000, process=True) as sandbox, _made(home, server) as url:
        fill(sandbox.state_file, sizes)
        environment = _environment(sandbox, url)
        _run(environment, "manage.py", "migrate", "--verbosity", "0")
        first = _measured(environment, home, "pass")
        change(sandbox.state_file)
        sandbox.forget_calls()
        second = _measured(environment, home, "pass")
        alone = _measured(environment, home, "creates")
        beside = _measured(environment, home, "beside")
        limited = sum(call.error.startswith("RequestLimitExceeded") for call in sandbox.calls())
    return _figures(database, sizes, first, second, alone, beside, limited=limited)


def _figures(
    database: str, sizes: Sizes, first: Any, second: Any, alone: Any, beside: Any, *, limited: int
) -> list[Figure]:
    name = f"{database}: sync of a full cloud"
    least = {"yardstick": sizes.least, "yardstick_is": f"s: {sizes.codes} codes, {PAGE} a page, {RATE} a second"}
    goal = AT_MOST * sizes.least
    return [
        Figure(f"{name}, first pass", first["seconds"], "s", **least, goal=goal),
        Figure(f"{name}, second pass", second["seconds"], "s", **least, goal=goal),
        Figure(f"{name}, codes seen", first["seen"], "", yardstick=sizes.codes, yardstick_is="codes", goal=1, of_ratio=True),
        Figure(f"{name}, memory grown", first["grown"], "MB", goal=GROWTH_MB),
        Figure(f"{name}, rows changed by the second pass", second["changed"], "", yardstick=CHANGED, yardstick_is="codes changed", goal=CHANGED),
        Figure(f"{name}, creates beside it", beside["rate"], "creates/s", yardstick=alone["rate"], yardstick_is="creates/s without a sync", goal=KEPT_PACE, of_ratio=True),
        Figure(f"{name}, p95 of a create beside it", beside["p95"], "ms", yardstick=alone["p95"], yardstick_is="ms without a sync"),
        Figure(f"{name}, calls over the limit", limited, "", goal=0),
    ]  # fmt: skip


def fill(state: Path, sizes: Sizes) -> None:
    """As creating would have left them."""
    now = int(time.time())
    rows = [
        (str(uuid.uuid4()), region, "", f"bench {number}", "", 10, "", now, now, now + 86_400, 0, 0)
        for region in REGIONS
        for number in range(sizes.share(region))
    ]
    columns = "id, region, value_sha256, description, prefix, register_limit, ip_address_range"
    columns += ", created, updated, expires, disabled, registered"
    with sqlite3.connect(state, timeout=10) as connection:
        connection.executemany(f"INSERT INTO code ({columns}) VALUES ({', '.join('?' * 12)})", rows)  # noqa: S608


def change(state: Path) -> None:
    """Hosts enrolled with some of them."""
    with sqlite3.connect(state, timeout=10) as connection:
        connection.execute(
            "UPDATE code SET registered = registered + 1 WHERE number IN (SELECT number FROM code LIMIT ?)", (CHANGED,)
        )


def _environment(sandbox: Sandbox, url: str) -> dict[str, str]:
    return os.environ | {
        **sandbox.environment(), "DATABASE_URL": url, "TAT_ACCOUNT": STAMP, "TAT_REGIONS": ",".join(REGIONS),
        "PORTAL_MODE": "development", "LOG_LEVEL": "ERROR", "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
    }  # fmt: skip


def _measured(environment: dict[str, str], directory: Path, what: str) -> Any:
    answer = directory / "answer.json"
    _run(environment, "-m", "bench.syncing", what, answer)
    return json.loads(answer.read_text())


def _run(environment: dict[str, str], *words: object) -> None:
    subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )


# Inside a process of the portal's own.


def one_pass() -> dict[str, float]:
    from registercodes import syncing

    before, started = _peak(), time.perf_counter()
    told = list(syncing.sync())
    seconds = time.perf_counter() - started
    wrong = [one.why_not for one in told if not one.complete]
    if wrong:
        raise RuntimeError(f"not every code was seen: {wrong}")
    return {
        "seconds": seconds,
        "grown": _peak() - before,
        "seen": sum(one.seen for one in told),
        "changed": sum(one.changed for one in told),
    }


def creates(seconds: float = 5.0) -> dict[str, float]:
    """At a steady rate, each in its turn as issuing takes it."""
    from registercodes import cloud, throttle

    def create(number: int) -> float:
        started = time.perf_counter()
        if not throttle.take("CreateRegisterCode"):
            raise RuntimeError("no slot for a create")
        asked = {"Description": f"beside {number}", "RegisterLimit": 1, "EffectiveTime": 4}
        cloud.client().create_register_code(region=REGIONS[0], parameters=asked, trace_id=uuid.uuid4().hex)
        return time.perf_counter() - started

    create(0)
    started = time.perf_counter()
    taken = steadily(create, list(range(1, 1 + round(seconds * CREATES))), rate=CREATES)
    return {"rate": len(taken) / (time.perf_counter() - started), "p95": percentile(taken, 95) * 1000}


def creates_beside() -> dict[str, float]:
    """While another process syncs, as a timer's would."""
    command = [sys.executable, str(ROOT / "manage.py"), "syncregistercodes"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as sync:
        time.sleep(1.0)  # it starts
        found = creates()
        sync.wait(600)
    return found


def _peak() -> float:
    """MB, the most that this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(what: str, file: str) -> None:
    import django

    django.setup()
    work = {"pass": one_pass, "creates": creates, "beside": creates_beside}[what]
    Path(file).write_text(json.dumps(work()))


if __name__ == "__main__":
    main(*sys.argv[1:])
