"""Runs the suite once more on PostgreSQL, where there is one: TEST_POSTGRESQL_URL, or a server on 127.0.0.1."""

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


def answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def main() -> int:
    url = os.environ.get("TEST_POSTGRESQL_URL", DEFAULT)
    if not answers(url):
        print(HOW)
        return 1 if os.environ.get("CI") == "true" else 0
    command = [sys.executable, "-m", "pytest", *sys.argv[1:]]
    return subprocess.run(command, env=os.environ | {"DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
