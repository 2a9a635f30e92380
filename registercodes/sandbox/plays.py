"""How each scripted fault looks on the wire: one function per fault, its keyword arguments are its options."""

import gzip
import inspect
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from registercodes.sandbox.errors import ApiError
from registercodes.sandbox.wire import JSON, Wire

HTML = "text/html; charset=utf-8"
PAGE = b"<!doctype html><title>Sandbox</title><h1>This is not the API</h1>"
MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Play:
    """`response` gives the envelope, and may execute the call the first time; `note` writes into the list of calls."""

    wire: Wire
    language: str
    request_id: str
    response: Callable[[], dict]
    note: Callable[..., None]

    def body(self) -> bytes:
        return encode(self.response())

    def changed(self, **fields: object) -> bytes:
        return encode({"Response": {**self.response()["Response"], **fields}})

    def error(self, code: str, message: str = "") -> bytes:
        body = self._refusal(code)
        if message:
            body["Error"]["Message"] = message
        return encode({"Response": {**body, "RequestId": self.request_id}})

    def error_beside_fields(self, code: str) -> bytes:
        return self.changed(**self._refusal(code))

    def _refusal(self, code: str) -> dict:
        self.note(error=code)
        return ApiError(code).body(self.language)


@dataclass(frozen=True)
class Kind:
    """`executes` is the default; `fabricates`: without executing, a code that exists nowhere is answered."""

    name: str
    play: Callable[..., None]
    executes: bool
    fabricates: bool
    options: dict[str, type]
    explanation: str


KINDS: dict[str, Kind] = {}
BEFORE_READING = {
    "reset_on_accept": "The next new connection, whosever it is, is reset at once. Never executes; names no action.",
    "reset_before_reading": "The request arrives, and the connection is reset before a byte of it is read.",
}


