"""Whether a pretend host may register with a code: enabled, not expired, not used up, from a permitted address.

The real protocol (tat-agent 1.1.9) is one unsigned JSON POST; the error codes here are the sandbox's own choice.
"""

import hmac
import ipaddress
import secrets
import string
from dataclasses import dataclass

from registercodes.sandbox.actions import sha256
from registercodes.sandbox.cloud import Cloud
from registercodes.sandbox.errors import ApiError
from registercodes.sandbox.regions import require
from registercodes.sandbox.rules import text_of
from registercodes.sandbox.store import Code, Instance

FIELDS = ("MachineId", "ActiveCode", "ActiveValue", "PublicKey", "Hostname", "LocalIp", "SystemName")
ALPHABET = string.ascii_lowercase + string.digits


@dataclass(frozen=True)
class Registration:
    code_id: str
    value_sha256: str
    machine_id: str
    public_key: str
    host_name: str
    local_ip: str
    system_name: str


def register(cloud: Cloud, region: str, message: dict, *, egress_ip: str) -> dict:
    require(region)
    asked = _registration(message)
    source = _address(egress_ip)
    with cloud.store.transaction():
        code = _open_code(cloud, region, asked)
        if code.ip_address_range and source not in ipaddress.ip_network(code.ip_address_range, strict=False):
            raise ApiError("IpNotInWhitelist", egress_ip)
        instance = _instance(cloud, code, asked)
        cloud.store.add_instance(instance)
    return {"InstanceId": instance.id}


def _registration(message: dict) -> Registration:
    if message.get("Action") != "RegisterInstance":
        raise ApiError("InvalidAction", str(message.get("Action"))[:64])
    for name in FIELDS:
        if not text_of(name, message.get(name, "")):
            raise ApiError("MissingParameter", name)
    return Registration(
        code_id=message["ActiveCode"],
        value_sha256=sha256(message["ActiveValue"]),
        machine_id=message["MachineId"],
        public_key=message["PublicKey"],
        host_name=message["Hostname"],
        local_ip=message["LocalIp"],
        system_name=message["SystemName"],
    )


def _address(text: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError:
        raise ApiError("InvalidParameter", "X-Sandbox-Egress-Ip") from None


def _open_code(cloud: Cloud, region: str, asked: Registration) -> Code:
    found = cloud.store.codes(region, [asked.code_id])
    if not found:
        raise ApiError("ResourceNotFound.RegisterCodesNotFoundCode", asked.code_id[:64])
    code = found[0]
    if not hmac.compare_digest(code.value_sha256, asked.value_sha256):
        raise ApiError("UnauthorizedOperation", code.id)
    if not code.is_enabled(now=cloud.clock.now()):
        raise ApiError("OperationDenied", code.id)
    if code.registered >= code.register_limit:
        raise ApiError("LimitExceeded", code.id)
    return code


def _instance(cloud: Cloud, code: Code, asked: Registration) -> Instance:
    now = cloud.clock.now()
    suffix = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return Instance(
        id=f"rins-{suffix}",
        region=code.region,
        code_id=code.id,
        name=f"{code.prefix}-{suffix}" if code.prefix else asked.host_name,
        machine_id=asked.machine_id,
        system_name=asked.system_name,
        host_name=asked.host_name,
        local_ip=asked.local_ip,
        public_key=asked.public_key,
        status="Online",
        created=now,
        updated=now,
    )
