"""Nothing the client raises, logs or shows carries the value, the keys or a signature."""

import logging
import pickle
import traceback

import pytest

from registercodes.tat import NotSent, Refused, StaticCredentials, TatError, Unknown
from tests.tat_wire import (
    CODE_ID,
    REQUEST_ID,
    SECRET_KEY,
    VALUE,
    answering,
    client_of,
    create,
    created,
    envelope,
    error,
    http,
    wire,
)

TOKEN = "token-canary-2f1c"
SECRETS = (VALUE, SECRET_KEY, TOKEN, "Signature=")
VENDOR_TEXT = "vendor text canary"

LEAKY = {
    "cut off": http(created())[:-4],
    "status 500": http(created(), status="500 Oops"),
    "status line": b"HTTP/1.1 OK " + created() + b"\r\n\r\n",
    "header": b"HTTP/1.1 200 OK\r\n" + created() + b"\r\n\r\n",
    "header without end": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n" + created() + b"\r\nX: 1\r\n\r\n12345",
    "header without colon": b"HTTP/1.1 200 OK\r\n" + VALUE.encode() + b"\r\nContent-Length: 2\r\n\r\n{}",
    "header with a leading blank": b"HTTP/1.1 200 OK\r\n " + created() + b"\r\nContent-Length: 2\r\n\r\n{}",
    "chunk size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + created() + b"\r\n",
    "not json": http(created() + b"}"),
    "no Response": http(created().replace(b"Response", b"Respond")),
    "no id": http(created(RegisterCodeId=None)),
    "error and data": http(created(Error={"Code": "LimitExceeded", "Message": VENDOR_TEXT})),
    "unlisted": http(error("BrandNew", f"{VENDOR_TEXT} {VALUE}")),
    "listed": http(error("LimitExceeded", f"{VENDOR_TEXT} {VALUE}")),
    "redirect": http(created(), status="302 Found", headers=f"Location: /{VALUE}\r\n"),
    "encoding": http(created(), headers=f"Content-Encoding: {VALUE}\r\n"),
    "value in odd places": http(envelope(RegisterCodeId={"x": VALUE}, Other=[VALUE], RequestId=VALUE + "!")),
    "code is the value with blanks": http(error(f"{VALUE} x")),
}


@pytest.fixture
def everything_logged(caplog):
    """Every logger at DEBUG, third parties' too."""
    caplog.set_level(logging.DEBUG)
    for name in ("urllib3", "requests", "registercodes.tat"):
        caplog.set_level(logging.DEBUG, logger=name)
    return caplog


def with_token(server):
    keys = StaticCredentials(secret_id="AKIDEXAMPLE", secret_key=SECRET_KEY, token=TOKEN)
    return client_of(server, credentials=keys, deadline=0.5)


def everything_about(failure):
    """Text, cause and context, and every variable of every frame, as an error reporter would show them."""
    chain = []
    while failure is not None:
        shown = traceback.TracebackException.from_exception(failure, capture_locals=True)
        chain += [repr(failure), str(vars(failure)), "".join(shown.format())]
        failure = failure.__cause__ or failure.__context__
    return "\n".join(chain)


def everything_in(records):
    return "\n".join(
        f"{record.getMessage()} {record.args} {vars(record)} {record.exc_text} "
        + "".join(traceback.format_exception(*record.exc_info) if record.exc_info else [])
        for record in records
    )


def failure_of(client):
    try:
        create(client)
    except TatError as failure:
        return failure
    raise AssertionError("the call went well")


@pytest.mark.parametrize("answer", LEAKY.values(), ids=LEAKY)
def test_no_failure_carries_the_answer_or_the_keys_anywhere(answer, everything_logged):
    with wire(answering(answer)) as server:
        failure = failure_of(with_token(server))
    # The frames of this test and its servers are not the client's.
    shown = everything_about(failure.with_traceback(client_frames(failure.__traceback__)))
    logged = everything_in(everything_logged.records)
    for secret in (*SECRETS, VENDOR_TEXT):
        assert secret not in shown
        assert secret not in logged


def client_frames(found):
    while found is not None and "registercodes/tat" not in found.tb_frame.f_code.co_filename:
        found = found.tb_next
    return found


def test_no_failure_of_connecting_carries_the_keys(everything_logged):
    failure = failure_of(with_token("http://127.0.0.1:1"))
    shown = everything_about(failure) + everything_in(everything_logged.records)
    assert isinstance(failure, NotSent)
    assert not [secret for secret in SECRETS if secret in shown]


@pytest.mark.parametrize("answer", LEAKY.values(), ids=LEAKY)
def test_failures_have_neither_cause_nor_context(answer):
    with wire(answering(answer)) as server:
        failure = failure_of(with_token(server))
    assert failure.__cause__ is None and failure.__context__ is None


def test_success_logs_one_line_without_the_value(everything_logged):
    with wire(answering(http(created()))) as server:
        result = create(with_token(server))
    ours = [record for record in everything_logged.records if record.name == "registercodes.tat"]
    assert len(ours) == 1
    facts = {name: getattr(ours[0], name) for name in ("action", "region", "outcome", "attempts", "trace_id")}
    assert facts == {
        "action": "CreateRegisterCode",
        "region": "ap-singapore",
        "outcome": "done",
        "attempts": 1,
        "trace_id": "trace-1",
    }
    assert ours[0].tencent_request_id == REQUEST_ID
    assert not [secret for secret in SECRETS if secret in everything_in(everything_logged.records)]
    assert result.code_id == CODE_ID


def test_a_result_shows_a_mask_and_cannot_be_serialised():
    with wire(answering(http(created()))) as server:
        result = create(client_of(server))
    assert VALUE not in repr(result) + str(vars(result))
    with pytest.raises(TypeError):
        pickle.dumps(result)


@pytest.mark.parametrize(
    ("answer", "level", "words"),
    [
        (error("LimitExceeded"), logging.ERROR, {"outcome": "refused", "code": "LimitExceeded", "alert": "yes"}),
        (error("InvalidParameter"), logging.WARNING, {"outcome": "refused", "code": "InvalidParameter"}),
        (error("AuthFailure.SignatureExpire"), logging.ERROR, {"outcome": "refused", "alert": "clock"}),
        (error("InternalError"), logging.WARNING, {"outcome": "unknown", "reason": "cloud_fault"}),
        (error("BrandNew"), logging.ERROR, {"outcome": "unknown", "reason": "unlisted_code", "alert": "yes"}),
        (b"{}", logging.WARNING, {"outcome": "unknown", "reason": "shape"}),
    ],
)
def test_a_failure_is_logged_once_with_its_outcome_and_code(answer, level, words, everything_logged):
    with wire(answering(http(answer))) as server:
        failure_of(client_of(server))
    ours = [record for record in everything_logged.records if record.name == "registercodes.tat"]
    assert [record.levelno for record in ours] == [level]
    assert {name: getattr(ours[0], name) for name in words} == words


def test_no_object_of_the_client_shows_keys_in_its_repr():
    with wire(answering(http(created()))) as server:
        client = with_token(server)
        create(client)
        seen = [client, *vars(client).values(), *vars(client._caller).values()]
    assert not [secret for secret in SECRETS for one in seen if secret in repr(one)]


def test_texts_of_failures_name_outcomes_and_reasons_only():
    assert {str(one) for one in (NotSent("dns"), Refused("A.B", "r"), Unknown("x", code="C", detail="D"))} == {
        "not sent: dns",
        "refused: A.B",
        "unknown: x C",
    }
