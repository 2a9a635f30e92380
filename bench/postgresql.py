"""A PostgreSQL server to measure on: TEST_POSTGRESQL_URL where it answers, else a throw-away one from Debian's files."""

import atexit
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from server_process import free_port

INSTALLED = Path("/usr/lib/postgresql")


def server() -> tuple[str, str]:
    """(address, what it is); an empty address when there is none. A throw-away one lasts until the process ends."""
    given = os.environ.get("TEST_POSTGRESQL_URL", "")
    if given and _answers(given):
        return given, "PostgreSQL at TEST_POSTGRESQL_URL"
    binaries = sorted(INSTALLED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if not binaries:
        return "", "NOT MEASURED on PostgreSQL: no TEST_POSTGRESQL_URL answers and no server is installed"
    return _throw_away(binaries[-1].parent), f"throw-away PostgreSQL {binaries[-1].parts[-3]}, Debian's defaults"


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return False
    return True


def _throw_away(binaries: Path) -> str:
    directory = Path(tempfile.mkdtemp(prefix="portal-bench-pg-"))
    if os.getuid() == 0:
        shutil.chown(directory, "postgres")
    port = free_port()
    control = [binaries / "pg_ctl", "-D", directory / "data", "-w"]
    atexit.register(_remove, directory, control)
    _run(binaries / "initdb", "-D", directory / "data", "-A", "trust", "-U", "portal")
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={directory}"
    _run(*control, "-l", directory / "log", "-o", settings, "start")
    return f"postgres://portal@127.0.0.1:{port}/postgres"


def _remove(directory: Path, control: list[object]) -> None:
    _run(*control, "-m", "immediate", "stop", check=False)
    shutil.rmtree(directory, ignore_errors=True)


def _run(*words: object, check: bool = True) -> None:
    """As the user postgres where we are root, which the server refuses to be."""
    before = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    command = [*before, *(str(word) for word in words)]
    quiet = subprocess.DEVNULL
    subprocess.run(command, check=check, stdin=quiet, stdout=quiet, stderr=quiet, cwd="/")
