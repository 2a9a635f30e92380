"""What the sandbox accepts as parameters, at every documented bound and one step beyond it."""

import pytest
from sandbox_callers import call
from sandbox_process import CREATE, Sandbox

from registercodes.sandbox.errors import ApiError
from registercodes.sandbox.rules import check

CODE_ID = "9b5rb72b-418f-4a81-b32e-f8bc80eef678"  # the vendor's sample, which is no UUID
IDS = [f"9b5rb72b-418f-4a81-b32e-{number:012}" for number in range(101)]
INSTANCE_ID = "rins-0000abcd"
TOO_LONG = "InvalidParameterValue.TooLong"
TOO_LARGE = "InvalidParameterValue.TooLarge"
TOO_SMALL = "InvalidParameterValue.TooSmall"
INVALID_FILTER = "InvalidParameterValue.InvalidFilter"


def filters(count: int, values: int = 1) -> list[dict]:
    return [{"Name": "local-ip", "Values": ["10.0.0.1"] * values}] * count


ACCEPTED = [
    (CREATE, {}),
    (CREATE, {"Description": ""}),
    (CREATE, {"Description": "d" * 128}),
    (CREATE, {"Description": "注" * 128}),
    (CREATE, {"Description": "🚀" * 128}),
    (CREATE, {"InstanceNamePrefix": "p" * 32}),
    (CREATE, {"RegisterLimit": 1}),
    (CREATE, {"RegisterLimit": 10000}),
    (CREATE, {"EffectiveTime": 1}),
    (CREATE, {"EffectiveTime": 99999}),
    (CREATE, {"EffectiveTime": 100000}),
    (CREATE, {"EffectiveTime": 2**63 - 1}),
    (CREATE, {"IpAddressRange": ""}),
    (CREATE, {"IpAddressRange": "203.0.113.9"}),
    (CREATE, {"IpAddressRange": "192.168.10.1/10"}),
    (CREATE, {"IpAddressRange": "0.0.0.0/0"}),
    (CREATE, {"IpAddressRange": "255.255.255.255/32"}),
    ("DescribeRegisterCodes", {"RegisterCodeIds": IDS[:100]}),
    ("DescribeRegisterCodes", {"RegisterCodeIds": [CODE_ID, CODE_ID]}),
    ("DescribeRegisterCodes", {"Limit": 0}),
    ("DescribeRegisterCodes", {"Limit": 100}),
    ("DisableRegisterCodes", {"RegisterCodeIds": [CODE_ID]}),
    ("DisableRegisterCodes", {"RegisterCodeIds": IDS[:99]}),
    ("DeleteRegisterCodes", {"RegisterCodeIds": IDS[:99]}),
    ("DescribeRegisterInstances", {"Filters": filters(10, 5)}),
    ("DescribeRegisterInstances", {"Filters": [{"Name": "tag:team", "Values": ["a"]}]}),
    ("DescribeRegisterInstances", {"InstanceIds": [INSTANCE_ID], "Filters": []}),
    ("ModifyRegisterInstance", {"InstanceId": INSTANCE_ID, "InstanceName": "n" * 60}),
    ("DescribeQuotas", {"ResourceNames": ["COMMAND", "REGISTER_CODE"]}),
    ("DescribeRegions", {}),
]

