"""A real portal for tests and measurements: gunicorn, gunicorn.conf.py, a database of its own, people to sign in.

with Sandbox(tmp_path) as sandbox, Portal(tmp_path, sandbox) as portal:
    alice = portal.sign_in("alice")
    assert alice.get("/").status_code == 200
    answer = portal.post_new(alice, description="webserver")
    assert portal.rows()[-1].state == "issued"
"""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Self

import pytest
import requests
from requests.adapters import HTTPAdapter
from sandbox_process import CREATE, Sandbox
from server_database import Database, new_database
from server_forms import form_on

ROOT = Path(__file__).resolve().parent.parent
SIGN_IN = "/sso/sign-in/"
LISTENING = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+) ")

CHAIN_CHECK = """
from registercodes import audit, keys
from registercodes.models import AuditEvent, AuditHead
number, digest = 0, ""
for event in AuditEvent.objects.order_by("sequence"):
    number += 1
    if (event.sequence, event.previous_digest) != (number, digest):
        raise SystemExit(f"sequence {number}: gap or fork")
    digest = event.digest
    if digest != audit.digest_of(event, key=keys.by_id()[event.key_id]):
        raise SystemExit(f"sequence {number}: changed")
head = AuditHead.objects.get()
if (head.sequence, head.digest) != (number, digest):
    raise SystemExit("the head names another end")
"""


