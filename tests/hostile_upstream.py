"""A cloud that says what it likes: answers the API's reads from a list that a test forges, and keeps what it was told."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from django.utils import timezone

Page = Callable[[int], tuple[int, list[dict]]]


def row(**changes: object) -> dict:
    """One code as the API would tell it."""
    now = stamp(timezone.now())
    facts = {
        "RegisterCodeId": str(uuid.uuid4()),
        "Description": "webserver",
        "InstanceNamePrefix": "",
        "RegisterLimit": 10,
        "ExpiredTime": None,
        "IpAddressRange": "",
        "Enabled": True,
        "RegisteredCount": 0,
        "CreatedTime": now,
        "UpdatedTime": now,
    }
    return facts | changes


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Upstream:
    """``page`` gives total and rows of an offset; ``hosts`` are told whatever the filter; ``told`` is all that writes."""

    def __init__(self) -> None:
        self.codes: list[dict] = []
        self.hosts: list[dict] = []
        self.page: Page = lambda offset: (len(self.codes), self.codes[offset : offset + 100])
        self.told: list[tuple[str, dict]] = []

    def answer(self, action: str, asked: dict) -> dict:
        if action == "DescribeRegisterCodes":
            total, rows = self.page(asked.get("Offset", 0))
            return {"TotalCount": total, "RegisterCodeSet": rows}
        if action == "DescribeRegisterInstances":
            return {"TotalCount": len(self.hosts), "RegisterInstanceSet": self.hosts[:100]}
        if action == "DescribeQuotas":
            return {"GeneralResourceQuotaSet": []}
        self.told.append((action, asked))
        return {}


@contextmanager
def served() -> Iterator[tuple[Upstream, str]]:
    upstream = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
            said = {"RequestId": str(uuid.uuid4()), **upstream.answer(self.headers["X-TC-Action"], asked)}
            body = json.dumps({"Response": said}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield upstream, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
