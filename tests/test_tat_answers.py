"""Answers that prove nothing, over real sockets: unknown, read within bounds, and never sent again."""

import contextlib
import gzip
import time

import pytest
from tat_outcomes import outcome_of, send

from registercodes.tat import Unknown
from tests.tat_wire import (
    CODE_ID,
    REQUEST_ID,
    VALUE,
    after_reading,
    answering,
    created,
    envelope,
    error,
    http,
    wire,
)


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
