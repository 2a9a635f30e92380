"""Runs the suite on SQLite, then on PostgreSQL where there is one: TEST_POSTGRESQL_URL, or a server on 127.0.0.1.

Two processes share the tests, module by module, the longest first (conftest.py
orders them); those that measure time come after them, alone. Other options of pytest are passed on.

PostgreSQL's half leaves out what a database cannot decide: tests that meet none,
and those marked `same_on_any_database` with a reason (conftest.py deselects both).
"""

import os
import subprocess
import sys

import psycopg

DEFAULT = "postgres://postgres@127.0.0.1:5432/postgres"
HOW = (
    "SKIPPED: no PostgreSQL answers at TEST_POSTGRESQL_URL, so the suite ran on SQLite only.\n"
    "  On Debian: apt-get install postgresql, then name a role that may create databases:\n"
    "  TEST_POSTGRESQL_URL=postgres://role:password@127.0.0.1:5432/postgres make test"
)
TOGETHER = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-m", "not alone")
ALONE = ("-m", "alone")
NOTHING_CHOSEN = 5  # pytest's status; a narrowed run may leave either half empty


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def run(words: list[str], **variables: str) -> int:
    """The first failure's status; that of an empty run only where both halves were empty."""
    statuses = [pytest(*half, *words, **variables) for half in (TOGETHER, ALONE)]
    failed = [status for status in statuses if status not in {0, NOTHING_CHOSEN}]
    return failed[0] if failed else min(statuses)


def pytest(*words: str, **variables: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *words], env=os.environ | variables, check=False).returncode


def main() -> int:
    words = sys.argv[1:]
    on_sqlite = run(words)
    url = os.environ.get("TEST_POSTGRESQL_URL", DEFAULT)
    if not answers(url):
        print(HOW)
        return on_sqlite or (1 if os.environ.get("CI") == "true" else 0)
    return on_sqlite or run(words, DATABASE_URL=url)


if __name__ == "__main__":
    sys.exit(main())
