"""How the audit behaves when it is long: pages at a million events against a thousand, exports, verification."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.figures import Figure, median, milliseconds

ROOT = Path(__file__).resolve().parent.parent
STAMP = "bench"  # million_events refuses any other database
PAGE_MS = 150.0
PAGE_RATIO = 1.5
EXPORTED, VERIFIED = 30_000, 25_000  # rows a second
GROWTH_MB = 40.0
# No index serves these: rows are read until a page is full, or all of the last 30 days.
WITHOUT_INDEX = {"cause", "overview"}


@dataclass(frozen=True)
class Sizes:
    short: int = 1000
    long: int = 1_000_000
    times: int = 11


def figures(directory: Path, *, database: str, server: str, sizes: Sizes) -> list[Figure]:
    with _filled(directory, server, sizes.short) as short:
        before = _measured(short, directory, "pages", sizes.times)
    with _filled(directory, server, sizes.long) as long:
        after = _measured(long, directory, "pages", sizes.times)
        export, verify = (_measured(long, directory, what, 1) for what in ("export", "verify"))
    pages = [one for name in after for one in _page(f"{database}: {name}", name, before[name], after[name])]
    return [*pages, *_rates(database, export, verify)]


def _page(title: str, name: str, before: dict[str, Any], after: dict[str, Any]) -> list[Figure]:
    few, many = (milliseconds(median(one["ours"])) for one in (before, after))
    stock = (
        {"yardstick": milliseconds(after["stock"]), "yardstick_is": "ms: the stock admin"} if after["stock"] else {}
    )
    alike = before["rows"] == after["rows"]
    goal = PAGE_RATIO if alike and name not in WITHOUT_INDEX else None
    against = f"times the {few:.0f} ms of the short record"
    against += "" if alike else f", whose page has {before['rows']} rows, not {after['rows']}"
    return [
        Figure(f"{title}, long record", many, "ms", **stock, goal=PAGE_MS),
        Figure(f"{title}, grown", many / few, "×", yardstick_is=against, goal=goal),
    ]


def _rates(database: str, export: dict[str, Any], verify: dict[str, Any]) -> list[Figure]:
    found = []
    for name, facts, goal, plain in (
        ("CSV export", export, EXPORTED, "rows/s: csv.writer over values_list"),
        ("verifyaudit", verify, VERIFIED, "rows/s: read and not proven"),
    ):
        ours, theirs = (facts["rows"] / median(facts[side]) for side in ("ours", "plain"))
        yardstick = {"yardstick": theirs, "yardstick_is": plain}
        found.append(Figure(f"{database}: {name}", ours, "rows/s", **yardstick, goal=goal, at_least=True))
    grown = Figure(f"{database}: memory grown by an export", export["grown"], "MB", goal=GROWTH_MB)
    return [*found, grown]


@contextmanager
def _filled(directory: Path, server: str, events: int) -> Iterator[dict[str, str]]:
    """The environment of a database of its own, stamped for benching and filled."""
    with _made(directory, server) as url:
        variables = {
            "DATABASE_URL": url, "TAT_ACCOUNT": STAMP, "PORTAL_MODE": "development", "LOG_LEVEL": "ERROR",
            "DJANGO_SETTINGS_MODULE": "bench.settings_stock", "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
        }  # fmt: skip
        environment = os.environ | variables
        _run(environment, "manage.py", "migrate", "--verbosity", "0")
        _run(environment, "tests/million_events.py", "--events", events)
        _let_planner_know(url)
        yield environment


def _let_planner_know(url: str) -> None:
    """What autovacuum does within a minute; a record that grew over years has been through it many times."""
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


@contextmanager
def _made(directory: Path, server: str) -> Iterator[str]:
    name = f"bench_{uuid.uuid4().hex[:12]}"
    if not server:
        yield f"sqlite:///{directory / name}.sqlite3"
        return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    try:
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _measured(environment: dict[str, str], directory: Path, what: str, times: int) -> Any:
    answer = directory / "answer.json"
    _run(environment, "-m", "bench.asked", what, times, answer)
    return json.loads(answer.read_text())


def _run(environment: dict[str, str], *words: object) -> None:
    """Log lines are of no interest here; what goes wrong is."""
    subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL
    )
