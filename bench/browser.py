"""A signed-in person's requests with as little client around them as Python has, so that it is not what we measure."""

import http.client
import queue
import time
from dataclasses import dataclass
from urllib.parse import urlencode

from server_forms import form_on
from server_process import Portal

NEW = "/teams/web/codes/new/"
IDLE_MAX = 2.0  # seconds; gunicorn closes an idle connection after five


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float  # from the first byte sent to the last byte read


class Browser:
    """Keeps connections alive as a reverse proxy does, the last used first. Safe for threads."""

    def __init__(self, portal: Portal, person: str = "alice") -> None:
        self._port = portal.port
        visitor = portal.sign_in(person)
        visitor.get(NEW)
        self._cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies)
        self._idle: queue.LifoQueue[tuple[float, http.client.HTTPConnection]] = queue.LifoQueue()

    def get(self, path: str, **headers: str) -> Reply:
        return self._send("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, object], **headers: str) -> Reply:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", path, urlencode(fields), form | headers)

    def new_code_form(self, **changes: object) -> dict[str, object]:
        """What the page's form would send, with a submission of its own."""
        return form_on(self.get(NEW).body.decode(), action=NEW) | changes

    def _send(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Reply:
        connection = self._connection()
        started = time.perf_counter()
        connection.request(method, path, body, {"Cookie": self._cookies, **headers})
        response = connection.getresponse()
        content = response.read()
        seconds = time.perf_counter() - started
        self._idle.put((time.monotonic(), connection))
        return Reply(response.status, response.headers, content, seconds)

    def _connection(self) -> http.client.HTTPConnection:
        while True:
            try:
                since, connection = self._idle.get_nowait()
            except queue.Empty:
                return http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            if time.monotonic() - since < IDLE_MAX:
                return connection
            connection.close()
