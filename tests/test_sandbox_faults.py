"""Each scripted fault, seen from a raw socket: what arrives, how the connection ends, whether a code was made."""

import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable

import pytest
from sandbox_callers import call, send, signed_headers
from sandbox_process import CREATE, Sandbox

from registercodes.sandbox.plays import BEFORE_READING, KINDS

HEAD_END = b"\r\n\r\n"
QUICK = {
    "stall": {"seconds": 0.05},
    "stall_in_body": {"seconds": 0.05},
    "drip_headers": {"seconds": 0.001, "lines": 3},
}
QUICK |= {"drip_body": {"seconds": 0.0005}, "gzip_bomb": {"megabytes": 2}, "huge": {"megabytes": 1}}


def connect(sandbox: Sandbox) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def request(sandbox: Sandbox, *, action: str = CREATE, body: bytes = b"{}") -> bytes:
    headers = {**signed_headers(sandbox, body, action=action), "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


def receive(connection: socket.socket, *, idle: float = 1) -> tuple[bytes, str]:
    """All that arrives, and how it ended: open (nothing more is due, or came for `idle` seconds), closed or reset."""
    received = b""
    connection.settimeout(idle)
    try:
        while part := connection.recv(1 << 20):
            received += part
            if is_whole(received):
                connection.settimeout(0.02)
    except TimeoutError:
        return received, "open"
    except ConnectionResetError:
        return received, "reset"
    return received, "closed"


def is_whole(received: bytes) -> bool:
    head, end, body = received.partition(HEAD_END)
    return bool(end) and b"Content-Length" in head and len(body) >= announced(head)


def provoke(sandbox: Sandbox, fault: str, *, asked: bytes = b"{}", **how: object) -> tuple[bytes, bytes, str]:
    """Head, body and ending of one create that meets the fault."""
    sandbox.fault(fault, **{**QUICK.get(fault, {}), **how})
    with connect(sandbox) as connection:
        connection.sendall(request(sandbox, body=asked))
        received, ending = receive(connection)
    head, _, content = received.partition(HEAD_END)
    return head, content, ending


def announced(head: bytes) -> int:
    lines = head.decode().lower().split("\r\n")
    return int(next(line for line in lines if line.startswith("content-length")).split(":")[1])


def wait_until(happened: Callable[[], bool], *, seconds: float = 5) -> None:
    give_up = time.monotonic() + seconds
    while not happened() and time.monotonic() < give_up:
        time.sleep(0.01)


@pytest.mark.parametrize("execute", [True, False, "late"])
@pytest.mark.parametrize("fault", sorted(KINDS))
def test_a_code_is_made_exactly_when_the_fault_says_so(sandbox: Sandbox, fault: str, execute: bool | str) -> None:
    provoke(sandbox, fault, execute=execute)
    if execute == "late":  # the fault is over for us before the code is made
        wait_until(lambda: sandbox.calls(CREATE)[0].executed)

    made = sandbox.codes()
    record = sandbox.calls(CREATE)[0]
    assert len(made) == (1 if execute else 0)
    assert (record.fault, record.executed) == (fault, bool(execute))
    assert record.code_id == (made[0].RegisterCodeId if execute else "")
    assert call(sandbox).error == ""


@pytest.mark.parametrize("code", ["InternalError", "RequestLimitExceeded.IPLimitExceeded", "Invented.Code"])
def test_error_answers_any_code(sandbox: Sandbox, code: str) -> None:
    head, body, ending = provoke(sandbox, "error", code=code)

    assert json.loads(body)["Response"]["Error"]["Code"] == code
    assert b"HTTP/1.1 200 OK" in head
    assert ending == "open"
    assert sandbox.calls(CREATE)[0].error == code


@pytest.mark.parametrize("status", [404, 500, 502, 503, 504])
def test_http_answers_any_status(sandbox: Sandbox, status: int) -> None:
    head, body, _ = provoke(sandbox, "http", status=status)

    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    assert b"<!doctype html>" in body


def test_answers_that_are_not_the_api(sandbox: Sandbox) -> None:
    assert b"<h1>" in provoke(sandbox, "html")[1]
    assert provoke(sandbox, "empty")[1] == b""
    with pytest.raises(ValueError, match="line 1"):
        json.loads(provoke(sandbox, "not_json")[1])
    assert json.loads(provoke(sandbox, "wrong_shape")[1]) == {"Answer": "no"}
    assert json.loads(provoke(sandbox, "wrong_shape", body=[1])[1]) == [1]
    with pytest.raises(RecursionError):
        json.loads(provoke(sandbox, "nested")[1])


def test_a_truncated_body_is_shorter_than_announced(sandbox: Sandbox) -> None:
    head, body, ending = provoke(sandbox, "truncated")

    assert 0 < len(body) < announced(head)
    assert ending == "closed"


def test_a_bad_chunk_has_no_readable_length(sandbox: Sandbox) -> None:
    head, body, ending = provoke(sandbox, "bad_chunk")

    assert b"Transfer-Encoding: chunked" in head
    assert body.endswith(b"\r\nzz\r\n")
    assert ending == "closed"


def test_compressed_answers_good_and_bad(sandbox: Sandbox) -> None:
    head, body, _ = provoke(sandbox, "compressed")
    assert b"Content-Encoding: gzip" in head
    assert json.loads(gzip.decompress(body))["Response"]["RegisterCodeId"]

    with pytest.raises(gzip.BadGzipFile):
        gzip.decompress(provoke(sandbox, "bad_gzip")[1])

    bomb = provoke(sandbox, "gzip_bomb")[1]
    assert len(zlib.decompress(bomb, wbits=31)) > 200 * len(bomb)


def test_a_redirect_leads_back_to_the_sandbox(sandbox: Sandbox) -> None:
    head, _, _ = provoke(sandbox, "redirect")

    assert head.startswith(b"HTTP/1.1 307 ")
    assert b"Location: /" in head


def test_a_stall_keeps_silent_for_its_time(sandbox: Sandbox) -> None:
    started = time.monotonic()
    _, body, _ = provoke(sandbox, "stall", seconds=0.3)

    assert time.monotonic() - started >= 0.3
    assert json.loads(body)["Response"]["RegisterCodeId"]


def test_a_stall_in_the_body_comes_after_half_of_it(sandbox: Sandbox) -> None:
    sandbox.fault("stall_in_body", seconds=5)
    with connect(sandbox) as connection:
        connection.sendall(request(sandbox))
        received, ending = receive(connection, idle=0.2)

    head, _, body = received.partition(HEAD_END)
    assert ending == "open"
    assert 0 < len(body) < announced(head)


@pytest.mark.parametrize(
    ("fault", "ending", "answers"),
    [
        ("reset", "reset", False),
        ("reset_in_body", "reset", True),
        ("close", "closed", False),
        ("close_after", "closed", True),
        ("garbage", "closed", True),
    ],
)
def test_a_connection_ends_as_the_fault_says(sandbox: Sandbox, fault: str, ending: str, answers: bool) -> None:
    head, _, ended = provoke(sandbox, fault)

    assert ended == ending
    assert bool(head) is answers
    assert head.startswith(b"HTTP/1.1 200") is (answers and fault != "garbage")


def test_reset_before_reading_leaves_the_request_unread(sandbox: Sandbox) -> None:
    assert provoke(sandbox, "reset_before_reading") == (b"", b"", "reset")

    record = sandbox.calls(CREATE)[0]
    assert (record.fault, record.executed) == ("reset_before_reading", False)
    assert sandbox.codes() == []


def test_reset_before_reading_strikes_a_kept_connection_too(sandbox: Sandbox) -> None:
    with connect(sandbox) as connection:
        connection.sendall(request(sandbox))
        assert receive(connection, idle=0.1)[1] == "open"
        sandbox.fault("reset_before_reading")
        connection.sendall(request(sandbox))
        assert receive(connection) == (b"", "reset")


def test_reset_on_accept_comes_before_anything_is_sent(sandbox: Sandbox) -> None:
    sandbox.fault("reset_on_accept")
    try:
        with connect(sandbox) as connection:
            ending = receive(connection)
    except ConnectionResetError:  # it may come before connecting has returned
        ending = b"", "reset"

    assert ending == (b"", "reset")
    assert call(sandbox).error == ""


def test_slow_headers_and_slow_bodies_arrive_whole(sandbox: Sandbox) -> None:
    head, body, _ = provoke(sandbox, "drip_headers", lines=4)
    assert head.count(b"X-Drip-") == 4
    assert json.loads(body)["Response"]["RegisterCodeId"]

    head, body, _ = provoke(sandbox, "drip_body")
    assert len(body) == announced(head)


def test_an_answer_with_its_parts_missing_or_wrong(sandbox: Sandbox) -> None:
    response = json.loads(provoke(sandbox, "no_value")[1])["Response"]
    assert set(response) == {"RegisterCodeId", "RequestId"}

    response = json.loads(provoke(sandbox, "no_id")[1])["Response"]
    assert set(response) == {"RegisterCodeValue", "RequestId"}

    for value in (12345, None, "", ["x"], {"a": 1}):
        response = json.loads(provoke(sandbox, "value_not_string", value=value)[1])["Response"]
        assert response["RegisterCodeValue"] == value


def test_error_and_data_come_together(sandbox: Sandbox) -> None:
    response = json.loads(provoke(sandbox, "error_and_data", code="FailedOperation")[1])["Response"]

    assert response["Error"]["Code"] == "FailedOperation"
    assert response["RegisterCodeId"] == sandbox.codes()[0].RegisterCodeId
    assert sandbox.calls(CREATE)[0].error == "FailedOperation"


def test_a_valid_error_under_another_content_type(sandbox: Sandbox) -> None:
    head, body, _ = provoke(sandbox, "wrong_content_type", code="LimitExceeded", execute=False)

    assert b"Content-Type: application/json; charset=utf-8" in head
    assert json.loads(body)["Response"]["Error"]["Code"] == "LimitExceeded"


def test_a_huge_body_is_as_large_as_announced(sandbox: Sandbox) -> None:
    head, body, _ = provoke(sandbox, "huge", megabytes=3)

    assert len(body) == announced(head) > 3 * 1024 * 1024
    assert json.loads(body)["Response"]["RegisterCodeId"]


def test_a_late_execution_happens_after_the_client_has_gone(sandbox: Sandbox) -> None:
    sandbox.fault("stall", seconds=0.4, execute="late")
    with connect(sandbox) as connection:
        connection.sendall(request(sandbox))
        sandbox.wait_for_calls(1)
    assert sandbox.codes() == []

    deadline = time.monotonic() + 3
    while not sandbox.codes() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(sandbox.codes()) == 1


def test_clearing_the_faults_releases_whoever_stalls(sandbox: Sandbox) -> None:
    sandbox.fault("stall", times=None, seconds=30)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(call(sandbox).error)) for _ in range(5)]
    for thread in threads:
        thread.start()
    stalled = sandbox.wait_for_calls(5)
    assert [record.answered for record in stalled] == [None] * 5

    sandbox.clear_faults()
    for thread in threads:
        thread.join(5)

    assert answers == [""] * 5
    assert all(record.answered for record in sandbox.calls(CREATE))


