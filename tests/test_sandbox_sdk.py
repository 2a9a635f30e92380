"""The vendor's own SDK works against the sandbox unchanged: every action, and the errors as its exceptions."""

import json
from pathlib import Path

import pytest
from sandbox_callers import REGION, sdk
from sandbox_process import Sandbox
from tencentcloud.common.abstract_model import AbstractModel
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.tat.v20201028 import models

from registercodes.sandbox.regions import AVAILABLE
from registercodes.sandbox.rules import TABLE

VENDOR_EXAMPLE = {
    "Description": "webserver",
    "InstanceNamePrefix": "webserver",
    "RegisterLimit": 10,
    "EffectiveTime": 4,
    "IpAddressRange": "192.168.10.1/10",
}
UNKNOWN_ID = "00000000-0000-0000-0000-000000000000"
LISTED = {  # tat-api.md 1.10, from the vendor's per-action lists
    "CreateRegisterCode": """InvalidParameter InvalidParameterValue.TooLarge InvalidParameterValue.TooLong
        InvalidParameterValue.TooSmall""",
    "DescribeRegisterCodes": """InvalidParameterValue.TooLong InvalidParameterValue.InvalidFilter
        InvalidParameterValue.InvalidRegisterCodeId""",
    "DisableRegisterCodes": """InvalidParameterValue.InvalidRegisterCodeId InvalidParameterValue.ParameterKeyDuplicated
        MissingParameter ResourceNotFound.RegisterCodesNotFoundCode""",
    "DeleteRegisterCodes": """InvalidParameterValue.InvalidRegisterCodeId InvalidParameterValue.ParameterKeyDuplicated
        MissingParameter ResourceNotFound.RegisterCodesNotFoundCode""",
    "DescribeRegisterInstances": """InvalidParameterValue.InvalidFilter
        InvalidParameterValue.InvalidRegisterInstanceId""",
    "ModifyRegisterInstance": """InvalidParameterValue InvalidParameterValue.TooLong
        InvalidParameterValue.InvalidRegisterInstanceId MissingParameter""",
    "DeleteRegisterInstance": """InvalidParameterValue.InvalidRegisterInstanceId MissingParameter
        ResourceNotFound.RegisterInstanceNotFoundCode""",
    "DescribeQuotas": "MissingParameter ResourceUnavailable.InvalidResourceQuotaResourceCode",
    "DescribeRegions": """InternalError UnauthorizedOperation.CamAuthFailed UnauthorizedOperation.InvalidToken
        UnauthorizedOperation.MFAExpired UnauthorizedOperation.MFANotFound""",
}
ROLE_ERRORS = ["ResourceNotFound.RoleNotFound", "UnauthorizedOperation.AssumeRoleUnauthorized"]


def ask(sandbox: Sandbox, action: str, parameters: dict | None = None, **client: object) -> AbstractModel:
    request = getattr(models, f"{action}Request")()
    request.from_json_string(json.dumps(parameters or {}))
    return getattr(sdk(sandbox, **client), action)(request)


def error_of(sandbox: Sandbox, action: str, parameters: dict | None = None, **client: object) -> str:
    with pytest.raises(TencentCloudSDKException) as caught:
        ask(sandbox, action, parameters, **client)
    assert caught.value.get_request_id()
    return caught.value.get_code()


@pytest.mark.parametrize("parameters", [VENDOR_EXAMPLE, {}], ids=["with parameters", "no parameters"])
def test_both_examples_of_the_vendors_page_give_a_code(sandbox: Sandbox, parameters: dict) -> None:
    answer = ask(sandbox, "CreateRegisterCode", parameters)

    assert len(answer.RegisterCodeId) == 36
    assert len(answer.RegisterCodeValue) == 64
    assert len(answer.RequestId) == 36
    assert sandbox.is_value(answer.RegisterCodeId, answer.RegisterCodeValue)


def test_a_code_is_described_as_it_was_asked_for(sandbox: Sandbox) -> None:
    created = ask(sandbox, "CreateRegisterCode", VENDOR_EXAMPLE)
    answer = ask(sandbox, "DescribeRegisterCodes", {"RegisterCodeIds": [created.RegisterCodeId]})

    info = answer.RegisterCodeSet[0]
    assert answer.TotalCount == 1
    assert info.RegisterCodeId == created.RegisterCodeId
    assert (info.Description, info.InstanceNamePrefix, info.RegisterLimit) == ("webserver", "webserver", 10)
    assert info.IpAddressRange == "192.168.10.1/10"
    assert info.Enabled is True
    assert info.RegisteredCount == 0
    assert info.CreatedTime == info.UpdatedTime < info.ExpiredTime


def test_pages_reach_every_code_newest_first(sandbox: Sandbox) -> None:
    made = [ask(sandbox, "CreateRegisterCode").RegisterCodeId for _ in range(5)]

    pages = [ask(sandbox, "DescribeRegisterCodes", {"Offset": offset, "Limit": 2}) for offset in (0, 2, 4)]

    assert [code.RegisterCodeId for page in pages for code in page.RegisterCodeSet] == made[::-1]
    assert {page.TotalCount for page in pages} == {5}


