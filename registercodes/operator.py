"""Says who runs a command, as the operating system knows it; what the environment claims is not believed."""

import os
import pwd
from pathlib import Path

UNSET = 2**32 - 1  # no login behind it: a service, a container


def name() -> str:
    """The user, and whoever logged in to become it: ``root (logged in as ann)``."""
    user, login = os.getuid(), _login()
    if login in {user, UNSET}:
        return _named(user)
    return f"{_named(user)} (logged in as {_named(login)})"


def _login() -> int:
    """Set once at login and kept by sudo and su (Linux audit)."""
    try:
        return int(Path("/proc/self/loginuid").read_text())
    except (OSError, ValueError):
        return UNSET


def _named(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"