REFUSED = [
    (CREATE, {"Description": "d" * 129}, TOO_LONG),
    (CREATE, {"Description": "🚀" * 129}, TOO_LONG),
    (CREATE, {"Description": 7}, "InvalidParameter"),
    (CREATE, {"Description": None}, "InvalidParameter"),
    (CREATE, {"Description": "\ud800"}, "InvalidParameter"),
    (CREATE, {"InstanceNamePrefix": "p" * 33}, TOO_LONG),
    (CREATE, {"RegisterLimit": 0}, TOO_SMALL),
    (CREATE, {"RegisterLimit": -1}, TOO_SMALL),
    (CREATE, {"RegisterLimit": 10001}, TOO_LARGE),
    (CREATE, {"RegisterLimit": "10"}, "InvalidParameter"),
    (CREATE, {"RegisterLimit": 10.0}, "InvalidParameter"),
    (CREATE, {"RegisterLimit": True}, "InvalidParameter"),
    (CREATE, {"RegisterLimit": None}, "InvalidParameter"),
    (CREATE, {"RegisterLimit": 2**63}, "InvalidParameter"),
    (CREATE, {"EffectiveTime": 0}, TOO_SMALL),
    (CREATE, {"EffectiveTime": -1}, TOO_SMALL),
    (CREATE, {"EffectiveTime": 2**63}, "InvalidParameter"),
    (CREATE, {"IpAddressRange": None}, "InvalidParameter"),
    (CREATE, {"ClientToken": "x"}, "UnknownParameter"),
    (CREATE, {"description": "x"}, "UnknownParameter"),
    ("DescribeRegisterCodes", {"RegisterCodeIds": IDS}, TOO_LONG),
    ("DescribeRegisterCodes", {"RegisterCodeIds": ["no id"]}, "InvalidParameterValue.InvalidRegisterCodeId"),
    ("DescribeRegisterCodes", {"RegisterCodeIds": CODE_ID}, "InvalidParameter"),
    ("DescribeRegisterCodes", {"Filters": []}, "UnknownParameter"),
    ("DescribeRegisterCodes", {"Limit": 101}, "InvalidParameterValue"),
    ("DescribeRegisterCodes", {"Limit": -1}, "InvalidParameterValue"),
    ("DescribeRegisterCodes", {"Offset": -1}, "InvalidParameterValue"),
    ("DescribeRegions", {"Limit": 1}, "UnknownParameter"),
    ("DescribeRegisterInstances", {"Filters": filters(11)}, INVALID_FILTER),
    ("DescribeRegisterInstances", {"Filters": filters(1, 6)}, INVALID_FILTER),
    ("DescribeRegisterInstances", {"Filters": filters(1, 0)}, INVALID_FILTER),
    ("DescribeRegisterInstances", {"Filters": [{"Name": "colour", "Values": ["red"]}]}, INVALID_FILTER),
    ("DescribeRegisterInstances", {"Filters": [{"Name": "tag:", "Values": ["red"]}]}, INVALID_FILTER),
    ("DescribeRegisterInstances", {"Filters": [{"Name": "register-status", "Values": ["online"]}]}, INVALID_FILTER),
    ("DescribeRegisterInstances", {"Filters": filters(1), "InstanceIds": [INSTANCE_ID]}, INVALID_FILTER),
    ("DescribeRegisterInstances", {"InstanceIds": ["i-1"]}, "InvalidParameterValue.InvalidRegisterInstanceId"),
    ("DescribeRegisterInstances", {"InstanceIds": [f"rins-{n:08}" for n in range(101)]}, "InvalidParameterValue"),
    ("ModifyRegisterInstance", {"InstanceId": INSTANCE_ID}, "MissingParameter"),
    ("ModifyRegisterInstance", {"InstanceName": "n"}, "MissingParameter"),
    ("ModifyRegisterInstance", {"InstanceId": INSTANCE_ID, "InstanceName": ""}, "InvalidParameterValue"),
    ("ModifyRegisterInstance", {"InstanceId": INSTANCE_ID, "InstanceName": "n" * 61}, TOO_LONG),
    ("DeleteRegisterInstance", {}, "MissingParameter"),
    ("DeleteRegisterInstance", {"InstanceId": "i-1"}, "InvalidParameterValue.InvalidRegisterInstanceId"),
    ("DescribeQuotas", {}, "MissingParameter"),
    ("DescribeQuotas", {"ResourceNames": ["HOSTS"]}, "ResourceUnavailable.InvalidResourceQuotaResourceCode"),
    *(
        (action, parameters, error)
        for action in ("DisableRegisterCodes", "DeleteRegisterCodes")
        for parameters, error in [
            ({}, "MissingParameter"),
            ({"RegisterCodeIds": []}, "MissingParameter"),
            ({"RegisterCodeIds": IDS[:100]}, "InvalidParameterValue"),
            ({"RegisterCodeIds": [CODE_ID] * 2}, "InvalidParameterValue.ParameterKeyDuplicated"),
            ({"RegisterCodeIds": ["x"]}, "InvalidParameterValue.InvalidRegisterCodeId"),
        ]
    ),
]

NO_ADDRESS = [
    "203.0.113.9,203.0.113.10",
    "203.0.113.0/255.255.255.0",
    "203.0.113.0/0.0.0.255",
    "203.0.113.0/33",
    "203.0.113.0/08",
    "203.0.113.0/",
    "203.0.113",
    "203.0.113.256",
    "203.0.113.09",
    "0xcb.0.113.9",
    "3405803785",
    "٢٠٣.0.113.9",
    "203.0.113.9\n",
    " 203.0.113.9",
    "203.0.113.1-203.0.113.9",
    "::1",
    "2001:db8::/32",
    "localhost",
]


@pytest.mark.parametrize(("action", "parameters"), ACCEPTED)
def test_a_value_at_the_bound_is_accepted(action: str, parameters: dict) -> None:
    accepted = check(action, parameters)

    for name, value in parameters.items():
        if isinstance(value, str | int):
            assert accepted[name] == value


@pytest.mark.parametrize(("action", "parameters", "error"), REFUSED)
def test_a_value_beyond_the_bound_gets_the_documented_code(action: str, parameters: dict, error: str) -> None:
    with pytest.raises(ApiError) as refused:
        check(action, parameters)

    assert refused.value.code == error


def test_what_is_left_out_takes_the_vendors_defaults() -> None:
    assert check(CREATE, {}) == {
        "Description": "",
        "InstanceNamePrefix": "",
        "RegisterLimit": 10,
        "EffectiveTime": 4,
        "IpAddressRange": "",
    }
    assert check("DescribeRegisterCodes", {}) == {"RegisterCodeIds": (), "Offset": 0, "Limit": 20}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"null", b'{"RegisterLimit": NaN}', b"{" * 50_000, b"\xff{}", b'{"RegisterLimit": 1' + b"0" * 5000],
)
def test_a_body_that_is_no_json_object_is_an_invalid_parameter(sandbox: Sandbox, body: bytes) -> None:
    assert call(sandbox, parameters=body).error == "InvalidParameter"


@pytest.mark.parametrize("text", NO_ADDRESS)
def test_no_other_spelling_of_an_address_is_accepted(text: str) -> None:
    with pytest.raises(ApiError, match="InvalidParameter"):
        check(CREATE, {"IpAddressRange": text})
