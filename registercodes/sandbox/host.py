"""A pretend host: registers with a code the way the real agent does, `python -m registercodes.sandbox.host`."""

import argparse
import base64
import http.client
import json
import secrets
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from registercodes.sandbox import DEFAULT_PORT

DEFAULT_URL = f"http://127.0.0.1:{DEFAULT_PORT}"


class RegistrationError(Exception):
    """The code and message the sandbox answered."""


@dataclass(frozen=True)
class Host:
    hostname: str = "pretend-host"
    local_ip: str = "10.0.0.1"
    from_ip: str = "127.0.0.1"
    system_name: str = "Linux"
    machine_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    public_key: str = field(default_factory=lambda: pretend_public_key())


def register(host: Host, *, url: str, region: str, code_id: str, value: str) -> str:
    """The InstanceId, or RegistrationError."""
    message = {
        "Action": "RegisterInstance",
        "MachineId": host.machine_id,
        "ActiveCode": code_id,
        "ActiveValue": value,
        "PublicKey": host.public_key,
        "Hostname": host.hostname,
        "LocalIp": host.local_ip,
        "SystemName": host.system_name,
    }
    response = _post(url, f"/agent/{region}", message, from_ip=host.from_ip)
    if "Error" in response:
        raise RegistrationError(f"{response['Error']['Code']}: {response['Error']['Message']}")
    return response["InstanceId"]


def _post(url: str, path: str, message: dict, *, from_ip: str) -> dict:
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port or 80, timeout=10)
    headers = {"Content-Type": "application/json", "X-Sandbox-Egress-Ip": from_ip}
    try:
        connection.request("POST", path, json.dumps(message), headers)
        return json.loads(connection.getresponse().read())["Response"]
    finally:
        connection.close()


def pretend_public_key() -> str:
    """An RSA public key in PKCS#1 form whose private half nobody has."""
    modulus = (secrets.randbits(2048) | 1 | 1 << 2047).to_bytes(257, "big")
    body = _der(2, modulus) + _der(2, (65537).to_bytes(3, "big"))
    lines = base64.encodebytes(_der(0x30, body)).decode().replace("\n", "")
    folded = "\n".join(lines[start : start + 64] for start in range(0, len(lines), 64))
    return f"-----BEGIN RSA PUBLIC KEY-----\n{folded}\n-----END RSA PUBLIC KEY-----\n"


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 + len(octets)]) + octets + content


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m registercodes.sandbox.host", description=__doc__)
    parser.add_argument("region")
    parser.add_argument("id")
    parser.add_argument("value", help="- reads it from standard input, which keeps it out of the process list")
    parser.add_argument("--hostname", default="pretend-host")
    parser.add_argument("--local-ip", default="10.0.0.1")
    parser.add_argument("--from-ip", default="127.0.0.1", help="public address the host appears to come from")
    parser.add_argument("--system-name", default="Linux", choices=["Linux", "Windows"])
    parser.add_argument("--url", default=DEFAULT_URL)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints and exits as the real agent does."""
    asked = _parser().parse_args(arguments)
    value = sys.stdin.readline().strip() if asked.value == "-" else asked.value
    host = Host(hostname=asked.hostname, local_ip=asked.local_ip, from_ip=asked.from_ip, system_name=asked.system_name)
    try:
        register(host, url=asked.url, region=asked.region, code_id=asked.id, value=value)
    except (RegistrationError, OSError, http.client.HTTPException) as problem:
        sys.stdout.write(f"register failed: {problem}\n")
        return 255
    sys.stdout.write("register success\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
