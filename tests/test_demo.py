"""`make run`: one command from nothing to a page, again on the second run, and nothing left behind when it stops."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from server_forms import form_on
from server_process import free_port
from test_configuration import GOOD

ROOT = Path(__file__).resolve().parent.parent
DEMO = [sys.executable, "manage.py", "demo"]
pytestmark = [
    pytest.mark.processes,
    pytest.mark.same_on_any_database("the demo keeps a database file of its own, whatever the tests run on"),
]


class Demo:
    """``manage.py demo`` with its own database, sandbox and ports; `sso`: with a sample provider."""

    def __init__(self, directory: Path, *, sso: bool = False) -> None:
        self.port, self.sandbox_port, self.provider_port = free_port(), free_port(), free_port()
        self.sso = [f"--sso={self.provider_port}"] if sso else []
        self.provider_url = f"http://127.0.0.1:{self.provider_port}"
        self.url = f"http://127.0.0.1:{self.port}"
        self.sandbox_url = f"http://127.0.0.1:{self.sandbox_port}"
        self.state = directory / "sandbox.sqlite3"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "PORTAL_MODE": "development",
            "DATABASE_URL": f"sqlite:///{directory}/demo.sqlite3",
            "TAT_ENDPOINT": self.sandbox_url,
        }

    def __enter__(self) -> "Demo":
        command = [*DEMO, f"--bind=127.0.0.1:{self.port}", f"--state={self.state}", *self.sso]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *details: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self.process.stderr.close()

    @property
    def servers(self) -> dict[str, int]:
        """Process ids by what they serve."""
        pid = self.process.pid
        started = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        words = {int(child): Path(f"/proc/{child}/cmdline").read_text().split("\0") for child in started}
        return {_served(given): child for child, given in words.items()}

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def first_page(self, *, seconds: float = 30) -> requests.Response:
        give_up = time.monotonic() + seconds
        while True:
            try:
                return requests.get(self.url, timeout=5)
            except requests.ConnectionError:
                assert time.monotonic() < give_up, "the demo did not start"
                time.sleep(0.05)

    def sign_in(self, person: str) -> requests.Session:
        session = requests.Session()
        page = session.get(f"{self.url}/sso/sign-in/", timeout=5).text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
        session.post(f"{self.url}/sso/sign-in/", {"person": person, "csrfmiddlewaretoken": token}, timeout=5)
        return session


def _served(words: list[str]) -> str:
    """A module, a command of ours, or a program."""
    return words[2] if words[1] in {"-m", "manage.py"} else Path(words[1]).name


def is_listening(url: str) -> bool:
    try:
        requests.get(url, timeout=2)
    except requests.ConnectionError:
        return False
    return True


def test_the_demo_starts_from_nothing_and_again_with_what_it_kept(tmp_path):
    with Demo(tmp_path) as demo:
        assert "Alice Anders" in demo.first_page().text
        home = demo.sign_in("alice").get(demo.url, timeout=5).text
        assert "Sandbox" in home
        assert demo.stop() == 0
    with demo:
        assert demo.first_page().status_code == 200
        assert demo.sign_in("charlie").get(f"{demo.url}/teams/payments/codes/new/", timeout=5).status_code == 200


def test_stopping_the_demo_stops_the_sandbox_too(tmp_path):
    with Demo(tmp_path) as demo:
        demo.first_page()
        assert is_listening(demo.sandbox_url)
        demo.stop()
    assert not is_listening(demo.url)
    assert not is_listening(demo.sandbox_url)


def test_a_code_moves_by_itself_while_the_demo_runs(tmp_path):
    with Demo(tmp_path) as demo:
        demo.first_page()
        alice = demo.sign_in("alice")
        page = alice.get(f"{demo.url}/teams/web/codes/new/", timeout=5).text
        fields = form_on(page, action="/teams/web/codes/new/")
        made = alice.post(f"{demo.url}/teams/web/codes/new/", fields, timeout=20)
        assert "the-value" in made.text
        give_up = time.monotonic() + 40
        while "as of" not in alice.get(demo.url, timeout=5).text:
            assert time.monotonic() < give_up, "nothing synced"
            time.sleep(0.5)


@pytest.mark.parametrize("server", ["registercodes.sandbox", "gunicorn", "syncregistercodes"])
def test_the_demo_ends_with_the_first_of_its_servers_and_says_so_with_its_status(tmp_path, server):
    with Demo(tmp_path) as demo:
        demo.first_page()
        os.kill(demo.servers[server], signal.SIGTERM)

        assert demo.process.wait(30) == 1
        assert "ended by itself" in demo.process.stderr.read()
    assert not is_listening(demo.url)
    assert not is_listening(demo.sandbox_url)


def test_a_portal_that_does_not_start_gives_the_demo_its_status(tmp_path):
    demo = Demo(tmp_path)
    demo.environment["GUNICORN_CMD_ARGS"] = "--no-such-option"
    with demo:
        assert demo.process.wait(30) == 2


def test_no_sandbox_is_started_where_the_endpoint_is_another_machine(tmp_path):
    demo = Demo(tmp_path)
    demo.environment |= {"TAT_ENDPOINT": "http://rig.invalid:9", "ALLOW_INSECURE_ENDPOINTS": "yes"}
    with demo:
        demo.first_page()
        assert set(demo.servers) == {"gunicorn"}


@pytest.mark.parametrize("which", ["port", "sandbox_port"])
def test_a_port_that_somebody_listens_on_is_refused_before_anything_is_written(tmp_path, which):
    demo = Demo(tmp_path)
    with socket.create_server(("127.0.0.1", getattr(demo, which))), demo:
        assert demo.process.wait(30) == 1
        assert f"Something listens on 127.0.0.1:{getattr(demo, which)}" in demo.process.stderr.read()
        assert list(tmp_path.iterdir()) == []


def test_the_demo_never_runs_in_production():
    production = os.environ | GOOD | {"DJANGO_SETTINGS_MODULE": "portal.settings"}
    done = subprocess.run(DEMO, cwd=ROOT, env=production, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "PORTAL_MODE is production" in done.stderr