def test_a_fault_strikes_the_calls_it_is_for_and_no_others(sandbox: Sandbox) -> None:
    sandbox.fault("error", code="LimitExceeded", times=2, skip=1)
    sandbox.fault("error", code="FailedOperation", when="please fail")
    sandbox.fault("error", code="OperationDenied", action="DescribeRegions")

    assert [call(sandbox).error for _ in range(4)] == ["", "LimitExceeded", "LimitExceeded", ""]
    assert call(sandbox, CREATE, {"Description": "now please fail."}).error == "FailedOperation"
    assert call(sandbox, "DescribeRegions").error == "OperationDenied"
    assert call(sandbox, "DescribeRegions").error == ""


def test_a_badly_signed_call_does_not_use_up_a_fault(sandbox: Sandbox) -> None:
    sandbox.fault("error", code="LimitExceeded")

    assert call(sandbox, authorization="SKIP").error == "AuthFailure.InvalidAuthorization"
    assert call(sandbox).error == "LimitExceeded"


def test_a_call_that_breaks_the_rules_is_not_executed_by_a_fault(sandbox: Sandbox) -> None:
    _, body, _ = provoke(sandbox, "stall", asked=b'{"RegisterLimit": 0}')

    assert json.loads(body)["Response"]["Error"]["Code"] == "InvalidParameterValue.TooSmall"
    assert sandbox.calls(CREATE)[0].executed is False


@pytest.mark.parametrize(
    "asked",
    [
        {"fault": "no_such"},
        {"fault": "stall", "second": 3},
        {"fault": "stall", "seconds": "3"},
        {"fault": "http", "status": True},
        {"fault": "stall", "times": 0},
        {"fault": "stall", "execute": "maybe"},
        {"fault": "reset_before_reading", "execute": True},
    ],
)
def test_a_fault_with_a_slip_in_it_is_never_armed(sandbox: Sandbox, asked: dict) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        sandbox.fault(**asked)

    listed = json.loads(send(sandbox, "GET", "/_sandbox/faults").body)
    assert listed["armed"] == []
    assert set(listed["kinds"]) == {*KINDS, *BEFORE_READING}
