"""A sandbox for tests, in a thread or (`process=True`) in a process of its own, and what tests ask of it.

with Sandbox(tmp_path) as sandbox:
    sandbox.fault("stall", seconds=3)
    ...
    assert len(sandbox.calls("CreateRegisterCode")) == 1
"""

import hashlib
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Self
from urllib.parse import urlencode, urlsplit

import pytest

from registercodes.sandbox import SECRET_ID, SECRET_KEY
from registercodes.sandbox.calls import Call
from registercodes.sandbox.cloud import open_cloud
from registercodes.sandbox.host import Host, register
from registercodes.sandbox.server import Server
from registercodes.sandbox.signature import Credentials

ROOT = Path(__file__).resolve().parent.parent
CREATE = "CreateRegisterCode"


class Sandbox:
    """`rate`: requests per second and action, 0 = no limit. The port stays the same over stop and start."""

    def __init__(
        self,
        directory: Path,
        *,
        rate: int = 20,
        quota: int = 5000,
        secret_id: str = SECRET_ID,
        secret_key: str = SECRET_KEY,
        token: str = "",
        port: int = 0,
        process: bool = False,
    ) -> None:
        self.state_file = Path(directory) / "sandbox.sqlite3"
        self.rate, self.quota, self.port = rate, quota, port
        self.secret_id, self.secret_key, self.token = secret_id, secret_key, token
        self._runner = _Process(self) if process else _Thread(self)
        self._lock = threading.Lock()
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    def start(self) -> None:
        self.port = self._runner.start()
        self._control("GET", "clock")

    def stop(self) -> None:
        """From here on connections to the port are refused."""
        if self._connection:
            self._connection.close()
            self._connection = None
        self._runner.stop()

    def restart(self) -> None:
        """Codes and hosts survive; calls, faults and clock offsets do not."""
        self.stop()
        self.start()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.endpoint}"

    def environment(self) -> dict[str, str]:
        """The variables that point a portal at this sandbox."""
        chosen = {
            "TAT_ENDPOINT": self.url,
            "TENCENTCLOUD_SECRET_ID": self.secret_id,
            "TENCENTCLOUD_SECRET_KEY": self.secret_key,
        }
        return {**chosen, "TENCENTCLOUD_TOKEN": self.token} if self.token else chosen

    def fault(self, fault: str, *, action: str = CREATE, **how: object) -> None:
        """`how`: times=1 (None: until cleared), skip=0, execute=True|False|"late", when="…", and the fault's own."""
        self._control("POST", "faults", {"fault": fault, "action": action, **how})

    def clear_faults(self) -> None:
        """Whoever is stalling goes on at once."""
        self._control("DELETE", "faults")

    def calls(self, action: str = "") -> list[Call]:
        """In order of arrival, those not answered yet included."""
        query = "?" + urlencode({"action": action}) if action else ""
        return [Call(**facts) for facts in self._control("GET", "calls" + query)["calls"]]

    def wait_for_calls(self, count: int, action: str = CREATE, *, seconds: float = 10) -> list[Call]:
        """Returns once `count` calls have arrived, answered or not."""
        deadline = time.monotonic() + seconds
        while len(found := self.calls(action)) < count:
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} {action} calls after {seconds} s")
            time.sleep(0.02)
        return found

    def forget_calls(self) -> None:
        self._control("DELETE", "calls")

    def codes(self, region: str = "") -> list[SimpleNamespace]:
        """Oldest first, with the API's field names, Region and ValueSha256; does not count as a call."""
        codes = [SimpleNamespace(**code) for code in self._control("GET", "codes")["codes"]]
        return [code for code in codes if region in ("", code.Region)]

    def code(self, code_id: str) -> SimpleNamespace | None:
        return next((code for code in self.codes() if code.RegisterCodeId == code_id), None)

    def is_value(self, code_id: str, value: str) -> bool:
        """Whether `value` opens the code; the sandbox itself keeps a digest only."""
        code = self.code(code_id)
        return code is not None and code.ValueSha256 == hashlib.sha256(value.encode()).hexdigest()

    def hosts(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(**host) for host in self._control("GET", "hosts")["hosts"]]

    def register_host(self, region: str, code_id: str, value: str, **host: str) -> str:
        """The InstanceId; `host`: hostname, local_ip, from_ip, system_name. RegistrationError when refused."""
        return register(Host(**host), url=self.url, region=region, code_id=code_id, value=value)

    def set_host_status(self, instance_id: str, status: str) -> None:
        self._control("POST", "hosts", {"instance_id": instance_id, "status": status})

    def advance(self, *, hours: float = 0, seconds: float = 0) -> None:
        """Moves the time codes live in; signatures go on being compared with the real time."""
        now = self._control("GET", "clock")["offset"]
        self._control("POST", "clock", {"offset": now + hours * 3600 + seconds})

    def skew_signatures(self, seconds: float) -> None:
        """As if the caller's clock were that much behind."""
        self._control("POST", "clock", {"signature_offset": seconds})

    def rotate_credentials(self, *, secret_id: str = SECRET_ID, secret_key: str = SECRET_KEY, token: str = "") -> None:
        self.secret_id, self.secret_key, self.token = secret_id, secret_key, token
        self._control("POST", "credentials", {"secret_id": secret_id, "secret_key": secret_key, "token": token})

    def set_limits(self, *, rate: int | None = None, quota: int | None = None) -> None:
        self.rate = self.rate if rate is None else rate
        self.quota = self.quota if quota is None else quota
        self._control("POST", "limits", {"rate": self.rate, "quota": self.quota})

    def _control(self, method: str, path: str, asked: dict | None = None) -> dict:
        """Over one kept connection, so that `reset_on_accept` meets the portal and not this class."""
        with self._lock:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
            self._connection.request(method, f"/_sandbox/{path}", json.dumps(asked) if asked else None)
            response = self._connection.getresponse()
            answer = json.loads(response.read())
        if response.status != 200:
            raise ValueError(answer["error"])
        return answer


class _Thread:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._server: Server | None = None

    def start(self) -> int:
        asked = self._sandbox
        credentials = Credentials(asked.secret_id, asked.secret_key, asked.token)
        cloud = open_cloud(state=asked.state_file, rate=asked.rate, quota=asked.quota, credentials=credentials)
        self._server = Server(cloud, port=asked.port)
        threading.Thread(target=self._server.serve_forever, args=(0.005,), name="sandbox", daemon=True).start()
        return self._server.server_port

    def stop(self) -> None:
        if self._server:
            self._server.stop()
            self._server = None


class _Process:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> int:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "registercodes.sandbox", *self._arguments()],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        line = self._process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the sandbox did not start: {line!r}, exit {self._process.wait(5)}")
        return urlsplit(line.split()[6]).port

    def _arguments(self) -> list[str]:
        asked = self._sandbox
        named = {
            "port": asked.port,
            "state": asked.state_file,
            "rate": asked.rate,
            "quota": asked.quota,
            "secret-id": asked.secret_id,
            "secret-key": asked.secret_key,
            "token": asked.token,
        }
        return [f"--{name}={value}" for name, value in named.items()]

    def stop(self) -> None:
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process.stdout.close()
            self._process = None


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """20 requests per second and action, as the cloud; an empty state."""
    with Sandbox(tmp_path) as sandbox:
        yield sandbox
