"""The sample provider of `make run-sso`: how it is started, and what a portal is told of it. Never in production.

Its program is in tests/provider: it asks nobody for a proof, so it is not among what a deployment installs.
"""

import shutil
import subprocess
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

PORT = 8002
FOLDER = settings.BASE_DIR / "tests" / "provider"
INSTALLED = FOLDER / "node_modules" / ".package-lock.json"  # written last by npm
MISSING = "No {program} on this machine: apt-get install nodejs npm"
EVERYWHERE = frozenset({"0.0.0.0", "::", None})  # noqa: S104 (recognised, not listened on)

# Public, and known to the sample provider alone.
CLIENT_ID = "register-code-portal"
CLIENT_SECRET = "development-only-client-secret-0123456789abcdef"  # noqa: S105


def problem() -> str:
    """Why it cannot be started; empty if it can."""
    if not shutil.which("node"):
        return MISSING.format(program="node")
    if not INSTALLED.exists():
        return "The sample provider is not installed yet: make run-sso does that."
    return ""


def start(*, port: int, portals: Sequence[str], **how: Any) -> "subprocess.Popen[str]":
    """For a portal with these base addresses; the first is told when a session ends. Port 0 takes any."""
    named = [
        ("port", port),
        ("client-id", CLIENT_ID),
        ("client-secret", CLIENT_SECRET),
        ("backchannel-uri", f"{portals[0]}/sso/backchannel-logout/"),
        *(("redirect-uri", f"{portal}/sso/callback/") for portal in portals),
        *(("post-logout-uri", f"{portal}/sso/signed-out/") for portal in portals),
    ]
    program = [shutil.which("node") or "node", str(FOLDER / "provider.mjs")]
    command = [*program, *(f"--{name}={value}" for name, value in named)]
    return subprocess.Popen(command, text=True, **how)  # noqa: S603 (our own program and words)


def environment(port: int) -> dict[str, str]:
    """The variables that make a portal sign people in there."""
    return {
        "OIDC_ISSUER": issuer(port),
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_SCOPES": "openid profile email groups",
        "OIDC_GROUPS_CLAIM": "groups",
        "OIDC_ADMIN_GROUPS": "sample-administrators",
        "OIDC_AUDITOR_GROUPS": "sample-auditors",
    }


def address(port: int) -> str:
    return f"127.0.0.1:{port}"


def issuer(port: int) -> str:
    return f"http://{address(port)}"


def portals_at(bind: str) -> list[str]:
    """The addresses under which browsers of this machine find a portal that listens there."""
    parts = urlsplit(f"//{bind}")
    named = [] if parts.hostname in EVERYWHERE else [parts.netloc.rpartition(":")[0]]
    return [f"http://{host}:{parts.port}" for host in dict.fromkeys([*named, "127.0.0.1", "localhost"])]
