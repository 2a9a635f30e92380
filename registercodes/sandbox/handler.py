"""What each HTTP request is for: the API at `/`, pretend hosts at `/agent/`, control at `/_sandbox/`."""

import functools
import json
import logging
import time
import uuid
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from registercodes.sandbox import MARK, agent, control
from registercodes.sandbox.actions import new_code, perform
from registercodes.sandbox.cloud import Cloud
from registercodes.sandbox.errors import ApiError
from registercodes.sandbox.faults import LATE, Fault
from registercodes.sandbox.gate import Admitted, admit, parameters_in
from registercodes.sandbox.plays import KINDS, Play, encode
from registercodes.sandbox.signature import Request
from registercodes.sandbox.wire import Wire, reset

logger = logging.getLogger("registercodes.sandbox")

ABOUT = b"This is the sandbox: a local stand-in for Tencent Cloud TAT's API. No request here reaches the cloud.\n"
BODY_LIMIT = 10 * 1024 * 1024
DRAIN_LIMIT = 8 * BODY_LIMIT
PLAIN = "text/plain; charset=utf-8"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    @property
    def cloud(self) -> Cloud:
        return self.server.cloud

    def handle_one_request(self) -> None:
        """A look at what arrived, without taking it, for the fault that resets before reading."""
        arrived = self.rfile.peek()
        self.first_byte = time.time()
        if arrived and self.cloud.faults.has_early() and self._is_reset_early(arrived):
            reset(self.connection)
            self.close_connection = True
            return
        super().handle_one_request()

    def _is_reset_early(self, arrived: bytes) -> bool:
        if not arrived.startswith(b"POST / "):
            return False
        head = arrived.lower()
        fault = self.cloud.faults.take_early(
            "reset_before_reading", is_named=lambda action: f"x-tc-action: {action}\r\n".lower().encode() in head
        )
        if fault:
            self.cloud.calls.arrive(
                at=self.first_byte,
                action="" if fault.action == "*" else fault.action,
                region="",
                request_id="",
                trace_id="",
                fault=fault.fault,
            )
        return fault is not None

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_DELETE(self) -> None:
        self._route("DELETE")

    def _route(self, method: str) -> None:
        self.arrived = time.monotonic()
        path, _, query = self.path.partition("?")
        if path == "/" and method == "POST":
            self._serve_api()
        elif path == "/":
            self._serve_root()
        elif not control.is_permitted(self._headers()):
            self._refuse_browser()
        elif path.startswith(control.PREFIX):
            self._serve_control(method, path, query)
        elif path.startswith("/agent/") and method == "POST":
            self._serve_agent(path.removeprefix("/agent/"))
        else:
            self._wire().answer(b"Not found.\n", content_type=PLAIN, status=404)

    def _serve_root(self) -> None:
        self._read_body()
        if "X-TC-Action" in self.headers:
            refused = ApiError("UnsupportedProtocol")
            self._wire().answer(encode(_envelope(refused.body(self._language()), _new_id())))
            return
        self._wire().answer(ABOUT, content_type=PLAIN)

    def _refuse_browser(self) -> None:
        self._read_body()
        self.close_connection = True
        self._wire().answer(b"Not for browsers.\n", ("Connection", "close"), content_type=PLAIN, status=403)

    def _serve_control(self, method: str, path: str, query: str) -> None:
        body = self._read_body()
        status, answer = control.respond(self.cloud, method, path, query, body or b"")
        self._wire().answer(json.dumps(answer).encode(), status=status)

    def _serve_agent(self, region: str) -> None:
        request_id = _new_id()
        request = Request(headers=self._headers(), body=self._read_body() or b"")
        egress_ip = self.headers.get("X-Sandbox-Egress-Ip", "127.0.0.1")
        envelope, _ = self._attempt(
            request_id,
            lambda: agent.register(self.cloud, region, parameters_in(request), egress_ip=egress_ip),
        )
        self._wire().answer(encode(envelope))

    def _serve_api(self) -> None:
        cloud, request_id = self.cloud, _new_id()
        number = cloud.calls.arrive(at=self.first_byte, request_id=request_id, **self._facts())
        try:
            self._answer_call(number, request_id)
        finally:
            cloud.calls.answered(number)

    def _answer_call(self, number: int, request_id: str) -> None:
        cloud = self.cloud
        body = self._read_body()
        if body is None:
            self._send(number, _envelope(ApiError("RequestSizeLimitExceeded").body(self._language()), request_id))
            return
        try:
            admitted = admit(cloud, Request(headers=self._headers(), body=body), arrived=self.arrived)
        except ApiError as refused:
            self._send(number, _envelope(refused.body(self._language()), request_id))
            return
        cloud.calls.note(number, parameters=admitted.parameters)
        fault = cloud.faults.take(admitted.action, admitted.parameters)
        execute = functools.partial(self._execute, number, request_id, admitted)
        if fault is None:
            self._send(number, execute())
        else:
            self._play(number, request_id, fault, execute)

    def _execute(self, number: int, request_id: str, admitted: Admitted) -> dict:
        cloud = self.cloud
        envelope, executed = self._attempt(
            request_id, lambda: perform(cloud, admitted.action, admitted.region, admitted.parameters)
        )
        cloud.calls.note(
            number,
            executed=executed,
            code_id=envelope["Response"].get("RegisterCodeId", ""),
            error=_error_code(envelope),
        )
        return envelope

    def _attempt(self, request_id: str, work: Callable[[], dict]) -> tuple[dict, bool]:
        try:
            return _envelope(work(), request_id), True
        except ApiError as refused:
            return _envelope(refused.body(self._language()), request_id), False
        except Exception:
            logger.exception("the sandbox failed")
            return _envelope(ApiError("InternalError").body(self._language()), request_id), False

    def _play(self, number: int, request_id: str, fault: Fault, execute: Callable[[], dict]) -> None:
        kind = KINDS[fault.fault]
        wire = self._wire()
        if fault.execute:
            response = functools.cache(execute)
        else:
            response = functools.cache(lambda: _never_executed(request_id, fabricate=kind.fabricates))
        note = functools.partial(self.cloud.calls.note, number)
        note(fault=fault.fault)
        if fault.execute is True:
            response()
        try:
            kind.play(Play(wire, self._language(), request_id, response, note), **fault.options)
        finally:
            if fault.execute == LATE:
                response()
            self.close_connection = self.close_connection or not wire.is_open

    def _send(self, number: int, envelope: dict) -> None:
        self.cloud.calls.note(number, error=_error_code(envelope))
        self._wire().answer(encode(envelope))

    def _wire(self) -> Wire:
        date = self.date_time_string(self.cloud.clock.signature_now())
        return Wire(self.connection, pause=self.cloud.faults.pausing(), date=date)

    def _headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in reversed(self.headers.items())}

    def _language(self) -> str:
        return self.headers.get("X-TC-Language", "en-US")

    def _facts(self) -> dict[str, str]:
        authorization = self.headers.get("Authorization", "")
        signed = authorization.partition("SignedHeaders=")[2].partition(",")[0]
        return {
            "action": self.headers.get("X-TC-Action", ""),
            "region": self.headers.get("X-TC-Region", ""),
            "trace_id": self.headers.get("X-TC-TraceId", ""),
            "language": self.headers.get("X-TC-Language", ""),
            "request_client": self.headers.get("X-TC-RequestClient", ""),
            "accept_encoding": self.headers.get("Accept-Encoding", ""),
            "signed_headers": signed,
        }

    def _read_body(self) -> bytes | None:
        """None when it is over the limit; it is read away first, so that the answer can be received."""
        length = self._content_length()
        if length <= BODY_LIMIT:
            return self.rfile.read(length)
        if length > DRAIN_LIMIT:
            self.close_connection = True
            return None
        while length > 0 and (part := self.rfile.read(min(length, BODY_LIMIT))):
            length -= len(part)
        return None

    def _content_length(self) -> int:
        text = self.headers.get("Content-Length", "0")
        if text.isascii() and text.isdigit() and "Transfer-Encoding" not in self.headers:
            return int(text)
        self.close_connection = True  # where the body ends is unknown
        return 0

    def send_response(self, code: int, message: str | None = None) -> None:
        """Only the base class's own error pages come through here."""
        super().send_response(code, message)
        self.send_header(*MARK)

    def log_message(self, format: str, *args: object) -> None:
        logger.debug("http client=%s line=%s", self.address_string(), format % args)


def _never_executed(request_id: str, *, fabricate: bool) -> dict:
    if fabricate:
        return _envelope(new_code(), request_id)
    return _envelope(ApiError("InternalError").body("en-US"), request_id)


def _envelope(fields: dict, request_id: str) -> dict:
    return {"Response": {**fields, "RequestId": request_id}}


def _error_code(envelope: dict) -> str:
    return envelope["Response"].get("Error", {}).get("Code", "")


def _new_id() -> str:
    return str(uuid.uuid4())
