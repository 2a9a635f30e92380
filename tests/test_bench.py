"""`make bench` works, here with sizes that measure nothing; no figure is judged by a test."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from oidc_provider import install
from server_process import free_port

from bench import postgresql, questions, sites, syncing
from bench.figures import Figure, percentile, table

ROOT = Path(__file__).resolve().parent.parent
ON_POSTGRESQL = os.environ.get("DATABASE_URL", "").startswith("postgres")
DATABASE = "PostgreSQL" if ON_POSTGRESQL else "SQLite"
OF_EACH = ("issuing", "auditing", "syncing", "sites")  # the other parts are measured once, whatever the databases
MEASURED_ONCE = (
    "tat.client, 1 thread",
    "tat.client, 4 threads",
    "make run to the first page, empty database",
    "make run to the first page, again",
    "a silent re-check adds, in the browser",
)
NAMES = (
    f"{DATABASE}: posts that issued a code",
    *(f"{DATABASE}: overhead of one issue, {percent}" for percent in ("p50", "p95", "p99")),
    f"{DATABASE}: of it the chain (2 events)",
    f"{DATABASE}: the disk meanwhile, fdatasync p95",
    f"{DATABASE}: new-code page",
    "new-code page, cold: compressed, with headers",
    "new-code page, cold: requests",
    *(() if ON_POSTGRESQL else MEASURED_ONCE),
    *(f"{DATABASE}: {name}, {how}" for name in questions.NAMES for how in ("long record", "grown")),
    *(f"{DATABASE}: {name}" for name in ("CSV export", "verifyaudit", "memory grown by an export")),
    *(f"{DATABASE}: sync of a full cloud, {name}" for name in syncing.NAMES),
    *(f"{DATABASE}: several sites at once, {name}" for name in sites.NAMES),
)
MAY_BE_NOTHING = ("chain", "adds", "memory", "over the limit")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"TEST_POSTGRESQL_URL": os.environ.get("DATABASE_URL", "")}
    command = [sys.executable, "-m", "bench", "--tiny", f"--database={DATABASE}", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.processes
def test_every_figure_is_taken_printed_and_written(tmp_path, chromium):
    install()
    parts = [f"--only={part}" for part in OF_EACH] if ON_POSTGRESQL else []
    done = run(f"--output={tmp_path / 'bench.json'}", *parts)

    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    figures = {figure["name"]: figure for figure in json.loads((tmp_path / "bench.json").read_text())["figures"]}
    assert set(figures) == set(NAMES)
    assert all(
        figure["measured"] > 0 for name, figure in figures.items() if not any(word in name for word in MAY_BE_NOTHING)
    )
    assert all(name in done.stdout for name in figures)
    made = figures[f"{DATABASE}: several sites at once, codes made"]
    assert made["measured"] == made["yardstick"] and made["met"]
    assert figures["new-code page, cold: requests"]["met"]
    assert figures["new-code page, cold: compressed, with headers"]["met"]


def test_a_missed_goal_is_named_and_a_met_one_too():
    lines = table(
        [
            Figure("slow", 16, "ms", goal=15),
            Figure("fast", 15, "ms", goal=15),
            Figure("slack", 9, "rows/s", goal=10, at_least=True),
            Figure("brisk", 10, "rows/s", goal=10, at_least=True),
            Figure("half", 5, "calls/s", yardstick=10, yardstick_is="calls/s", goal=1, of_ratio=True),
            Figure("fact", 1, "s"),
        ]
    ).splitlines()[2:]

    assert [line.endswith("MISSED") for line in lines] == [True, False, True, False, True, False]
    assert [line.endswith(" met") for line in lines] == [False, True, False, True, False, False]


def test_a_percentile_is_a_value_that_was_measured():
    assert [percentile(range(1, 101), percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([7.0], 95) == 7.0


def test_without_a_server_the_half_not_measured_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("TEST_POSTGRESQL_URL", f"postgres://nobody@127.0.0.1:{free_port()}/none")
    monkeypatch.setattr(postgresql, "INSTALLED", tmp_path)

    assert postgresql.server() == (
        "",
        "NOT MEASURED on PostgreSQL: no TEST_POSTGRESQL_URL answers and no server is installed",
    )
