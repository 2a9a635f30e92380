"""Every row of the call fault table, over real sockets: the outcome and how often it was sent."""

import contextlib
import gzip
import json
import os
import socket
import struct
import threading
import time

import pytest

from registercodes.tat import Created, NotSent, Refused, Unknown
from tests.tat_wire import (
    CODE_ID,
    REQUEST_ID,
    VALUE,
    after_reading,
    answering,
    client_of,
    create,
    created,
    envelope,
    error,
    http,
    read_request,
    wire,
)


def outcome_of(*scripts, tls=False, host="localhost", **options):
    """The failure of one create, with the wire it was made on."""
    with wire(*scripts, tls=tls, host=host) as server:
        with pytest.raises((NotSent, Refused, Unknown)) as caught:
            create(client_of(server, **options))
        time.sleep(0.02)  # a second request, if any, would be read by now
        return caught.value, server


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def send(answer):
    return after_reading(lambda connection: connection.sendall(answer))


def drip(connection, parts, *, pause=0.05):
    with contextlib.suppress(OSError):
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)


def header_lines():
    yield b"HTTP/1.1 200 OK\r\n"
    for number in range(90):
        yield b"X-Slow-%d: 1\r\n" % number


def body_bytes():
    yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
    yield from (b"{" for _ in range(400))


def broken_record(connection):
    """A TLS server that read everything and then sends a record that is none."""
    with socket.socket(fileno=os.dup(connection.fileno())) as bare:
        bare.sendall(b"this is no TLS record at all")
        time.sleep(0.05)


# Not sent: connection and handshake never done


def test_a_refused_connection_is_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent) as caught:
        create(client_of(f"http://127.0.0.1:{port}"))
    assert caught.value.reason == "refused"


def test_a_name_that_does_not_resolve_is_not_sent():
    with pytest.raises(NotSent) as caught:
        create(client_of("http://tat.invalid:1", deadline=5.0))
    assert caught.value.reason == "dns"


def test_a_connect_that_takes_too_long_is_not_sent():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # fill the backlog so that no further SYN is answered
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        began = time.monotonic()
        with pytest.raises(NotSent) as caught:
            create(client_of(f"http://127.0.0.1:{address[1]}", connect_timeout=0.2, deadline=0.5))
        for one in waiting:
            one.close()
    assert caught.value.reason == "connect_timeout"
    assert time.monotonic() - began < 1.5


def test_connecting_is_tried_again_because_nothing_can_have_been_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    accepted = []

    def serve():
        time.sleep(0.1)  # the first connect is refused
        with socket.create_server(address) as late, late.accept()[0] as connection:
            accepted.append(connection.recv(65536))
            connection.sendall(http(created()))

    thread = threading.Thread(target=serve)
    thread.start()
    assert create(client_of(f"http://127.0.0.1:{address[1]}")).code_id == CODE_ID
    thread.join()
    assert len(accepted) == 1


def test_a_certificate_nobody_vouches_for_is_not_sent():
    failure, server = outcome_of(answering(http(created())), tls=True, ca_file=None)
    assert isinstance(failure, NotSent) and failure.reason == "tls"
    assert server.requests == []


def test_a_certificate_for_another_name_is_not_sent():
    failure, server = outcome_of(answering(http(created())), tls=True, host="127.0.0.2")
    assert isinstance(failure, NotSent) and failure.reason == "tls"
    assert server.requests == []


def test_a_handshake_with_a_server_that_speaks_no_tls_is_not_sent():
    def speaks_plain(connection, server):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with wire(speaks_plain) as server, pytest.raises(NotSent) as caught:
        create(client_of(server.url.replace("http:", "https:")))
    assert caught.value.reason == "tls"


def test_a_handshake_that_never_ends_is_not_sent():
    def dripping(connection, server):
        connection.recv(65536)
        drip(connection, (b"\x16" for _ in range(100)))

    with wire(dripping) as server:
        began = time.monotonic()
        with pytest.raises(NotSent) as caught:
            create(client_of(server.url.replace("http:", "https:"), connect_timeout=0.3, deadline=2))
    assert caught.value.reason == "tls"
    assert time.monotonic() - began < 1.5


