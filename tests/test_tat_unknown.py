"""The connection stood and ended badly or late: unknown, and sent once."""

import time

import pytest
from tat_outcomes import broken_record, drip, outcome_of, reset

from registercodes.tat import Unknown
from tests.tat_wire import (
    after_reading,
    created,
    http,
)


def header_lines():
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(90):
        yield b"X-Slow-%d: 1\r\n" % number


def body_bytes():
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    yield from (b"{" for _ in range(400))


AFTER_READING = {
    "no answer in time": lambda connection: time.sleep(1.0),
    "closed": lambda connection: connection.close(),
    "reset": reset,
    "garbage status line": lambda connection: connection.sendall(b"\x00\xffrubbish\r\n\r\n"),
    "empty status line": lambda connection: connection.sendall(b"\r\n\r\n"),
    "truncated body": lambda connection: connection.sendall(http(created())[:-20]),
    "truncated header": lambda connection: connection.sendall(http(created())[:40]),
    "bad chunk": lambda connection: connection.sendall(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"
    ),
    "slow header lines": lambda connection: drip(connection, header_lines()),
    "slow body": lambda connection: drip(connection, body_bytes()),
    "slow body over a kept answer": lambda connection: drip(connection, [http(created())[:-1]] + [b""] * 20),
}


@pytest.mark.parametrize("secured", [False, True], ids=["http", "https"])
@pytest.mark.parametrize("act", AFTER_READING.values(), ids=AFTER_READING)
def test_anything_after_the_request_was_read_is_unknown_and_sent_once(act, secured):
    began = time.monotonic()
    failure, server = outcome_of(after_reading(act), tls=secured, deadline=0.4)
    assert isinstance(failure, Unknown)
    assert len(server.requests) == 1
    assert time.monotonic() - began < 1.5


def test_a_reset_at_accept_is_unknown_because_it_cannot_be_told_from_one_after_reading():
    def reset_unread(connection, server):
        time.sleep(0.05)  # a reset before connect returns is seen by connect itself, and then nothing was sent
        reset(connection)

    failure, server = outcome_of(reset_unread)
    assert isinstance(failure, Unknown)
    assert server.connections == 1


def test_a_tls_server_that_read_the_request_and_sent_a_bad_record_is_unknown():
    failure, server = outcome_of(after_reading(broken_record), tls=True)
    assert isinstance(failure, Unknown) and failure.detail == "SSLError"
    assert len(server.requests) == 1


def test_a_deadline_that_cuts_is_named_and_not_an_empty_success():
    failure, _ = outcome_of(after_reading(lambda connection: drip(connection, header_lines())), deadline=0.3)
    assert failure.reason == "deadline"


def test_an_answer_after_the_deadline_is_not_believed():
    def late(connection):
        time.sleep(0.3)
        connection.sendall(http(created()))

    failure, server = outcome_of(after_reading(late), deadline=0.2)
    assert isinstance(failure, Unknown) and failure.reason == "deadline"
    assert len(server.requests) == 1
