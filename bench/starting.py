"""Seconds from `make run` to the first page, in a copy of the project whose dependencies are installed."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import requests
from server_process import ROOT, free_port

from bench.figures import Figure

PARTS = (
    "portal",
    "registercodes",
    "templates",
    "static",
    "manage.py",
    "gunicorn.conf.py",
    "Makefile",
    "requirements.txt",
)
GOAL = 4.0
GIVE_UP = 60.0


def figures(directory: Path) -> list[Figure]:
    """The first start makes database and static files; the second finds them."""
    copy = directory / "copy"
    copy.mkdir()
    for part in PARTS:
        source = ROOT / part
        shutil.copytree(source, copy / part) if source.is_dir() else shutil.copy2(source, copy / part)
    bare = _bare_start(copy)
    yardstick = {"yardstick": bare, "yardstick_is": "s: python imports and sets up Django"}
    return [
        Figure(f"make run to the first page, {which}", _seconds_to_first_page(copy), "s", **yardstick, goal=GOAL)
        for which in ("empty database", "again")
    ]


def _environment() -> dict[str, str]:
    chosen = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return chosen | {"PORTAL_MODE": "development", "TAT_ENDPOINT": f"http://127.0.0.1:{free_port()}"}


def _bare_start(copy: Path) -> float:
    started = time.perf_counter()
    code = "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'portal.settings'; django.setup()"
    subprocess.run([sys.executable, "-c", code], cwd=copy, env=_environment(), check=True)
    return time.perf_counter() - started


def _seconds_to_first_page(copy: Path) -> float:
    bind = f"127.0.0.1:{free_port()}"
    # -o: whatever the files' times say, nothing is to be installed.
    command = ["make", "-o", ".venv/.runtime", "run", f"PY={sys.executable}", f"DEMO=--bind {bind}"]
    environment = _environment()
    if (copy / "db.sqlite3").exists():
        environment["TAT_ENDPOINT"] = (copy / "endpoint").read_text()
    (copy / "endpoint").write_text(environment["TAT_ENDPOINT"])  # a database is stamped for one endpoint
    started = time.perf_counter()
    with (copy / "make.log").open("ab") as log:
        running = subprocess.Popen(command, cwd=copy, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for_page(f"http://{bind}/", running)
        return time.perf_counter() - started
    finally:
        _stop(running)


def _stop(running: subprocess.Popen) -> None:
    """make ends before what it started; both are gone once the group is."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGTERM)
        running.wait(GIVE_UP)
        while True:
            os.killpg(running.pid, 0)
            time.sleep(0.02)


def _wait_for_page(address: str, running: subprocess.Popen) -> None:
    give_up = time.monotonic() + GIVE_UP
    with requests.Session() as session:
        session.trust_env = False
        while time.monotonic() < give_up and running.poll() is None:
            with contextlib.suppress(requests.ConnectionError):
                if session.get(address, timeout=10).ok:
                    return
            time.sleep(0.02)
    raise RuntimeError("`make run` brought no page")
