"""The commands to paste on a host: what reaches the agent, and where the value stays behind."""

import os
import subprocess

import pytest

from registercodes import enrolling

VALUE = "rc-Value-0123456789"
WRITTEN = enrolling.commands(region="ap-singapore", code_id="9b5rb72b-418f", value=VALUE)


def run(command: str, directory, *, typed: str = "") -> tuple[str, str]:
    """With a pretend sudo that logs as the real one does, and a pretend agent. Returns sudo's log and the agent's."""
    for name, script in {
        "sudo": f'echo "COMMAND=$*" >> {directory}/sudo.log; exec "$@"',
        "tat_agent": f'echo "$*" >> {directory}/agent.log',
        "systemctl": f'echo "$*" >> {directory}/agent.log',
    }.items():
        (directory / name).write_text(f"#!/bin/sh\n{script}\n")
        (directory / name).chmod(0o755)
    command = command.replace(enrolling.LINUX_AGENT, "tat_agent")
    found = {"PATH": f"{directory}:{os.environ['PATH']}"}
    subprocess.run(["bash", "-c", command], input=typed, text=True, env=found, check=True, capture_output=True)
    return (directory / "sudo.log").read_text(), (directory / "agent.log").read_text()


@pytest.mark.parametrize(("command", "typed"), [(WRITTEN.linux, ""), (WRITTEN.linux_quiet, f"{VALUE}\n")])
def test_a_pasted_command_registers_and_restarts_the_agent(tmp_path, command, typed):
    _, agent = run(command, tmp_path, typed=typed)

    assert agent == f"register ap-singapore 9b5rb72b-418f {VALUE}\nrestart tat_agent\n"


def test_the_quiet_command_keeps_the_value_out_of_history_and_sudos_log(tmp_path):
    sudo, _ = run(WRITTEN.linux_quiet, tmp_path, typed=f"{VALUE}\n")

    assert VALUE not in WRITTEN.linux_quiet
    assert "register ap-singapore" in sudo and VALUE not in sudo


# What must not happen.


@pytest.mark.parametrize("odd", ["a+b", "a b", "a;b", "a'b", "$(b)", "", "é", "a\n"])
def test_no_command_is_offered_where_a_shell_could_read_more_into_it(odd):
    assert enrolling.commands(region="ap-singapore", code_id=odd, value=VALUE) is None
    assert enrolling.commands(region="ap-singapore", code_id="9b5rb72b", value=odd) is None


def test_the_commands_never_show_themselves_in_a_log():
    assert VALUE not in repr(WRITTEN)
