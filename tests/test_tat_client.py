"""What a create asks on the wire, which endpoint is our sandbox, and what is never sent."""

import pytest
from tat_outcomes import asked_of

from registercodes.tat import (
    CredentialsUnavailable,
    NotSent,
    StaticCredentials,
    signer,
)
from registercodes.tat.regions import DEFAULT_REGIONS, NAMES, name_of
from tests.tat_wire import (
    CODE_ID,
    REQUEST_ID,
    SECRET_KEY,
    VALUE,
    WEBSERVER,
    answering,
    client_of,
    create,
    created,
    http,
    wire,
)


def test_the_vendors_example_returns_id_value_and_request_id():
    result, headers, body = asked_of(create, created())
    assert (result.code_id, result.request_id) == (CODE_ID, REQUEST_ID)
    assert result.value.reveal() == VALUE
    assert body == WEBSERVER
    assert headers["x-tc-action"] == "CreateRegisterCode"


def test_nothing_filled_in_is_sent_as_an_empty_object():
    result, _, body = asked_of(lambda client: create(client, parameters={}), created())
    assert body == {}
    assert result.code_id == CODE_ID


def test_the_common_headers_are_the_vendors():
    _, headers, _ = asked_of(create, created(), client_name="portal 1.0 (Ü)")
    names = ("x-tc-version", "x-tc-region", "x-tc-language", "x-tc-requestclient", "x-tc-traceid", "accept-encoding")
    assert [headers[name] for name in names] == [
        "2020-10-28",
        "ap-singapore",
        "en-US",
        "portal-1.0----",
        "trace-1",
        "identity",
    ]
    assert "x-tc-token" not in headers and "cookie" not in headers


def test_the_signature_verifies_over_exactly_the_bytes_and_host_on_the_wire():
    with wire(answering(http(created()))) as server:
        create(client_of(server, clock=lambda: 1772699245.7), parameters={"Description": "批量 🚀 \ud800"})
        headers, body = server.headers(), server.body()
    expected = signer.authorization(
        credentials=StaticCredentials(secret_id="AKIDEXAMPLE", secret_key=SECRET_KEY).current(),
        service="tat",
        timestamp=1772699245,
        headers={name: headers[name] for name in ("content-type", "host", "x-tc-action")},
        payload=body,
    )
    assert headers["authorization"] == expected
    assert headers["host"] == f"localhost:{server.port}"
    assert headers["x-tc-timestamp"] == "1772699245"


def test_a_token_is_carried_unsigned():
    keys = StaticCredentials(secret_id="AKIDEXAMPLE", secret_key=SECRET_KEY, token="token-1")
    _, headers, _ = asked_of(create, created(), credentials=keys)
    assert headers["x-tc-token"] == "token-1"
    assert "SignedHeaders=content-type;host;x-tc-action," in headers["authorization"]


def test_a_trace_id_can_never_break_out_of_its_header():
    _, headers, _ = asked_of(lambda client: create(client, trace_id="a\r\nX-Evil: 1"), created())
    assert headers["x-tc-traceid"] == "a--X-Evil--1"
    assert "x-evil" not in headers


# Is it our sandbox?


def test_an_endpoint_that_carries_the_sandbox_header_says_so():
    with wire(answering(http(b"", status="404 Not Found", headers="X-TAT-Sandbox: 1\r\n"))) as server:
        assert client_of(server).is_sandbox()
    assert server.requests[0].startswith(b"GET / ")
    assert "authorization" not in server.headers()


@pytest.mark.parametrize(
    "script",
    [
        answering(http(b"", status="302 Found", headers="Location: /\r\n")),
        answering(http(b"{}")),
        lambda connection, server: connection.recv(1),
        lambda connection, server: connection.close(),
    ],
)
def test_any_other_endpoint_does_not(script):
    with wire(script) as server:
        assert client_of(server).is_sandbox(timeout=0.2) is False


def test_an_endpoint_nobody_listens_at_is_no_sandbox():
    assert client_of("http://127.0.0.1:1").is_sandbox() is False


# What must not happen


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "tat.intl.tencentcloudapi.com",
        "ftp://host",
        "https://",
        "https://user:pw@host",
        "https://host/path",
        "https://host/?q=1",
        "https://höst",
        "https://host:port",
    ],
)
def test_an_endpoint_that_is_more_or_less_than_one_is_not_accepted(endpoint):
    with pytest.raises(ValueError, match=r"endpoint|[Pp]ort") as caught:
        client_of(endpoint)
    assert "pw" not in str(caught.value)


def test_a_region_that_could_be_something_else_is_never_sent():
    with pytest.raises(ValueError, match="region"):
        create(client_of("http://127.0.0.1:1"), region="ap-seoul\r\nX-Evil: 1")


def test_no_keys_means_not_sent():
    class NoKeys:
        def current(self):
            raise CredentialsUnavailable("TENCENTCLOUD_SECRET_KEY_FILE: file cannot be read")

    with pytest.raises(NotSent) as caught:
        create(client_of("http://127.0.0.1:1", credentials=NoKeys()))
    assert caught.value.reason == "no_credentials"


def test_default_regions_are_the_eleven_every_list_agrees_on():
    assert len(DEFAULT_REGIONS) == 11
    assert (DEFAULT_REGIONS[0], DEFAULT_REGIONS[-1]) == ("ap-singapore", "na-siliconvalley")
    assert set(DEFAULT_REGIONS) <= set(NAMES)
    assert (name_of("ap-singapore"), name_of("me-newer")) == ("Singapore", "me-newer")
