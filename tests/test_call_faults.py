"""Every row of the call fault table through the real page: state, reason, events, what the person reads, one call."""

import hashlib
import re
import socket
from contextlib import contextmanager

import pytest
from reading_pages import heading, send, text, value_in
from sandbox_process import Sandbox
from tat_wire import CODE_ID, VALUE, after_reading, answering, certificate, created, error, http, read_request, wire
from test_tat_faults import broken_record

from registercodes.models import AuditEvent, RegisterCode
from registercodes.tat.answers import CODE_MAX

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
CREATE = "CreateRegisterCode"
HEADINGS = {
    "unknown": "The cloud’s answer never arrived",
    "refused": "The cloud refused this code",
    "not_sent": "The request never reached the cloud",
    "withheld": "The code was made, but its value is withheld",
}
CREATED = {"unknown": "Perhaps.", "refused": "No.", "not_sent": "No.", "withheld": "Yes, but nobody can use it"}


def was_anything_created(page) -> str:
    return re.search(r"Was anything created\?</dt>\s*<dd>(.*?)</dd>", text(page), re.DOTALL)[1].strip()


def ended(page, state: str, *, reason: str = "", error_code: str = "") -> RegisterCode:
    """Row, events and page tell the same story, and none of them a value. Returns the row."""
    code = RegisterCode.objects.get()
    assert (code.state, code.reason, code.error_code) == (state, reason, error_code)
    assert actions()[:2] == ["code.requested", f"code.{state}"]
    assert (page.status_code, heading(page)) == (200, HEADINGS[state])
    assert was_anything_created(page).startswith(CREATED[state])
    assert code.reference in text(page)
    assert value_in(page) == ""
    assert code.value_fingerprint == "" or state == "issued"
    return code


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


def shows_a_value(page, cloud) -> bool:
    known = {code.ValueSha256 for code in cloud.codes()}
    return any(hashlib.sha256(word.encode()).hexdigest() in known for word in re.findall(r"[0-9a-f]{64}", text(page)))


# Unknown: the connection stood, and nothing that came back can be relied on.

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


def posts(server) -> int:
    """Calls; the page's own question whether this is the sandbox is a GET."""
    return sum(request.startswith(b"POST ") for request in server.requests)


def test_an_id_that_is_another_codes_is_not_believed(as_alice, typed, point_at):
    with wire(answering(http(created()))) as server:
        point_at(server.url)
        assert value_in(send(as_alice, NEW, typed())) == VALUE
        page = send(as_alice, NEW, typed())
    newest = RegisterCode.objects.first()
    assert (newest.state, newest.reason, newest.code_id) == ("unknown", "code_id_taken", "")
    assert (heading(page), value_in(page), VALUE in text(page)) == (HEADINGS["unknown"], "", False)


# Refused: the cloud definitely said no.

REFUSALS = {
    "LimitExceeded": "limit for register codes is reached",
    "InvalidParameterValue.TooLong": "Shorten it",
    "UnauthorizedOperation.CamAuthFailed": "not allowed to do this in the cloud",
    "AuthFailure.SecretIdNotFound": "refused the portal’s own keys",
    "AuthFailure.TokenFailure": "refused the portal’s own keys",
    "ResourceInsufficient": "cannot do this at the moment",
    "ResourceNotFound": "something that the portal’s request relies on",
    "ResourceNotFound.SomethingNew": "something that the portal’s request relies on",
}


@pytest.mark.parametrize(("code", "said"), REFUSALS.items(), ids=REFUSALS)
def test_a_listed_definitive_code_is_refused_in_plain_words(as_alice, typed, cloud, code, said):
    cloud.fault("error", code=code)
    page = send(as_alice, NEW, typed())
    ended(page, "refused", error_code=code)
    assert said in text(page).replace("&#x27;", "’").replace("'", "’")
    assert len(cloud.calls(CREATE)) == 1


def test_a_code_as_long_as_any_that_is_believed_is_kept_whole(as_alice, typed, cloud):
    longest = "InvalidParameterValue." + "A" * (CODE_MAX - len("InvalidParameterValue."))
    cloud.fault("error", code=longest)
    ended(send(as_alice, NEW, typed()), "refused", error_code=longest)
    assert AuditEvent.objects.get(action="code.refused").error_code == longest


def test_an_error_under_another_content_type_is_still_a_refusal(as_alice, typed, cloud):
    cloud.fault("wrong_content_type", content_type="text/html", code="LimitExceeded")
    ended(send(as_alice, NEW, typed()), "refused", error_code="LimitExceeded")


def test_a_clock_that_is_wrong_is_refused_and_the_operator_is_told_it_is_the_clock(as_alice, typed, cloud, caplog):
    cloud.skew_signatures(400)
    try:
        page = send(as_alice, NEW, typed())
    finally:
        cloud.skew_signatures(0)
    ended(page, "refused", error_code="AuthFailure.SignatureExpire")
    assert "clock is wrong" in text(page)
    assert [record.alert for record in caplog.records if record.message == "tat.call"] == ["clock"]


def test_too_many_requests_is_signed_again_within_the_budget_and_issues(as_alice, typed, cloud):
    cloud.fault("error", code="RequestLimitExceeded", times=2)
    page = send(as_alice, NEW, typed())
    code = RegisterCode.objects.get()
    assert cloud.is_value(code.code_id, value_in(page))
    assert [call.executed for call in cloud.calls(CREATE)] == [False, False, True]
    assert actions() == ["code.requested", "code.issued"]


