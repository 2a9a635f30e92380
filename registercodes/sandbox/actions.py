"""What each action of the API does to the state, once admitted; the only place that makes a code's value."""

import hashlib
import secrets
import time
import uuid
from collections.abc import Callable

from registercodes.sandbox import regions
from registercodes.sandbox.cloud import Cloud
from registercodes.sandbox.errors import ApiError
from registercodes.sandbox.rules import PERMANENT_ABOVE, check
from registercodes.sandbox.store import Code, Instance

HOUR = 3600


def perform(cloud: Cloud, action: str, region: str, parameters: dict) -> dict:
    """The fields of the answer without RequestId, or ApiError."""
    return ACTIONS[action](cloud, region, check(action, parameters))


def new_code() -> dict:
    return {"RegisterCodeId": str(uuid.uuid4()), "RegisterCodeValue": secrets.token_hex(32)}


def create_register_code(cloud: Cloud, region: str, asked: dict) -> dict:
    answer, now = new_code(), cloud.clock.now()
    hours = asked["EffectiveTime"]
    code = Code(
        id=answer["RegisterCodeId"],
        region=region,
        value_sha256=sha256(answer["RegisterCodeValue"]),
        description=asked["Description"],
        prefix=asked["InstanceNamePrefix"],
        register_limit=asked["RegisterLimit"],
        ip_address_range=asked["IpAddressRange"],
        created=now,
        updated=now,
        expires=None if hours > PERMANENT_ABOVE else now + hours * HOUR,
    )
    if not cloud.store.add_code_within(code, quota=cloud.quota):
        raise ApiError("ResourceUnavailable.UserHasNoQuotaCode", "REGISTER_CODE")
    return answer


def describe_register_codes(cloud: Cloud, region: str, asked: dict) -> dict:
    """An id that does not exist is missing from the answer; its error is not on this action's list."""
    ids = asked["RegisterCodeIds"]
    page = cloud.store.page_of_codes(region, ids, offset=asked["Offset"], limit=asked["Limit"])
    now = cloud.clock.now()
    return {
        "TotalCount": cloud.store.count_codes(region, ids),
        "RegisterCodeSet": [code_info(code, now=now) for code in page],
    }


def code_info(code: Code, *, now: int) -> dict:
    return {
        "RegisterCodeId": code.id,
        "Description": code.description,
        "InstanceNamePrefix": code.prefix,
        "RegisterLimit": code.register_limit,
        "ExpiredTime": None if code.expires is None else iso(code.expires),
        "IpAddressRange": code.ip_address_range,
        "Enabled": code.is_enabled(now=now),
        "RegisteredCount": code.registered,
        "CreatedTime": iso(code.created),
        "UpdatedTime": iso(code.updated),
    }


def disable_register_codes(cloud: Cloud, region: str, asked: dict) -> dict:
    """All or nothing; disabling twice is no error."""
    ids = _existing_codes(cloud, region, asked)
    cloud.store.disable_codes(region, ids, now=cloud.clock.now())
    return {}


def delete_register_codes(cloud: Cloud, region: str, asked: dict) -> dict:
    """All or nothing; hosts that registered with the code stay."""
    cloud.store.delete_codes(region, _existing_codes(cloud, region, asked))
    return {}


def _existing_codes(cloud: Cloud, region: str, asked: dict) -> tuple[str, ...]:
    ids = asked["RegisterCodeIds"]
    missing = set(ids) - {code.id for code in cloud.store.codes(region, ids)}
    if missing:
        raise ApiError("ResourceNotFound.RegisterCodesNotFoundCode", min(missing))
    return ids


def describe_register_instances(cloud: Cloud, region: str, asked: dict) -> dict:
    found = [
        instance
        for instance in cloud.store.instances(region, asked["InstanceIds"])
        if all(_passes(instance, key, values) for key, values in asked["Filters"])
    ]
    page = found[asked["Offset"] : asked["Offset"] + asked["Limit"]]
    return {"TotalCount": len(found), "RegisterInstanceSet": [instance_info(instance) for instance in page]}


FILTERED = {
    "instance-name": "name",
    "instance-id": "id",
    "register-status": "status",
    "local-ip": "local_ip",
    "register-code-id": "code_id",
    "sys-name": "system_name",
}


def _passes(instance: Instance, key: str, values: tuple[str, ...]) -> bool:
    """No pretend host carries a tag, so a tag filter lets none through."""
    return key in FILTERED and getattr(instance, FILTERED[key]) in values


def instance_info(instance: Instance) -> dict:
    return {
        "RegisterCodeId": instance.code_id,
        "InstanceId": instance.id,
        "InstanceName": instance.name,
        "MachineId": instance.machine_id,
        "SystemName": instance.system_name,
        "HostName": instance.host_name,
        "LocalIp": instance.local_ip,
        "PublicKey": instance.public_key,
        "Status": instance.status,
        "CreatedTime": iso(instance.created),
        "UpdatedTime": iso(instance.updated),
        "Tags": [],
    }


def modify_register_instance(cloud: Cloud, region: str, asked: dict) -> dict:
    renamed = cloud.store.rename_instance(
        region, asked["InstanceId"], name=asked["InstanceName"], now=cloud.clock.now()
    )
    if not renamed:
        raise ApiError("InvalidParameterValue.InvalidRegisterInstanceId", asked["InstanceId"])
    return {}


def delete_register_instance(cloud: Cloud, region: str, asked: dict) -> dict:
    """RegisteredCount stays: whether the vendor lowers it is not documented."""
    if not cloud.store.delete_instance(region, asked["InstanceId"]):
        raise ApiError("ResourceNotFound.RegisterInstanceNotFoundCode", asked["InstanceId"])
    return {}


def describe_regions(cloud: Cloud, region: str, asked: dict) -> dict:
    rows = regions.listed()
    return {"TotalCount": len(rows), "RegionSet": rows}


def describe_quotas(cloud: Cloud, region: str, asked: dict) -> dict:
    used = {"COMMAND": 0, "REGISTER_CODE": cloud.store.count_codes(region)}
    return {"GeneralResourceQuotaSet": [_quota(name, used[name], cloud.quota) for name in asked["ResourceNames"]]}


def _quota(name: str, used: int, total: int) -> dict:
    return {"ResourceName": name, "ResourceQuotaUsed": used, "ResourceQuotaTotal": total}


ACTIONS: dict[str, Callable[[Cloud, str, dict], dict]] = {
    "CreateRegisterCode": create_register_code,
    "DescribeRegisterCodes": describe_register_codes,
    "DisableRegisterCodes": disable_register_codes,
    "DeleteRegisterCodes": delete_register_codes,
    "DescribeRegisterInstances": describe_register_instances,
    "ModifyRegisterInstance": modify_register_instance,
    "DeleteRegisterInstance": delete_register_instance,
    "DescribeRegions": describe_regions,
    "DescribeQuotas": describe_quotas,
}


def sha256(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def iso(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