def test_a_code_is_disabled_and_deleted(sandbox: Sandbox) -> None:
    code_id = ask(sandbox, "CreateRegisterCode").RegisterCodeId

    ask(sandbox, "DisableRegisterCodes", {"RegisterCodeIds": [code_id]})
    ask(sandbox, "DisableRegisterCodes", {"RegisterCodeIds": [code_id]})
    assert sandbox.code(code_id).Enabled is False

    ask(sandbox, "DeleteRegisterCodes", {"RegisterCodeIds": [code_id]})
    assert error_of(sandbox, "DeleteRegisterCodes", {"RegisterCodeIds": [code_id]}) == (
        "ResourceNotFound.RegisterCodesNotFoundCode"
    )


def test_a_host_is_found_renamed_and_removed(sandbox: Sandbox) -> None:
    created = ask(sandbox, "CreateRegisterCode")
    instance_id = sandbox.register_host(REGION, created.RegisterCodeId, created.RegisterCodeValue, hostname="web-7")
    by_code = {"Filters": [{"Name": "register-code-id", "Values": [created.RegisterCodeId]}]}

    ask(sandbox, "ModifyRegisterInstance", {"InstanceId": instance_id, "InstanceName": "renamed"})
    answer = ask(sandbox, "DescribeRegisterInstances", by_code)
    host = answer.RegisterInstanceSet[0]
    assert (host.InstanceId, host.InstanceName, host.HostName) == (instance_id, "renamed", "web-7")

    ask(sandbox, "DeleteRegisterInstance", {"InstanceId": instance_id})
    assert ask(sandbox, "DescribeRegisterInstances", by_code).TotalCount == 0


def test_regions_and_quotas_are_told(sandbox: Sandbox) -> None:
    ask(sandbox, "CreateRegisterCode")

    regions = ask(sandbox, "DescribeRegions")
    assert {row.Region for row in regions.RegionSet if row.RegionState == "AVAILABLE"} == set(AVAILABLE)
    assert regions.TotalCount == len(regions.RegionSet)
    quota = ask(sandbox, "DescribeQuotas", {"ResourceNames": ["REGISTER_CODE"]}).GeneralResourceQuotaSet[0]
    assert (quota.ResourceName, quota.ResourceQuotaUsed, quota.ResourceQuotaTotal) == ("REGISTER_CODE", 1, 5000)


@pytest.mark.parametrize(
    ("action", "parameters", "error"),
    [
        ("CreateRegisterCode", {"IpAddressRange": "::1"}, "InvalidParameter"),
        ("CreateRegisterCode", {"RegisterLimit": 10001}, "InvalidParameterValue.TooLarge"),
        ("CreateRegisterCode", {"RegisterLimit": 0}, "InvalidParameterValue.TooSmall"),
        ("CreateRegisterCode", {"Description": "d" * 129}, "InvalidParameterValue.TooLong"),
        ("DisableRegisterCodes", {"RegisterCodeIds": [UNKNOWN_ID]}, "ResourceNotFound.RegisterCodesNotFoundCode"),
        ("DisableRegisterCodes", {}, "MissingParameter"),
        (
            "ModifyRegisterInstance",
            {"InstanceId": "rins-00000000", "InstanceName": "n"},
            "InvalidParameterValue.InvalidRegisterInstanceId",
        ),
        (
            "DeleteRegisterInstance",
            {"InstanceId": "rins-00000000"},
            "ResourceNotFound.RegisterInstanceNotFoundCode",
        ),
    ],
)
def test_a_refusal_is_the_sdks_exception(sandbox: Sandbox, action: str, parameters: dict, error: str) -> None:
    assert error_of(sandbox, action, parameters) == error


@pytest.mark.parametrize("action", LISTED)
def test_every_error_the_vendor_lists_can_be_met(tmp_path: Path, action: str) -> None:
    with Sandbox(tmp_path, rate=0) as sandbox:
        for code in [*LISTED[action].split(), *ROLE_ERRORS, "InternalError", "NoSuchCode.Invented"]:
            sandbox.fault("error", action=action, code=code)
            assert error_of(sandbox, action) == code


def test_an_unsupported_region_is_refused(sandbox: Sandbox) -> None:
    assert error_of(sandbox, "CreateRegisterCode", region="ap-mumbai") == "UnsupportedRegion"
    assert error_of(sandbox, "CreateRegisterCode", region="moon-1") == "UnsupportedRegion"
    assert error_of(sandbox, "CreateRegisterCode", region="") == "MissingParameter"
    assert ask(sandbox, "DescribeRegions", region="").TotalCount


def test_every_action_of_the_sandbox_is_one_of_the_sdk() -> None:
    assert set(LISTED) == set(TABLE)
    for action, table in TABLE.items():
        fields = set(vars(getattr(models, f"{action}Request")()))
        assert fields == {f"_{name}" for name in table}


def test_a_wrong_key_never_makes_a_code(sandbox: Sandbox) -> None:
    sandbox.secret_key = "another-key"

    assert error_of(sandbox, "CreateRegisterCode") == "AuthFailure.SignatureFailure"
    assert sandbox.codes() == []
