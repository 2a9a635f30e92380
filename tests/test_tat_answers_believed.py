"""Answers that are believed: refused by a listed code, or created, with a value or without."""

import json

import pytest
from tat_outcomes import outcome_of, send

from registercodes.tat import Created, Refused
from tests.tat_wire import (
    CODE_ID,
    REQUEST_ID,
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
