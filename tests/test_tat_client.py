"""What each action asks on the wire and what it makes of the answer."""

import json
from datetime import UTC, datetime

import pytest

from registercodes.tat import (
    CredentialsUnavailable,
    NotSent,
    Page,
    Quota,
    Refused,
    Region,
    StaticCredentials,
    Unknown,
    records,
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
    envelope,
    error,
    http,
    wire,
)

CODE_ROW = {
    "RegisterCodeId": CODE_ID,
    "Description": "webserver",
    "InstanceNamePrefix": "web",
    "RegisterLimit": 10,
    "ExpiredTime": "2024-10-26T12:50:45Z",
    "IpAddressRange": "",
    "Enabled": False,
    "RegisteredCount": 3,
    "CreatedTime": "2020-09-22T00:00:00+00:00",
    "UpdatedTime": "2023-12-01 00:00:00",
}
HOST_ROW = {
    "RegisterCodeId": CODE_ID,
    "InstanceId": "rins-abcdefgh",
    "InstanceName": "web-1",
    "MachineId": "m",
    "SystemName": "Linux",
    "HostName": "h",
    "LocalIp": "10.0.0.1",
    "PublicKey": "PEM",
    "Status": "Online",
    "CreatedTime": "2024-10-26T12:50:45Z",
    "UpdatedTime": None,
    "Tags": [{"Key": "k", "Value": "v"}],
}


def asked_of(call, answer, **options):
    """The result of ``call`` on a client, the headers and the parameters it sent."""
    with wire(answering(http(answer))) as server:
        result = call(client_of(server, **options))
        return result, server.headers(), json.loads(server.body())


# Creating


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


# The other actions


def test_codes_are_listed_with_types_and_utc_times():
    answer = envelope(TotalCount=1, RegisterCodeSet=[CODE_ROW])
    page, _, body = asked_of(lambda client: client.describe_register_codes(region="ap-seoul", trace_id="t"), answer)
    assert body == {"Offset": 0, "Limit": 100}
    assert page == Page(
        1,
        (
            records.RegisterCodeInfo(
                code_id=CODE_ID,
                description="webserver",
                instance_name_prefix="web",
                register_limit=10,
                expires_at=datetime(2024, 10, 26, 12, 50, 45, tzinfo=UTC),
                ip_address_range="",
                enabled=False,
                registered_count=3,
                created_at=datetime(2020, 9, 22, tzinfo=UTC),
                updated_at=datetime(2023, 12, 1, tzinfo=UTC),
            ),
        ),
    )


def test_codes_are_asked_for_by_id_only_when_ids_are_given():
    _, _, body = asked_of(
        lambda client: client.describe_register_codes(region="ap-seoul", code_ids=("a", "b"), trace_id="t"),
        envelope(TotalCount=0, RegisterCodeSet=[]),
    )
    assert body == {"Offset": 0, "Limit": 100, "RegisterCodeIds": ["a", "b"]}


@pytest.mark.parametrize("action", ["disable_register_codes", "delete_register_codes"])
def test_closing_codes_sends_their_ids_and_returns_the_request_id(action):
    result, headers, body = asked_of(
        lambda client: getattr(client, action)(region="ap-seoul", code_ids=["a"], trace_id="t"), envelope()
    )
    assert (result, body) == (REQUEST_ID, {"RegisterCodeIds": ["a"]})
    assert headers["x-tc-action"] == action.title().replace("_", "")


def test_hosts_are_found_by_the_code_they_used():
    page, headers, body = asked_of(
        lambda client: client.describe_register_instances(
            region="ap-seoul", filters={"register-code-id": [CODE_ID]}, offset=100, limit=50, trace_id="t"
        ),
        envelope(TotalCount=1, RegisterInstanceSet=[HOST_ROW]),
    )
    assert headers["x-tc-action"] == "DescribeRegisterInstances"
    assert body == {"Offset": 100, "Limit": 50, "Filters": [{"Name": "register-code-id", "Values": [CODE_ID]}]}
    host = page.items[0]
    assert (host.instance_id, host.status, host.tags, host.updated_at) == (
        "rins-abcdefgh",
        "Online",
        (("k", "v"),),
        None,
    )


def test_regions_are_listed_without_naming_one():
    answer = envelope(
        TotalCount=1,
        RegionSet=[{"Region": "ap-seoul", "RegionName": "Seoul", "RegionState": "AVAILABLE"}],
    )
    page, headers, body = asked_of(lambda client: client.describe_regions(trace_id="t"), answer)
    assert (page, body) == (Page(1, (Region("ap-seoul", "Seoul", True),)), {})
    assert "x-tc-region" not in headers


def test_quotas_are_used_and_total():
    row = {"ResourceName": "REGISTER_CODE", "ResourceQuotaUsed": 12, "ResourceQuotaTotal": 5000}
    quotas, _, body = asked_of(
        lambda client: client.describe_quotas(region="ap-seoul", resource_names=["REGISTER_CODE"], trace_id="t"),
        envelope(GeneralResourceQuotaSet=[row]),
    )
    assert quotas == (Quota("REGISTER_CODE", 12, 5000),)
    assert body == {"ResourceNames": ["REGISTER_CODE"]}


@pytest.mark.parametrize(
    "changes",
    [
        {"RegisterCodeId": None},
        {"RegisterCodeId": ""},
        {"RegisterCodeId": 5},
        {"RegisterCodeId": "a\nb"},
        {"RegisterCodeId": "x" * 129},
        {"RegisteredCount": 2**63},
        {"RegisterLimit": "10"},
        {"RegisterLimit": True},
        {"Enabled": None},
        {"Enabled": "false"},
        {"Description": ["x"]},
        {"ExpiredTime": 17},
    ],
)
def test_a_row_of_the_wrong_shape_makes_the_list_unknown(changes):
    answer = envelope(TotalCount=1, RegisterCodeSet=[CODE_ROW | changes])
    with wire(answering(http(answer))) as server, pytest.raises(Unknown) as caught:
        client_of(server).describe_register_codes(region="ap-seoul", trace_id="t")
    assert caught.value.reason == "shape"


@pytest.mark.parametrize("changes", [{"TotalCount": None}, {"RegisterCodeSet": {}}, {"RegisterCodeSet": [1]}])
def test_a_list_of_the_wrong_shape_is_unknown(changes):
    answer = envelope(**{"TotalCount": 1, "RegisterCodeSet": []} | changes)
    with wire(answering(http(answer))) as server, pytest.raises(Unknown):
        client_of(server).describe_register_codes(region="ap-seoul", trace_id="t")


@pytest.mark.parametrize(
    "text", ["0000-00-00 00:00:00", "never", "0001-01-01T00:00:00+08:00", "２０２４-10-26T12:50:45Z"]
)
def test_an_unreadable_time_is_no_time(text):
    assert records.parse_time(text) is None


def test_an_error_of_a_read_is_refused_like_any_other():
    with wire(answering(http(error("UnauthorizedOperation")))) as server, pytest.raises(Refused):
        client_of(server).describe_regions(trace_id="t")


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
