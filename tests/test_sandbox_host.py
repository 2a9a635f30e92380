"""A pretend host registers as the real agent does, and only with a code that is good for it."""

import subprocess
import sys
from pathlib import Path

import pytest
from sandbox_callers import call
from sandbox_process import CREATE, ROOT, Sandbox

from registercodes.sandbox.host import RegistrationError

REGION = "ap-singapore"


def create(sandbox: Sandbox, **parameters: object) -> tuple[str, str]:
    response = call(sandbox, CREATE, parameters).response
    return response["RegisterCodeId"], response["RegisterCodeValue"]


def find(sandbox: Sandbox, name: str, value: str) -> list[dict]:
    answer = call(sandbox, "DescribeRegisterInstances", {"Filters": [{"Name": name, "Values": [value]}]})
    return answer.response["RegisterInstanceSet"]


def run_host(sandbox: Sandbox, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "registercodes.sandbox.host", *arguments, "--url", sandbox.url]
    return subprocess.run(command, input=stdin, cwd=ROOT, capture_output=True, text=True, timeout=10, check=False)


def test_a_host_registers_from_the_command_line_and_is_seen(sandbox: Sandbox) -> None:
    code_id, value = create(sandbox, InstanceNamePrefix="web", IpAddressRange="203.0.113.0/24")

    ran = run_host(
        sandbox, REGION, code_id, value, "--hostname", "web-7", "--local-ip", "10.2.3.4", "--from-ip", "203.0.113.9"
    )

    assert (ran.returncode, ran.stdout) == (0, "register success\n")
    (host,) = find(sandbox, "register-code-id", code_id)
    assert (host["HostName"], host["LocalIp"], host["SystemName"]) == ("web-7", "10.2.3.4", "Linux")
    assert host["InstanceId"].startswith("rins-")
    assert len(host["InstanceId"]) == 13
    assert host["InstanceName"].startswith("web-")
    assert host["Status"] == "Online"
    assert host["PublicKey"].startswith("-----BEGIN RSA PUBLIC KEY-----")
    assert sandbox.code(code_id).RegisteredCount == 1


def test_the_value_can_come_from_standard_input(sandbox: Sandbox) -> None:
    code_id, value = create(sandbox)

    assert run_host(sandbox, REGION, code_id, "-", stdin=value + "\n").returncode == 0


def test_a_failure_exits_as_the_agent_does(sandbox: Sandbox) -> None:
    code_id, _ = create(sandbox)

    ran = run_host(sandbox, REGION, code_id, "wrong")

    assert ran.returncode == 255
    assert ran.stdout.startswith("register failed: UnauthorizedOperation")


def test_every_filter_finds_its_host(sandbox: Sandbox) -> None:
    code_id, value = create(sandbox)
    first = sandbox.register_host(REGION, code_id, value, hostname="a", local_ip="10.0.0.1")
    second = sandbox.register_host(REGION, code_id, value, hostname="b", local_ip="10.0.0.2", system_name="Windows")
    sandbox.set_host_status(second, "Offline")

    expected = {
        ("instance-name", "a"): [first],
        ("instance-id", second): [second],
        ("register-status", "Offline"): [second],
        ("local-ip", "10.0.0.1"): [first],
        ("register-code-id", code_id): [second, first],
        ("sys-name", "Windows"): [second],
        ("tag-key", "team"): [],
        ("tag:team", "web"): [],
    }
    for (name, wanted), instances in expected.items():
        assert [host["InstanceId"] for host in find(sandbox, name, wanted)] == instances


def test_removing_a_host_leaves_the_count(sandbox: Sandbox) -> None:
    code_id, value = create(sandbox)
    instance_id = sandbox.register_host(REGION, code_id, value)

    call(sandbox, "DeleteRegisterInstance", {"InstanceId": instance_id})

    assert sandbox.hosts() == []
    assert sandbox.code(code_id).RegisteredCount == 1


def test_the_vendors_range_with_host_bits_means_its_network(sandbox: Sandbox) -> None:
    code_id, value = create(sandbox, IpAddressRange="192.168.10.1/10")

    assert sandbox.register_host(REGION, code_id, value, from_ip="192.191.255.255")
    with pytest.raises(RegistrationError, match="IpNotInWhitelist"):
        sandbox.register_host(REGION, code_id, value, from_ip="192.192.0.0")


def test_a_code_without_a_range_admits_any_source(sandbox: Sandbox) -> None:
    code_id, value = create(sandbox)

    assert sandbox.register_host(REGION, code_id, value, from_ip="198.51.100.1")


def test_a_limit_of_two_admits_two(sandbox: Sandbox) -> None:
    code_id, value = create(sandbox, RegisterLimit=2)
    sandbox.register_host(REGION, code_id, value)
    sandbox.register_host(REGION, code_id, value)

    with pytest.raises(RegistrationError, match="LimitExceeded"):
        sandbox.register_host(REGION, code_id, value)
    assert sandbox.code(code_id).RegisteredCount == 2


def test_no_host_registers_with_a_code_that_is_closed_wrong_or_elsewhere(sandbox: Sandbox, tmp_path: Path) -> None:
    disabled, disabled_value = create(sandbox)
    call(sandbox, "DisableRegisterCodes", {"RegisterCodeIds": [disabled]})
    good, good_value = create(sandbox)
    expired, expired_value = create(sandbox, EffectiveTime=1)
    attempts = [
        (REGION, disabled, disabled_value, "OperationDenied"),
        (REGION, good, disabled_value, "UnauthorizedOperation"),
        (REGION, "no-such-id", good_value, "RegisterCodesNotFoundCode"),
        (REGION, good + "\ud800", good_value, "InvalidParameter"),
        ("eu-frankfurt", good, good_value, "RegisterCodesNotFoundCode"),
        ("moon-1", good, good_value, "UnsupportedRegion"),
        (REGION, expired, expired_value, "OperationDenied"),
    ]

    for region, code_id, value, error in attempts:
        sandbox.advance(hours=2 if code_id == expired else 0)
        with pytest.raises(RegistrationError, match=error):
            sandbox.register_host(region, code_id, value)
    assert sandbox.hosts() == []
    assert {code.RegisteredCount for code in sandbox.codes()} == {0}