def fault(*, executes: bool = True, fabricates: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def register(play: Callable[..., None]) -> Callable[..., None]:
        parameters = list(inspect.signature(play).parameters.values())[1:]
        options = {parameter.name: parameter.annotation for parameter in parameters}
        explanation = " ".join((play.__doc__ or "").split())
        KINDS[play.__name__] = Kind(play.__name__, play, executes, fabricates, options, explanation)
        return play

    return register


def encode(envelope: object) -> bytes:
    return json.dumps(envelope).encode()


@fault(executes=False)
def error(play: Play, *, code: str = "InternalError", message: str = "") -> None:
    """A well-formed Error with any code."""
    play.wire.answer(play.error(code, message))


@fault()
def http(play: Play, *, status: int = 502, body: str = PAGE.decode(), content_type: str = HTML) -> None:
    """Another HTTP status, with any body."""
    play.wire.answer(body.encode(), status=status, content_type=content_type)


@fault()
def html(play: Play, *, content_type: str = HTML) -> None:
    """200 with a page, as a captive portal or a proxy would."""
    play.wire.answer(PAGE, content_type=content_type)


@fault()
def empty(play: Play) -> None:
    """200 with no body."""
    play.wire.answer(b"")


@fault()
def not_json(play: Play, *, body: str = '{"Response": {"RegisterCodeId": ') -> None:
    """200, labelled JSON, that is none."""
    play.wire.answer(body.encode())


@fault()
def wrong_shape(play: Play, *, body: object = None) -> None:
    """200 with valid JSON of another shape; `body` is any JSON value."""
    play.wire.answer(encode({"Answer": "no"} if body is None else body))


@fault()
def nested(play: Play, *, depth: int = 100_000) -> None:
    """200 with `depth` arrays inside each other."""
    play.wire.answer(b"[" * depth + b"]" * depth)


@fault()
def truncated(play: Play) -> None:
    """Half of the announced body, then an orderly close."""
    body = play.body()
    play.wire.send(play.wire.head_for(body) + body[: len(body) // 2])
    play.wire.close()


@fault()
def bad_chunk(play: Play) -> None:
    """A chunked answer whose second chunk has no readable length."""
    body = play.body()
    head = play.wire.head(("Content-Type", JSON), ("Transfer-Encoding", "chunked"))
    play.wire.send(head + b"%x\r\n%s\r\nzz\r\n" % (len(body) // 2, body[: len(body) // 2]))
    play.wire.close()


@fault()
def bad_gzip(play: Play) -> None:
    """Labelled gzip, is none."""
    play.wire.answer(play.body(), ("Content-Encoding", "gzip"))


@fault()
def compressed(play: Play) -> None:
    """The right answer, compressed although nobody asked."""
    play.wire.answer(gzip.compress(play.body()), ("Content-Encoding", "gzip"))


@fault()
def gzip_bomb(play: Play, *, megabytes: int = 100) -> None:
    """The right answer after `megabytes` of blanks, compressed a thousand times."""
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(megabytes))
    packed += packer.compress(play.body()) + packer.flush()
    play.wire.answer(packed, ("Content-Encoding", "gzip"))


@fault()
def redirect(play: Play, *, status: int = 307, location: str = "/") -> None:
    """Points to the sandbox itself: a client that follows makes a second call."""
    play.wire.answer(b"", ("Location", location), status=status)


@fault()
def stall(play: Play, *, seconds: float = 30) -> None:
    """Nothing for `seconds`, then the answer."""
    play.wire.pause(seconds)
    play.wire.answer(play.body())


@fault()
def stall_in_body(play: Play, *, seconds: float = 30) -> None:
    """Headers and half the body, nothing for `seconds`, then the rest."""
    body = play.body()
    half = len(body) // 2
    play.wire.send(play.wire.head_for(body) + body[:half])
    play.wire.pause(seconds)
    play.wire.send(body[half:])


@fault()
def reset(play: Play) -> None:
    """Reset after the whole request was read."""
    play.wire.reset()


@fault()
def reset_in_body(play: Play) -> None:
    """Headers and half the body, then reset."""
    body = play.body()
    play.wire.send(play.wire.head_for(body) + body[: len(body) // 2])
    play.wire.pause(0.05)  # a reset discards what the other side has not read yet
    play.wire.reset()


@fault()
def close(play: Play) -> None:
    """An orderly close after the whole request was read, without an answer."""
    play.wire.close()


@fault()
def close_after(play: Play) -> None:
    """The right answer that promises keep-alive, then a close: the next use of the connection finds it dead."""
    play.wire.answer(play.body())
    play.wire.close()


@fault()
def garbage(play: Play) -> None:
    """A status line that is none."""
    play.wire.send(b"\x16\x03\x01 what 200 is this\r\n\r\n" + play.body())
    play.wire.close()


@fault()
def drip_headers(play: Play, *, seconds: float = 1, lines: int = 60) -> None:
    """`lines` header lines, one every `seconds`, then the answer."""
    whole = play.wire.whole(play.body())
    status, rest = whole.split(b"\r\n", 1)
    play.wire.send(status + b"\r\n")
    for number in range(lines):
        play.wire.pause(seconds)
        play.wire.send(b"X-Drip-%d: drop\r\n" % number)
    play.wire.send(rest)


@fault()
def drip_body(play: Play, *, seconds: float = 1) -> None:
    """The answer, one byte every `seconds`."""
    body = play.body()
    play.wire.send(play.wire.head_for(body))
    for byte in body:
        play.wire.pause(seconds)
        play.wire.send(bytes([byte]))


@fault(fabricates=True)
def no_value(play: Play) -> None:
    """The id without the value."""
    response = play.response()["Response"]
    play.wire.answer(encode({"Response": {k: v for k, v in response.items() if k != "RegisterCodeValue"}}))


@fault(fabricates=True)
def no_id(play: Play) -> None:
    """The value without the id."""
    response = play.response()["Response"]
    play.wire.answer(encode({"Response": {k: v for k, v in response.items() if k != "RegisterCodeId"}}))


@fault(fabricates=True)
def value_not_string(play: Play, *, value: object = 12345) -> None:
    """The id, and `value` (any JSON, null and "" included) in the value's place."""
    play.wire.answer(play.changed(RegisterCodeValue=value))


@fault(fabricates=True)
def error_and_data(play: Play, *, code: str = "InternalError") -> None:
    """Error and the code's id and value in one answer."""
    play.wire.answer(play.error_beside_fields(code))


@fault()
def wrong_content_type(play: Play, *, content_type: str = "application/json; charset=utf-8", code: str = "") -> None:
    """The right answer, or a valid Error with `code`, under another content type."""
    play.wire.answer(play.error(code) if code else play.body(), content_type=content_type)


@fault()
def huge(play: Play, *, megabytes: int = 64) -> None:
    """The right answer after `megabytes` of blanks."""
    body = play.body()
    length = str(megabytes * MEGABYTE + len(body))
    play.wire.send(play.wire.head(("Content-Type", JSON), ("Content-Length", length)))
    for _ in range(megabytes):
        play.wire.send(b" " * MEGABYTE)
    play.wire.send(body)
