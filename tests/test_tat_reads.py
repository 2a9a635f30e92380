"""What the other actions ask on the wire, and what is made of lists, times and shapes."""

from datetime import UTC, datetime

import pytest
from tat_outcomes import asked_of

from registercodes.tat import (
    Page,
    Quota,
    Refused,
    Region,
    Unknown,
    records,
)
from tests.tat_wire import (
    CODE_ID,
    REQUEST_ID,
    answering,
    client_of,
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