def test_a_process_that_slept_since_it_was_allowed_to_send_does_not_send():
    asked = []
    with wire(answering(http(created()))) as server:
        with pytest.raises(NotSent) as caught:
            create(client_of(server), fresh=lambda: asked.append(server.connections) or False)
        time.sleep(0.02)
    assert caught.value.reason == "stale"
    assert len(asked) == 1
    assert server.requests == []


# Unknown: the connection stood

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


def nested(depth):
    return b"[" * depth + b"]" * depth


ANSWERS = {
    "http 500 with a valid body": (http(created(), status="500 Internal Server Error"), "http_status"),
    "http 502 html": (http(b"<html>", status="502 Bad Gateway", headers="Content-Type: text/html\r\n"), "http_status"),
    "http 204": (b"HTTP/1.1 204 No Content\r\n\r\n", "http_status"),
    "http 200 html": (http(b"<html></html>", headers="Content-Type: text/html\r\n"), "not_json"),
    "empty": (http(b""), "not_json"),
    "not json": (http(b"{'Response': {}}"), "not_json"),
    "not utf-8": (http(b'{"Response": "\xff"}'), "not_json"),
    "nested arrays": (http(nested(100_000)), "not_json"),
    "nested objects": (http(b'{"Response":' * 50_000 + b"1" + b"}" * 50_000), "not_json"),
    "a number of 5000 digits": (http(b'{"Response": {"RegisterCodeId": ' + b"9" * 5000 + b"}}"), "not_json"),
    "a list": (http(b"[]"), "shape"),
    "null": (http(b"null"), "shape"),
    "no Response": (http(b'{"Respond": {}}'), "shape"),
    "Response is a list": (http(b'{"Response": []}'), "shape"),
    "no id": (http(envelope(RegisterCodeValue=VALUE)), "no_id"),
    "empty id": (http(created(RegisterCodeId="")), "no_id"),
    "id is a number": (http(created(RegisterCodeId=7)), "no_id"),
    "id is a list": (http(created(RegisterCodeId=[CODE_ID])), "no_id"),
    "id too long": (http(created(RegisterCodeId="x" * 129)), "no_id"),
    "id with a NUL": (http(created(RegisterCodeId="a\0b")), "no_id"),
    "error and data": (http(created(Error={"Code": "LimitExceeded", "Message": "m"})), "error_with_data"),
    "error null and data": (http(created(Error=None)), "error_with_data"),
    "error and only a value": (
        http(envelope(Error={"Code": "LimitExceeded"}, RegisterCodeValue=VALUE)),
        "error_with_data",
    ),
    "error is a string": (http(envelope(Error="LimitExceeded")), "unlisted_code"),
    "error without code": (http(envelope(Error={"Message": "m"})), "unlisted_code"),
    "code is a list": (http(envelope(Error={"Code": ["LimitExceeded"]})), "unlisted_code"),
    "code on no list": (http(error("BrandNewCode.Sub")), "unlisted_code"),
    "code with blanks": (http(error("LimitExceeded ")), "unlisted_code"),
    "InternalError": (http(error("InternalError")), "cloud_fault"),
    "InternalError.Sub": (http(error("InternalError.Sub")), "cloud_fault"),
    "FailedOperation": (http(error("FailedOperation")), "cloud_fault"),
    "FailedOperation.TagOperationFailed": (http(error("FailedOperation.TagOperationFailed")), "cloud_fault"),
    "ServiceUnavailable": (http(error("ServiceUnavailable")), "cloud_fault"),
    "gzip": (
        http(gzip.compress(created()), headers="Content-Type: application/json\r\nContent-Encoding: gzip\r\n"),
        "encoding",
    ),
    "bad gzip": (http(b"no gzip", headers="Content-Encoding: gzip\r\n"), "encoding"),
    "claims br but is plain": (http(created(), headers="Content-Encoding: br\r\n"), "encoding"),
    "over a megabyte": (http(b" " * 1_000_001 + created()), "too_large"),
}


