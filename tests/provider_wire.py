"""How the hostile provider's answers go over loopback HTTP: whole, cut short, one byte at a time, or never."""

import contextlib
import json
import sys
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True)
class Answer:
    """``drip`` seconds pass between bytes, from the first of the body or of everything; a ``silent`` one never comes."""

    body: bytes
    status: int = 200
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    drip: float = 0
    drip_head: bool = False
    silent: bool = False
    raw: bool = False  # the body is all there is

    def head(self) -> bytes:
        if self.raw:
            return b""
        length = len(self.body) if self.length is None else self.length
        fields = (("Content-Type", self.content_type), ("Content-Length", str(length)), *self.headers)
        lines = [f"HTTP/1.1 {self.status} Said", "Connection: close", *(f"{name}: {value}" for name, value in fields)]
        return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


def as_json(value: Any, *, status: int = 200) -> Answer:
    return Answer(json.dumps(value).encode(), status=status)


class Server(ThreadingHTTPServer):
    """A fault of the provider itself is told to the test, not printed."""

    def __init__(self, provider: Any) -> None:
        super().__init__(("127.0.0.1", 0), handler_of(provider))
        self._provider = provider

    def handle_error(self, request: Any, client_address: Any) -> None:
        self._provider.complaints.append(repr(sys.exc_info()[1]))


def handler_of(provider: Any) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.noted()
            if path == "/authorize":
                self.say(Answer(b"", status=302, headers=(("Location", provider.decide(self.path)),)))
            elif path == DISCOVERY:
                self.say(provider.discovery())
            elif path == "/userinfo":
                self.say(provider.userinfo(self.headers.get("Authorization", "")))
            else:
                self.say(provider.keys() if path == "/keys" else Answer(b"{}", status=404))

        def do_POST(self) -> None:
            path = self.noted()
            form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()))
            known = path == "/token"
            self.say(
                provider.tokens(form, self.headers.get("Authorization", "")) if known else Answer(b"", status=404)
            )

        def noted(self) -> str:
            """The path below the issuer's own, kept for the test."""
            path = unquote(urlsplit(self.path).path).removeprefix(urlsplit(provider.issuer).path.rstrip("/"))
            provider.requests.append(path)
            return path

        def say(self, answer: Answer) -> None:
            if answer.silent:
                provider.let_go.wait(30)
                return
            with contextlib.suppress(ConnectionError):  # whoever asked has given up
                self.write(answer)

        def write(self, answer: Answer) -> None:
            head, let_go = answer.head(), provider.let_go
            at_once = len(head) * (not answer.drip_head) if answer.drip else len(head) + len(answer.body)
            whole = head + answer.body
            self.wfile.write(whole[:at_once])
            for byte in whole[at_once:]:
                if let_go.wait(answer.drip):
                    return
                self.wfile.write(bytes([byte]))

        def log_message(self, *_: object) -> None:
            """The tests' output stays quiet."""

    return Handler
