"""Every unknown row of the call fault table through the real page: state, reason, events, what the person reads, one call."""

import pytest
from call_endings import CREATE, HEADINGS, NEW, ended, posts, shows_a_value
from reading_pages import heading, send, text, value_in
from sandbox_process import Sandbox
from tat_outcomes import broken_record
from tat_wire import VALUE, after_reading, answering, certificate, created, http, wire

from registercodes.models import RegisterCode

pytestmark = pytest.mark.django_db


DOUBTS = {
    "reset after reading": ({"fault": "reset"}, "connection", ""),
    "closed after reading": ({"fault": "close"}, "connection", ""),
    "garbage status line": ({"fault": "garbage"}, "connection", ""),
    "reset in the body": ({"fault": "reset_in_body"}, "connection", ""),
    "truncated body": ({"fault": "truncated"}, "not_json", ""),
    "bad chunk": ({"fault": "bad_chunk"}, "connection", ""),
    "bad gzip": ({"fault": "bad_gzip"}, "encoding", ""),
    "compressed": ({"fault": "compressed"}, "encoding", ""),
    "compressed a thousandfold": ({"fault": "gzip_bomb"}, "encoding", ""),
    "redirect": ({"fault": "redirect"}, "redirect", ""),
    "http 502": ({"fault": "http", "status": 502}, "http_status", ""),
    "http 200 html": ({"fault": "html"}, "not_json", ""),
    "empty": ({"fault": "empty"}, "not_json", ""),
    "not json": ({"fault": "not_json"}, "not_json", ""),
    "nested arrays": ({"fault": "nested"}, "not_json", ""),
    "wrong shape": ({"fault": "wrong_shape"}, "shape", ""),
    "too large": ({"fault": "huge", "megabytes": 2}, "too_large", ""),
    "value without id": ({"fault": "no_id"}, "no_id", ""),
    "error and data": ({"fault": "error_and_data", "code": "LimitExceeded"}, "error_with_data", "LimitExceeded"),
    "code on no list": ({"fault": "error", "code": "Brand.New"}, "unlisted_code", "Brand.New"),
    "InternalError": ({"fault": "error", "code": "InternalError"}, "cloud_fault", "InternalError"),
    "FailedOperation": ({"fault": "error", "code": "FailedOperation"}, "cloud_fault", "FailedOperation"),
    "ServiceUnavailable": ({"fault": "error", "code": "ServiceUnavailable"}, "cloud_fault", "ServiceUnavailable"),
}
SLOW = {
    "no answer in time": {"fault": "stall"},
    "stalls in the body": {"fault": "stall_in_body"},
    "drips headers": {"fault": "drip_headers", "seconds": 0.1},
    "drips the body": {"fault": "drip_body", "seconds": 0.1},
}


@pytest.mark.parametrize(("fault", "reason", "error_code"), DOUBTS.values(), ids=DOUBTS)
def test_an_answer_that_proves_nothing_is_unknown(as_alice, typed, cloud, fault, reason, error_code):
    cloud.fault(**fault)
    page = send(as_alice, NEW, typed())
    ended(page, "unknown", reason=reason, error_code=error_code)
    assert "Nothing was created" not in text(page)
    assert not shows_a_value(page, cloud)
    assert len(cloud.calls(CREATE)) == 1


@pytest.mark.parametrize("fault", SLOW.values(), ids=SLOW)
def test_an_answer_that_does_not_come_in_time_is_unknown(as_alice, typed, cloud, settings, fault):
    settings.TAT_DEADLINE = 0.5
    cloud.fault(**fault)
    page = send(as_alice, NEW, typed())
    ended(page, "unknown", reason="deadline")
    assert not shows_a_value(page, cloud)
    assert len(cloud.calls(CREATE)) == 1


def test_a_reset_before_anything_was_read_cannot_be_told_from_one_after_and_is_unknown(as_alice, typed, cloud):
    cloud.fault("reset_before_reading")
    ended(send(as_alice, NEW, typed()), "unknown", reason="connection")
    assert len(cloud.calls(CREATE)) == 1


def test_a_reset_at_accept_is_unknown_or_connects_again_and_never_makes_two(as_alice, typed, point_at, tmp_path):
    """Seen during the connect it was never sent, so that connecting again is right; seen later it is in doubt."""
    with Sandbox(tmp_path) as fresh:
        point_at(fresh.url)
        fresh.fault("reset_on_accept", action="*")
        page = send(as_alice, NEW, typed())
        state = RegisterCode.objects.get().state
        assert (state, bool(value_in(page)), len(fresh.codes())) in [("unknown", False, 0), ("issued", True, 1)]


def test_a_tls_record_that_breaks_after_the_request_was_read_is_unknown(as_alice, typed, point_at, monkeypatch):
    monkeypatch.setattr("certifi.where", lambda: str(certificate()[0]))
    with wire(after_reading(broken_record), tls=True) as server:
        point_at(server.url)
        ended(send(as_alice, NEW, typed()), "unknown", reason="connection")
        assert posts(server) == 1


def test_an_id_that_is_another_codes_is_not_believed(as_alice, typed, point_at):
    with wire(answering(http(created()))) as server:
        point_at(server.url)
        assert value_in(send(as_alice, NEW, typed())) == VALUE
        page = send(as_alice, NEW, typed())
    newest = RegisterCode.objects.first()
    assert (newest.state, newest.reason, newest.code_id) == ("unknown", "code_id_taken", "")
    assert (heading(page), value_in(page), VALUE in text(page)) == (HEADINGS["unknown"], "", False)