class Visitor(requests.Session):
    """Somebody's browser, without scripts: knows the portal's address, keeps cookies, follows redirects."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base
        self.trust_env = False
        self.mount("http://", HTTPAdapter(pool_maxsize=40))

    def request(self, method: str, url: str, **options: object) -> requests.Response:
        options.setdefault("timeout", 60)
        return super().request(method, self.base + url if url.startswith("/") else url, **options)


class Portal:
    """`environment` adds variables; `settings` names another settings module; `database` a PostgreSQL server's URL.

    Any `port` unless somebody, such as an identity provider, has to know it beforehand.
    """

    def __init__(
        self,
        directory: Path,
        sandbox: Sandbox,
        *,
        database: str = "",
        workers: int = 2,
        settings: str = "portal.settings",
        port: int = 0,
        **environment: object,
    ) -> None:
        self.output_file = Path(directory) / "portal.out"
        self.errors_file = Path(directory) / "portal.err"
        self.database: Database = new_database(Path(directory), endpoint=sandbox.endpoint, server=database)
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT / "tests"),
            "DJANGO_SETTINGS_MODULE": settings,
            "PORTAL_MODE": "development",
            "DATABASE_URL": self.database.url,
            "WEB_CONCURRENCY": str(workers),
            **sandbox.environment(),
            **{name: str(value) for name, value in environment.items()},
        }
        self.sandbox = sandbox
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.kill()
        self.database.remove()

    # Its life.

    def start(self) -> None:
        """Returns once a page can be asked for. The port stays the same over kill and start."""
        command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{self.port}", "portal.wsgi"]
        with self.output_file.open("ab") as output, self.errors_file.open("ab") as errors:
            self.process = subprocess.Popen(  # its own group, so that one signal ends arbiter and workers
                command, cwd=ROOT, env=self.environment, stdout=output, stderr=errors, start_new_session=True
            )
        try:
            self.port = self.port or self._wait_for_port()
            self._wait_for_health()
        except BaseException:
            self.kill()
            raise

    def _wait_for_port(self) -> int:
        for _ in self._patiently("names no port"):
            if said := LISTENING.search(self.output()):
                return int(said[1])
        raise AssertionError

    def _wait_for_health(self) -> None:
        visitor = Visitor(self.url)
        for _ in self._patiently("does not answer"):
            with contextlib.suppress(requests.ConnectionError):
                if visitor.get("/healthz").ok:
                    return

    def _patiently(self, complaint: str) -> Iterator[None]:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise AssertionError(f"the portal ended with {self.process.returncode}:\n{self.output()[-3000:]}")
            yield
            time.sleep(0.02)
        raise AssertionError(f"the portal {complaint}:\n{self.output()[-3000:]}")

    def kill(self) -> None:
        """SIGKILL for arbiter and workers at once."""
        if self.process:
            workers = self.worker_pids
            self.signal(signal.SIGKILL)
            self.process.wait(10)
            self.process = None
            while any(_is_running(pid) for pid in workers):
                time.sleep(0.005)

    def stop(self) -> None:
        """As an operator does: requests are finished first."""
        self.process.terminate()
        self.process.wait(60)
        self.process = None

    def signal(self, number: signal.Signals) -> None:
        """To the whole process group."""
        os.killpg(self.process.pid, number)

    @property
    def worker_pids(self) -> list[int]:
        pid = self.process.pid
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    # What people do.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def sign_in(self, name: str) -> Visitor:
        """One of the sample people: alice and bob (web), charlie (payments), dora (auditor), erin (administrator)."""
        visitor = Visitor(self.url)
        fields = form_on(visitor.get(SIGN_IN).text, action=SIGN_IN)
        assert visitor.post(SIGN_IN, fields | {"person": name}).ok
        return visitor

    def form(self, visitor: Visitor, *, team: str = "web", **changes: object) -> dict[str, object]:
        """The new-code form as a browser would send it, with `changes`; each has a submission of its own."""
        address = f"/teams/{team}/codes/new/"
        return form_on(visitor.get(address).text, action=address) | changes

    def send(self, visitor: Visitor, fields: dict[str, object], *, team: str = "web", **how: object):
        return visitor.post(f"/teams/{team}/codes/new/", fields, **how)

    def post_new(self, visitor: Visitor, *, team: str = "web", **changes: object) -> requests.Response:
        return self.send(visitor, self.form(visitor, team=team, **changes), team=team)

    # What an observer sees.

    def rows(self) -> list[SimpleNamespace]:
        """Every request for a code, oldest first, straight from the database."""
        return self.database.query("SELECT * FROM registercodes_registercode ORDER BY id")

    def events(self, reference: str = "") -> list[str]:
        """Actions in order of the chain."""
        found = self.database.query("SELECT action, reference FROM registercodes_auditevent ORDER BY sequence")
        return [event.action for event in found if reference in ("", event.reference)]

    def wait_for_row(self, *states: str, after: int = 0) -> SimpleNamespace:
        """A row with an id above `after`, as soon as it is in one of `states`."""
        marks = ", ".join("?" * len(states))
        statement = f"SELECT * FROM registercodes_registercode WHERE id > ? AND state IN ({marks}) ORDER BY id"
        return self.database.wait_for(statement, after, *states)

    def wait_for_log(self, event: str, **facts: object) -> dict:
        """The first line of an event with these facts."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for line in self.logs():
                if line["event"] == event and facts.items() <= line.items():
                    return line
            time.sleep(0.02)
        raise AssertionError(f"nothing logged like {event} {facts}")

    def chain_problem(self) -> str:
        """Empty while the audit chain is whole."""
        return self.manage("shell", "--verbosity", "0", "-c", CHAIN_CHECK, check=False).stderr.strip()

    def manage(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A management command in the portal's own environment."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.run(command, cwd=ROOT, env=self.environment, check=check, capture_output=True, text=True)

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """The same without waiting for its end."""
        command = [sys.executable, "manage.py", *words]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL)

    def logs(self) -> list[dict]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.output_file.read_text().splitlines() if line.startswith("{")]

    def output(self) -> str:
        """All that it wrote, the server's own words included."""
        return self.output_file.read_text() + self.errors_file.read_text()


class Press:
    """A button pressed in the background; `answer()` waits, `was_lost()` tells that none came."""

    def __init__(self, portal: Portal, visitor: Visitor, fields: dict[str, object], **how: object) -> None:
        self._future: Future[requests.Response] = Future()
        self._work = lambda: portal.send(visitor, fields, **how)
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self._future.set_result(self._work())
        except Exception as problem:
            self._future.set_exception(problem)

    @property
    def is_open(self) -> bool:
        return not self._future.done()

    def answer(self) -> requests.Response:
        return self._future.result(60)

    def was_lost(self) -> bool:
        return isinstance(self._future.exception(60), requests.ConnectionError | requests.Timeout)


def creates(portal: Portal) -> int:
    """CreateRegisterCode calls that reached the cloud."""
    return len(portal.sandbox.calls(CREATE))


def free_port() -> int:
    """For those who cannot ask for port 0, since somebody else has to be told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    """A portal of its own, with a sandbox of its own that limits no rate: `portal.sandbox`."""
    with Sandbox(tmp_path, rate=0) as sandbox, Portal(tmp_path, sandbox) as running:
        yield running


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
