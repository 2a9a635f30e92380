"""How the sandbox speaks HTTP: the envelope, its mark on every answer, loopback only, and not for browsers."""

import http.client
import json
import time
from pathlib import Path

import pytest
from sandbox_callers import Answer, call, send
from sandbox_process import CREATE, Sandbox

from registercodes.sandbox import cli
from registercodes.sandbox.cloud import open_cloud
from registercodes.sandbox.server import Server

BROWSERS = [
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"sec_fetch_site": "cross-site"},
    {"sec_fetch_site": "same-origin"},
    {"host": "evil.example"},
    {"host": "evil.example:8001"},
    {"host": "127.0.0.1.evil.example"},
    {"host": ""},
]


def test_an_answer_is_the_vendors_envelope(sandbox: Sandbox) -> None:
    answer = call(sandbox)

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert set(json.loads(answer.body)) == {"Response"}
    assert set(answer.response) == {"RegisterCodeId", "RegisterCodeValue", "RequestId"}


def test_a_refusal_is_http_200_with_code_message_and_request_id(sandbox: Sandbox) -> None:
    answer = call(sandbox, CREATE, {"RegisterLimit": 0})

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.response) == {"Error", "RequestId"}
    assert set(answer.response["Error"]) == {"Code", "Message"}
    assert "RegisterLimit" in answer.response["Error"]["Message"]


def test_only_the_text_of_a_message_follows_the_language(sandbox: Sandbox) -> None:
    english, chinese = (
        call(sandbox, CREATE, {"RegisterLimit": 0}, x_tc_language=language).response["Error"]
        for language in ("en-US", "zh-CN")
    )

    assert english["Code"] == chinese["Code"]
    assert english["Message"].isascii()
    assert "过小" in chinese["Message"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"action": "CreateRegisterCodes"}, "InvalidAction"),
        ({"action": "RunCommand"}, "InvalidAction"),
        ({"x_tc_action": "", "names": "content-type;host"}, "MissingParameter"),
        ({"x_tc_version": "2017-03-12"}, "NoSuchVersion"),
        ({"x_tc_region": "moon-1"}, "UnsupportedRegion"),
        ({"content_type": "application/x-www-form-urlencoded"}, "InvalidRequest"),
    ],
)
def test_what_the_api_does_not_have_is_named_by_its_code(sandbox: Sandbox, changed: dict, error: str) -> None:
    assert call(sandbox, **changed).error == error


def test_a_signed_get_is_an_unsupported_protocol(sandbox: Sandbox) -> None:
    assert send(sandbox, "GET", "/?Limit=1", x_tc_action="DescribeRegisterCodes").error == "UnsupportedProtocol"


@pytest.mark.parametrize(
    ("size", "error"), [(10 * 1024 * 1024, ""), (10 * 1024 * 1024 + 1, "RequestSizeLimitExceeded")]
)
def test_ten_megabytes_are_the_most_a_request_may_have(sandbox: Sandbox, size: int, error: str) -> None:
    assert call(sandbox, parameters=b"{" + b" " * (size - 2) + b"}").error == error


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 200), ("GET", "/nowhere", 404), ("PUT", "/", 501), ("GET", "/_sandbox/nowhere", 404)],
)
def test_every_answer_says_that_it_is_the_sandbox(sandbox: Sandbox, method: str, path: str, status: int) -> None:
    answer = send(sandbox, method, path)

    assert answer.status == status
    assert answer.headers["X-TAT-Sandbox"] == "yes"


def test_the_root_is_a_probe_in_plain_text(sandbox: Sandbox) -> None:
    answer = send(sandbox, "GET", "/")

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert b"sandbox" in answer.body


def test_one_connection_serves_many_calls_without_delay(sandbox: Sandbox) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port)
    started = time.monotonic()
    for _ in range(50):
        connection.request("GET", "/")
        assert connection.getresponse().read()
        assert connection.sock is not None
    connection.close()

    assert time.monotonic() - started < 1  # with Nagle's algorithm each answer would wait 40 ms


def test_the_list_of_calls_tells_what_became_of_each(sandbox: Sandbox) -> None:
    before = time.time()
    answer = call(sandbox, CREATE, {"Description": "seen"}, x_tc_traceid="trace-7", x_tc_requestclient="portal")
    call(sandbox, CREATE, {"RegisterLimit": 0})

    made, refused = sandbox.calls(CREATE)
    assert before <= made.arrived <= made.answered <= time.time()
    assert (made.action, made.region, made.trace_id) == (CREATE, "ap-singapore", "trace-7")
    assert (made.request_id, made.request_client) == (answer.response["RequestId"], "portal")
    assert (made.executed, made.error, made.parameters) == (True, "", {"Description": "seen"})
    assert made.signed_headers == "content-type;host;x-tc-action"
    assert (refused.executed, refused.error) == (False, "InvalidParameterValue.TooSmall")
    sandbox.forget_calls()
    assert sandbox.calls() == []


def test_the_command_line_takes_every_option_it_names(tmp_path: Path) -> None:
    with Sandbox(tmp_path, rate=1, quota=3, token="t", secret_id="AKIDsandboxOther", process=True) as sandbox:
        assert call(sandbox, x_tc_token="t").error == ""
        assert call(sandbox, x_tc_token="t").error == "RequestLimitExceeded"
        assert (tmp_path / "sandbox.sqlite3").exists()


def test_control_is_open_to_programs_on_this_machine(sandbox: Sandbox) -> None:
    for host in (sandbox.endpoint, f"localhost:{sandbox.port}", f"[::1]:{sandbox.port}", "[::1]", "LOCALHOST"):
        assert send(sandbox, "GET", "/_sandbox/calls", host=host).status == 200


@pytest.mark.parametrize("headers", BROWSERS)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/_sandbox/faults"),
        ("GET", "/_sandbox/calls"),
        ("DELETE", "/_sandbox/calls"),
        ("POST", "/agent/ap-seoul"),
    ],
)
def test_a_browser_or_a_foreign_name_controls_nothing(sandbox: Sandbox, headers: dict, method: str, path: str) -> None:
    call(sandbox)
    answer: Answer = send(sandbox, method, path, b'{"fault": "empty", "action": "*"}', **headers)

    assert answer.status == 403
    assert len(sandbox.calls()) == 1
    assert call(sandbox).error == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "sandbox.example"])
def test_no_address_but_loopback_is_ever_listened_on(tmp_path: Path, host: str, capsys: pytest.CaptureFixture) -> None:
    cloud = open_cloud(state=tmp_path / "state.sqlite3")
    with pytest.raises(ValueError, match=r"loopback|address"):
        Server(cloud, host=host)
    cloud.store.close()

    assert cli.main(["--host", host, "--state", str(tmp_path / "other.sqlite3"), "--port", "0"]) == 1
    assert capsys.readouterr().err.startswith("sandbox: ")
