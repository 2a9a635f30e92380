"""A real certified provider for tests, in a process of its own, and what tests make happen to its people.

port = free_port()
with OidcProvider(f"http://127.0.0.1:{port}") as provider:
    with Portal(tmp_path, sandbox, port=port, **provider.environment()) as portal:
        ...
        provider.set_groups("alice", [])
        provider.disable("bob")
        assert provider.log_out("charlie")[0]["accepted"]
"""

import fcntl
import json
import os
import shutil
import subprocess
from types import TracebackType
from typing import Self

import pytest
import requests

from portal.sso import sample_provider

PEOPLE = {person["username"]: person for person in json.loads((sample_provider.FOLDER / "people.json").read_text())}


class OidcProvider:
    """For a portal at these base addresses. Accounts, sessions and keys are as at the start after a restart."""

    def __init__(self, *portals: str, port: int = 0) -> None:
        self.portals, self.port = list(portals), port
        self._process: subprocess.Popen[str] | None = None
        self._control = requests.Session()
        self._control.trust_env = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._control.close()

    # Its life.

    def start(self) -> None:
        """Returns once discovery answers. The port stays the same over stop and start."""
        install()
        self._process = sample_provider.start(port=self.port, portals=self.portals, stdout=subprocess.PIPE)
        try:
            self.port = self._port_it_names()
            assert self.discovery()["issuer"] == self.issuer
        except BaseException:
            self.stop()
            raise

    def _port_it_names(self) -> int:
        line = self._process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the provider did not start: {line!r}, exit {self._process.wait(10)}")
        return int(line.rpartition(":")[2])

    def stop(self) -> None:
        """From here on connections to the port are refused."""
        if self._process:
            self._process.terminate()
            self._process.wait(10)
            self._process.stdout.close()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    # What a portal needs to know.

    @property
    def issuer(self) -> str:
        return sample_provider.issuer(self.port)

    def environment(self) -> dict[str, str]:
        """The variables that make a portal sign people in here."""
        return sample_provider.environment(self.port)

    def discovery(self) -> dict:
        return self._control.get(f"{self.issuer}/.well-known/openid-configuration", timeout=10).json()

    def subject(self, name: str) -> str:
        return f"sample|{name}"

    # What happens to its people.

    def set_groups(self, name: str, groups: object) -> None:
        """Any JSON; None leaves the claim out."""
        self._ask("groups", person=name, groups=groups)

    def disable(self, name: str) -> None:
        """Silent questions are answered login_required, others access_denied once the person chose themselves."""
        self._ask("enabled", person=name, enabled=False)

    def enable(self, name: str) -> None:
        self._ask("enabled", person=name, enabled=True)

    def end_sessions(self, name: str) -> int:
        """Without telling the portal."""
        return self._ask("end-sessions", person=name)["ended"]

    def log_out(self, name: str, *, with_sid: bool = True, end: bool = True) -> list[dict]:
        """Tells the portal through the back channel, once for each session, or once for all of them without `sid`.

        Each answer has `sid` and `accepted`, a refused one also `status` and `problem`.
        """
        return self._ask("back-channel-logout", person=name, sid=with_sid, end=end)["told"]

    # What happens to itself.

    def rotate_keys(self, *, keep_old: bool = True) -> list[str]:
        """Key ids, the one that signs from now on first."""
        return self._ask("rotate-keys", keep=keep_old)["kids"]

    def go_away(self, how: str = "stall", *, seconds: float = 60) -> None:
        """`how`: "stall" answers when it is back, "refuse" hangs up, "unavailable" is a 503."""
        self._ask("away", how=how, seconds=seconds)

    def come_back(self) -> None:
        self._ask("back")

    def reset(self) -> None:
        """Everybody's groups and account as at the start, no sessions, no requests; keys stay."""
        self._ask("reset")

    def requests(self, path: str = "") -> list[str]:
        """ "METHOD path" of what it was asked, in order, ours apart; `path` narrows."""
        seen = self._ask("requests")["requests"]
        return [f"{request['method']} {request['path']}" for request in seen if path in ("", request["path"])]

    def _ask(self, action: str, **asked: object) -> dict:
        answer = self._control.post(f"{self.issuer}/_control/{action}", json=asked, timeout=30)
        if not answer.ok:
            raise ValueError(answer.json()["error"])
        return answer.json()


def install() -> None:
    """npm ci, once. Without Node people may go on testing; CI may not."""
    missing = [program for program in ("node", "npm") if not shutil.which(program)]
    if missing:
        stop = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        stop(sample_provider.MISSING.format(program=missing[0]))
    lock, installed = sample_provider.FOLDER / "package-lock.json", sample_provider.INSTALLED
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # two processes run the tests
        if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
            subprocess.run(["npm", "ci", "--prefix", str(sample_provider.FOLDER)], check=True, capture_output=True)
            installed.touch()


def choose(browser: requests.Session, page: requests.Response, name: str, **how: object) -> requests.Response:
    """Presses somebody's button on the provider's sign-in page."""
    assert "Sample provider: sign in" in page.text
    return browser.post(page.url, {"person": name}, timeout=10, **how)
