"""A log line is one JSON object with the request's id, and the last belt: no value, signature or key gets through it."""

import io
import json
import logging

import pytest

from portal.logs import REDACTED, RedactingFormatter, RequestIdFilter, configuration, request_id

VALUE = "21e9b871e123427dbee18b0cf3e0d766f91d81a9902843b7b046d7b9ffb9d45a"
KEY = "the-cloud-account's-secret-key"
AUTHORIZATION = (
    "TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2026-11-24/tat/tc3_request, "
    f"SignedHeaders=content-type;host;x-tc-action, Signature={VALUE}"
)


@pytest.fixture
def spoken(monkeypatch):
    """What the portal's one handler writes, as text; `spoken.lines()` as objects."""
    monkeypatch.setattr(RedactingFormatter, "secrets", (KEY,))
    described = {name: it for name, it in configuration(level="DEBUG")["formatters"]["json"].items() if name != "()"}
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(RedactingFormatter(**described))
    handler.addFilter(RequestIdFilter())
    handler.lines = lambda: [json.loads(line) for line in handler.stream.getvalue().splitlines()]
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.fixture(params=["registercodes.tests", "urllib3.tests", "requests.tests", "tests.of.a.stranger"])
def log(request):
    return logging.getLogger(request.param)


def test_a_line_is_an_event_its_facts_and_where_it_belongs(spoken):
    token = request_id.set("0123456789abcdef")
    logging.getLogger("registercodes.tests").info("code.issued", extra={"reference": "abcdefg", "hours": 4})
    request_id.reset(token)
    [line] = spoken.lines()
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "logger": "registercodes.tests",
        "event": "code.issued",
        "request_id": "0123456789abcdef",
        "reference": "abcdefg",
        "hours": 4,
    }


def test_a_digest_of_ours_is_told_apart_by_its_name(spoken):
    logging.getLogger("registercodes.audit").info("code.issued", extra={"digest": VALUE, "other": VALUE})
    assert (spoken.lines()[0]["digest"], spoken.lines()[0]["other"]) == (VALUE, REDACTED)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "WARNING", "ERROR"])
def test_no_level_leaves_an_audit_event_out(level):
    assert configuration(level=level)["loggers"]["registercodes.audit"]["level"] == "INFO"


def test_a_line_stays_one_line_whatever_was_typed(spoken):
    logging.getLogger("registercodes.tests").info("typed %s", 'a\n{"level": "INFO"}\r\u2028b')
    assert len(spoken.stream.getvalue().strip().split("\n")) == 1


def test_a_number_stays_a_number(spoken):
    facts = {"count": 7, "ratio": 0.5, "none": None, "yes": True}
    logging.getLogger("registercodes.tests").info("counted", extra=facts)
    assert facts.items() <= spoken.lines()[0].items()


# What must not happen: each way in which a secret gets into a record, from anybody's logger.

SPOKEN = {
    "value": VALUE,
    "answer": '{"Response": {"RegisterCodeId": "id", "RegisterCodeValue": "an.odd_value"}}',
    "answer as python": "{'RegisterCodeId': 'id', 'RegisterCodeValue': 'an.odd_value'}",
    "answer as bytes": str(b'{"RegisterCodeValue":"an.odd_value"}'),
    "answer in a string": json.dumps('{"RegisterCodeValue": "an.odd_value"}'),
    "authorization": AUTHORIZATION,
    "key": f"key={KEY};",
}
SECRETS = (VALUE, "an.odd_value", "AKIDEXAMPLE", KEY)


def is_clean(spoken) -> bool:
    text = spoken.stream.getvalue()
    assert REDACTED in text
    return not any(secret in text for secret in SECRETS)


@pytest.mark.parametrize("said", SPOKEN.values(), ids=SPOKEN)
def test_no_secret_leaves_in_a_message(spoken, log, said):
    log.debug(said.replace("%", "%%"))
    assert is_clean(spoken)


@pytest.mark.parametrize("said", SPOKEN.values(), ids=SPOKEN)
def test_no_secret_leaves_in_an_argument(spoken, log, said):
    log.debug("sent %s and %r", said, {"headers": [said]})
    assert is_clean(spoken)


@pytest.mark.parametrize("said", SPOKEN.values(), ids=SPOKEN)
def test_no_secret_leaves_in_an_extra_however_deep(spoken, log, said):
    log.debug("sent", extra={"plain": said, "deep": {"headers": [{"Authorization": said}]}, "raw": said.encode()})
    assert is_clean(spoken)


@pytest.mark.parametrize("said", SPOKEN.values(), ids=SPOKEN)
def test_no_secret_leaves_in_a_traceback(spoken, log, said):
    try:
        try:
            raise ValueError(said)
        except ValueError as problem:
            raise RuntimeError("while reading") from problem
    except RuntimeError:
        log.exception("broken")
    assert is_clean(spoken)
    assert "RuntimeError: while reading" in spoken.lines()[0]["exc_info"]


def test_no_secret_leaves_in_a_message_that_is_an_object(spoken, log):
    log.debug({"event": "sent", "body": VALUE, "deep": {"key": KEY}})
    assert is_clean(spoken)


def test_no_secret_leaves_in_the_name_of_a_fact(spoken, log):
    log.debug("sent", extra={VALUE: 1, KEY: 2})
    assert is_clean(spoken)


def test_a_record_that_cannot_be_formatted_is_named_and_its_arguments_are_not_printed(spoken, log, capsys):
    class Mute:
        def __str__(self) -> str:
            raise ValueError(VALUE)

    for message, argument in (("%d codes", VALUE), ("sent %s", Mute())):
        spoken.handle(log.makeRecord(log.name, logging.DEBUG, __file__, 1, message, (argument,), None))
    assert [line["event"] for line in spoken.lines()] == ["unprintable_record"] * 2
    assert all("test_logs.py" in line["where"] for line in spoken.lines())
    assert VALUE not in spoken.stream.getvalue() + capsys.readouterr().err


@pytest.mark.parametrize(
    "shortest",
    ["eyJabcdefgh.abcdefgh", 'RegisterCodeValue": "x', "TC3-HMAC-SHA256 Credential=Signature=a", "0" * 64],
)
def test_no_shape_of_a_secret_is_too_short_to_be_looked_for(spoken, shortest):
    """In a text of its own, with nothing around it."""
    logging.getLogger("registercodes.tests").info("said", extra={"word": shortest})
    assert REDACTED in spoken.lines()[0]["word"]


def test_a_secret_of_ours_is_taken_out_however_short_it_is(spoken, monkeypatch):
    monkeypatch.setattr(RedactingFormatter, "secrets", ("s3cr3t",))
    logging.getLogger("registercodes.tests").info("said", extra={"word": "a s3cr3t"})
    assert spoken.lines()[0]["word"] == f"a {REDACTED}"
