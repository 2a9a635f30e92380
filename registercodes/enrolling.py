"""Writes the commands that enrol a host with a code, for pasting on it.

Only ``tat_agent register REGION ID VALUE`` as read from the agent's source
(release 1.1.9, October 2025), and the restart that makes it take effect.
"""

import re
from dataclasses import dataclass

PLAIN = re.compile(r"[A-Za-z0-9-]+", re.ASCII)
LINUX_AGENT = "/usr/local/qcloud/tat_agent/tat_agent"
RESTART = "systemctl restart tat_agent"
WINDOWS_AGENT = r'"C:\Program Files\QCloud\tat_agent\tat_agent.exe"'
WINDOWS_RESTART = "sc.exe stop tatsvc & sc.exe start tatsvc"


@dataclass(frozen=True, repr=False)
class Commands:
    """Holds the value: for one template, never for a log.

    ``linux_quiet`` asks for it at a silent prompt, behind sudo: sudo logs the arguments of what it runs
    (sudoers(5), "COMMAND"), and a shell keeps what was typed in its history.
    """

    linux: str
    linux_quiet: str
    windows: str


def commands(*, region: str, code_id: str, value: str) -> Commands | None:
    """None unless id and value are plain letters, digits and hyphens: anything else could mean more to a shell."""
    if not all(PLAIN.fullmatch(word) for word in (region, code_id, value)):
        return None
    return Commands(
        linux=f"sudo {LINUX_AGENT} register {region} {code_id} {value} && sudo {RESTART}",
        linux_quiet=(
            """sudo bash -c 'read -rsp "Register code value: " VALUE && echo && """
            f"""{LINUX_AGENT} register {region} {code_id} "$VALUE" && {RESTART}'"""
        ),
        windows=f"{WINDOWS_AGENT} register {region} {code_id} {value} && {WINDOWS_RESTART}",
    )
