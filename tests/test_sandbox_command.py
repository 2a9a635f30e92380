"""`manage.py sandbox` is the same program as `python -m registercodes.sandbox`, and starts without a database."""

import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from sandbox_process import ROOT


@pytest.fixture
def started(tmp_path: Path):
    command = [sys.executable, str(ROOT / "manage.py"), "sandbox", "--port", "0", "--state", str(tmp_path / "new/s")]
    portal = {"PORTAL_MODE": "development", "DATABASE_URL": f"sqlite:///{tmp_path}/none/db"}
    environment = {**os.environ, **portal, "DJANGO_SETTINGS_MODULE": "portal.settings"}
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.terminate()
    process.wait(10)
    process.stdout.close()


@pytest.mark.processes
@pytest.mark.same_on_any_database("the sandbox keeps a state file of its own and meets no database")
def test_the_command_serves_and_makes_the_state_files_folder(started: subprocess.Popen, tmp_path: Path) -> None:
    url = re.search(r"http://\S+", started.stdout.readline()).group()

    with urllib.request.urlopen(url) as answer:  # noqa: S310  the loopback address just printed
        assert answer.headers["X-TAT-Sandbox"] == "yes"
    assert (tmp_path / "new" / "s").exists()
    assert not (tmp_path / "none").exists()
    started.terminate()
    assert started.wait(10) == 0


def test_the_command_never_listens_beyond_this_machine(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="loopback"):
        call_command("sandbox", "--host", "0.0.0.0", "--port", "0", "--state", str(tmp_path / "s"))