def test_too_many_requests_for_ever_is_refused_with_try_again(as_alice, typed, cloud):
    cloud.fault("error", code="RequestLimitExceeded.UinLimitExceeded", times=None)
    page = send(as_alice, NEW, typed())
    ended(page, "refused", error_code="RequestLimitExceeded.UinLimitExceeded")
    assert "Try again in a minute" in text(page)
    assert len(cloud.calls(CREATE)) == 4
    assert not any(call.executed for call in cloud.calls(CREATE))


def test_keys_that_were_rotated_meanwhile_are_read_again_and_sign_once_more(
    as_alice, typed, settings, point_at, tmp_path
):
    keys = {name: tmp_path / name for name in ("SECRET_ID", "SECRET_KEY", "TOKEN")}
    rotate(keys, "old")
    for name, path in keys.items():
        setattr(settings, f"TENCENTCLOUD_{name}_FILE", str(path))

    def rotating(connection, server):
        read_request(connection, server)
        rotate(keys, "new")
        connection.sendall(http(error("AuthFailure.TokenFailure")))
        read_request(connection, server)
        connection.sendall(http(created()))

    with wire(rotating) as server:
        point_at(server.url)
        page = send(as_alice, NEW, typed())
        assert value_in(page) == VALUE
        assert [server.headers(number)["x-tc-token"] for number in (0, 1)] == ["TOKEN-old", "TOKEN-new"]
        assert posts(server) == 2
    assert RegisterCode.objects.get().code_id == CODE_ID


def rotate(keys, generation):
    for name, path in keys.items():
        path.write_text(f"{name}-{generation}\n")


# Not sent: the connection was never established.


@contextmanager
def refusing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield address


@contextmanager
def without_name():
    yield "http://tat.invalid:8001"


@contextmanager
def silent():
    """A full backlog: no further connection is answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


@contextmanager
def speaking_no_tls():
    with wire(answering(http(b"", status="400 Bad Request"))) as server:
        yield server.url.replace("http:", "https:")


@contextmanager
def vouched_for_by_nobody():
    with wire(answering(http(created())), tls=True) as server:
        yield server.url
        assert server.requests == []


UNREACHED = {
    "refused": (refusing, "refused"),
    "a name that is none": (without_name, "dns"),
    "connect timeout": (silent, "connect_timeout"),
    "failed handshake": (speaking_no_tls, "tls"),
    "a certificate nobody vouches for": (vouched_for_by_nobody, "tls"),
}


@pytest.mark.parametrize(("place", "reason"), UNREACHED.values(), ids=UNREACHED)
def test_a_connection_that_never_stood_is_not_sent(as_alice, typed, settings, point_at, place, reason):
    settings.TAT_CONNECT_TIMEOUT, settings.TAT_DEADLINE = 0.2, 2.0
    with place() as address:
        point_at(address)
        ended(send(as_alice, NEW, typed()), "not_sent", reason=reason)


def test_keys_that_cannot_be_read_send_nothing(as_alice, typed, settings, point_at, tmp_path):
    with Sandbox(tmp_path) as fresh:
        point_at(fresh.url)
        settings.TENCENTCLOUD_SECRET_KEY_FILE = str(tmp_path / "missing")
        page = send(as_alice, NEW, typed())
        ended(page, "not_sent", reason="no_credentials")
        assert "missing" not in text(page)
        assert fresh.calls(CREATE) == []


# Withheld: created, and nobody can ever use it.


@pytest.mark.parametrize(
    "fault",
    [{"fault": "no_value"}, *({"fault": "value_not_string", "value": value} for value in (None, "", 12345, ["x"]))],
    ids=["missing", "null", "empty", "number", "list"],
)
def test_an_id_without_a_usable_value_is_withheld_and_disabled(as_alice, typed, cloud, fault):
    cloud.fault(**fault, execute=True)
    page = send(as_alice, NEW, typed())
    code = ended(page, "withheld", reason="no_value")
    assert actions() == ["code.requested", "code.withheld", "code.disable_requested", "code.disabled"]
    assert code.disable_wanted_at and code.disabled_at
    assert not cloud.code(code.code_id).Enabled
    assert len(cloud.calls(CREATE)) == 1


def test_a_withheld_code_that_cannot_be_disabled_now_stays_wanted(as_alice, typed, cloud):
    cloud.fault("no_value", execute=True)
    cloud.fault("reset", action="DisableRegisterCodes", execute=False)
    code = ended(send(as_alice, NEW, typed()), "withheld", reason="no_value")
    assert actions() == ["code.requested", "code.withheld", "code.disable_requested"]
    assert code.disable_wanted_at and code.disabled_at is None


# What must not happen.


def test_the_vendors_words_never_reach_the_page_and_are_never_kept(as_alice, typed, cloud):
    words = "<script>alert(1)</script> 供应商的话"
    cloud.fault("error", code="LimitExceeded", message=words)
    page = send(as_alice, NEW, typed())
    ended(page, "refused", error_code="LimitExceeded")
    assert "供应商" not in text(page) and "<script>alert" not in text(page)
    assert "供应商" not in str(list(AuditEvent.objects.values())) + str(list(RegisterCode.objects.values()))


def test_a_fault_never_becomes_a_status_that_proxies_repeat(as_alice, typed, cloud):
    for fault in ("reset", "garbage", "html"):
        cloud.fault(fault)
        assert send(as_alice, NEW, typed()).status_code == 200
    assert len(cloud.calls(CREATE)) == 3