@pytest.mark.parametrize(("answer", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_that_proves_nothing_is_unknown_and_sent_once(answer, reason):
    failure, server = outcome_of(send(answer))
    assert isinstance(failure, Unknown) and failure.reason == reason
    assert len(server.requests) == 1


def test_a_bomb_is_not_unpacked_and_an_endless_body_not_swallowed():
    def endless(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")

    failure, server = outcome_of(after_reading(endless), deadline=2.0)
    assert failure.reason == "too_large"
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_unknown_with_an_alert_and_never_followed(status):
    with wire(answering(http(created()))) as elsewhere:
        answer = http(b"", status=status, headers=f"Location: {elsewhere.url}/\r\n")
        failure, server = outcome_of(send(answer))
        assert isinstance(failure, Unknown) and failure.reason == "redirect" and failure.alert
        assert (len(server.requests), elsewhere.connections) == (1, 0)


def test_an_endless_body_of_a_redirect_is_not_read_past_the_limit():
    def endless(connection):
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                connection.sendall(b" " * 65536)

    began = time.monotonic()
    failure, _ = outcome_of(after_reading(endless), deadline=2.0)
    assert failure.reason == "redirect"
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("code", ["BrandNewCode", "BrandNewCode.Sub"])
def test_a_code_on_no_list_alerts_and_keeps_the_code(code):
    failure, _ = outcome_of(send(http(error(code))))
    assert (failure.code, failure.request_id, failure.alert) == (code, REQUEST_ID, True)


def test_a_retry_after_header_does_not_send_again():
    busy = http(b"", status="503 Service Unavailable", headers="Retry-After: 0\r\n")
    failure, server = outcome_of(answering(busy, http(created())))
    assert failure.reason == "http_status"
    assert len(server.requests) == 1


# Refused: the cloud said no


@pytest.mark.parametrize(
    "code",
    ["InvalidParameterValue.TooLarge", "LimitExceeded", "UnauthorizedOperation.AssumeRoleUnauthorized"],
)
def test_a_listed_definitive_code_is_refused_with_its_request_id(code):
    failure, server = outcome_of(send(http(error(code))))
    assert isinstance(failure, Refused)
    assert (failure.code, failure.request_id) == (code, REQUEST_ID)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "content_type",
    ["application/json; charset=utf-8", "text/html", "application/octet-stream", "nonsense"],
)
def test_a_valid_error_is_recognised_whatever_its_content_type(content_type):
    answer = http(error("LimitExceeded"), headers=f"Content-Type: {content_type}\r\n")
    failure, _ = outcome_of(send(answer))
    assert isinstance(failure, Refused)


def test_an_error_beside_nulls_is_still_refused():
    beside = created(RegisterCodeId=None, RegisterCodeValue=None, Error={"Code": "LimitExceeded"})
    failure, _ = outcome_of(send(http(beside)))
    assert isinstance(failure, Refused)


def test_a_signature_out_of_time_is_refused_and_alerts_the_clock():
    failure, server = outcome_of(send(http(error("AuthFailure.SignatureExpire"))))
    assert isinstance(failure, Refused) and failure.meaning.alert
    assert len(server.requests) == 1


# Created, but without a value anybody could use


@pytest.mark.parametrize(
    "value", [None, "", 7, ["x"], {"a": 1}, True, "two words", "tab\there", "ü" * 10, "x" * 257, "line\n"]
)
def test_an_id_with_no_usable_value_is_created_without_value(value):
    with wire(answering(http(created(RegisterCodeValue=value)))) as server:
        result = create(client_of(server))
    assert result == Created(code_id=CODE_ID, value=None, request_id=REQUEST_ID)


def test_an_id_with_the_value_missing_is_created_without_value():
    with wire(answering(http(envelope(RegisterCodeId=CODE_ID)))) as server:
        assert create(client_of(server)).value is None


def test_a_request_id_that_is_none_is_left_out():
    body = json.dumps({"Response": {"RegisterCodeId": CODE_ID, "RequestId": "<script>" * 20}}).encode()
    with wire(answering(http(body))) as server:
        assert create(client_of(server)).request_id == ""


def test_a_server_that_answers_before_the_body_arrived_is_believed():
    def early(connection, server):
        read_request(connection, server)
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" + http(created()))

    with wire(early) as server:
        assert create(client_of(server)).code_id == CODE_ID
