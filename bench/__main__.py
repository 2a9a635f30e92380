"""Runs every measurement and prints one table. It measures and never fails: a missed goal is printed as such."""

import os
import tempfile
from pathlib import Path

from bench import calls, issuing

ISSUES = int(os.environ.get("BENCH_ISSUES", "200"))
CALLS = int(os.environ.get("BENCH_CALLS", "1000"))


def main() -> None:
    rows = [("figure", "measured", "yardstick", "goal", "")]
    with tempfile.TemporaryDirectory() as folder:
        databases = {"SQLite": ("", 15), "PostgreSQL": (os.environ.get("TEST_POSTGRESQL_URL", ""), 20)}
        for name, (url, goal) in databases.items():
            if name == "PostgreSQL" and not url:
                rows.append((f"one issue, {name}", "not measured", "set TEST_POSTGRESQL_URL", "", ""))
                continue
            directory = Path(folder, name)
            directory.mkdir()
            rows += issuing.measure(directory, name=name, server=url, count=ISSUES, goal=goal)
        rows += calls.measure(Path(folder), count=CALLS)
    for row in rows:
        print("  ".join(f"{cell:<30}" for cell in row).rstrip())


if __name__ == "__main__":
    main()
