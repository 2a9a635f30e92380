"""The Makefile installs what is missing or changed, once, and a start that failed can be repeated. No network."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [
    pytest.mark.processes,
    pytest.mark.same_on_any_database("make installs and starts stand-ins; no database is beside them"),
]

# Stands in for python3 and for the virtual environment's: writes down what it is asked, and fails where it is told to.
PYTHON = """#!/bin/sh
echo "$*" >> asked
case "$*" in
  *venv*) mkdir -p .venv/bin && ln -sf "$(pwd)/python" .venv/bin/python ;;
esac
case "$*" in *"$(cat fails)"*) exit 1 ;; esac
"""
NPM = """#!/bin/sh
echo "npm $*" >> asked
case "npm $*" in *"$(cat fails)"*) exit 1 ;; esac
mkdir -p tests/provider/node_modules && touch tests/provider/node_modules/.package-lock.json
"""
VENV, INSTALL, DEVELOP, DEMO = "-m venv .venv", "-r requirements.txt", "-r requirements-dev.txt", "manage.py demo"
PROVIDER, DEMO_SSO = "npm ci --prefix tests/provider", "manage.py demo --sso"
STEPS = (VENV, INSTALL, DEVELOP, DEMO, PROVIDER, DEMO_SSO)
LOCK = "tests/provider/package-lock.json"


class Copy:
    """A folder with the Makefile and nothing installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("Makefile", "requirements.txt", "requirements-dev.txt", LOCK):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
        for name, program in (("python", PYTHON), ("bin/npm", NPM)):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(program)
            (folder / name).chmod(0o755)
        self.path = f"{folder / 'bin'}:{os.environ['PATH']}"

    def make(self, target: str, *, fails: str = "nothing") -> tuple[int, list[str]]:
        """Exit status, and what the stand-in was asked."""
        (self.folder / "fails").write_text(fails)
        (self.folder / "asked").write_text("")
        command = ["make", "--silent", target, "PYTHON=./python"]
        environment = {"PATH": self.path}
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, (self.folder / "asked").read_text().splitlines()

    def asked(self, target: str, **how: str) -> list[str]:
        """Of these steps, those that were taken, in order."""
        return [step for line in self.make(target, **how)[1] for step in STEPS if line.endswith(step)]

    def pulls(self, name: str) -> None:
        """As `git pull` leaves a file it changed: newer than anything made before."""
        later = max(path.stat().st_mtime for path in self.folder.rglob("*")) + 10
        os.utime(self.folder / name, (later, later))


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def test_the_first_run_installs_everything_and_the_second_nothing(copy):
    assert copy.asked("run") == [VENV, INSTALL, DEMO]
    assert copy.asked("run") == [DEMO]


def test_a_pull_that_changed_the_requirements_installs_them(copy):
    copy.make("run")
    copy.pulls("requirements.txt")

    assert copy.asked("run") == [INSTALL, DEMO]


def test_what_the_tests_need_is_more_than_a_run_needs_and_is_installed_once(copy):
    assert copy.asked("bench") == [VENV, DEVELOP]
    assert copy.asked("run") == [DEMO]
    assert copy.asked("bench") == []


@pytest.mark.parametrize(
    ("fails", "first", "again"),
    [("venv", [VENV], [VENV, INSTALL, DEMO]), ("install", [VENV, INSTALL], [INSTALL, DEMO])],
    ids=["making the environment", "installing"],
)
def test_a_step_that_failed_is_taken_again(copy, fails, first, again):
    assert copy.asked("run", fails=fails) == first

    assert copy.asked("run") == again


def test_what_fails_is_makes_status(copy):
    assert copy.make("run", fails="demo")[0] != 0
    assert copy.make("run")[0] == 0


def test_the_sample_provider_is_installed_once_for_those_who_ask_for_it(copy):
    assert PROVIDER not in copy.asked("run")
    assert copy.asked("run-sso") == [PROVIDER, DEMO_SSO]
    assert copy.asked("run-sso") == [DEMO_SSO]


def test_a_provider_that_was_not_installed_or_has_changed_since_is_installed_again(copy):
    copy.make("run")
    assert copy.asked("run-sso", fails="npm ci") == [PROVIDER]
    assert copy.asked("run-sso") == [PROVIDER, DEMO_SSO]

    copy.pulls(LOCK)

    assert copy.asked("run-sso") == [PROVIDER, DEMO_SSO]


def test_without_npm_no_provider_is_started(copy):
    copy.make("run")
    (copy.folder / "bin" / "npm").unlink()
    for program in ("make", "sh", "touch", "cat"):
        (copy.folder / "bin" / program).symlink_to(shutil.which(program))
    copy.path = str(copy.folder / "bin")

    status, asked = copy.make("run-sso")

    assert (status != 0, asked) == (True, [])
