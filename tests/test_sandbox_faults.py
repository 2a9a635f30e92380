"""Each scripted fault, seen from a raw socket: what arrives, and how the connection ends."""

import gzip
import json
import time
import zlib

import pytest
from sandbox_callers import call
from sandbox_process import CREATE, Sandbox
from sandbox_sockets import HEAD_END, announced, connect, provoke, receive, request


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
