"""Reads settings from the environment, typed and strict; names what is wrong, never prints a value."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

TRUE_WORDS = frozenset({"yes", "true", "on", "1"})
FALSE_WORDS = frozenset({"no", "false", "off", "0"})
SECRET_LENGTH = 32  # characters; 256 bits of hex or more


class Environment:
    """Typed readers over one mapping. Every problem is kept, so that one start reports them all."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self.variables = os.environ if variables is None else variables
        self.problems: list[str] = []
        self.read: set[str] = set()

    def complain(self, name: str, complaint: str) -> None:
        self.problems.append(f"{name} {complaint}.")

    def stop_if_wrong(self) -> None:
        if self.problems:
            raise ImproperlyConfigured("\n".join(f"  {problem}" for problem in self.problems))

    def add_file(self, default: Path) -> None:
        """Add a deployment's ``.env``; what the environment says itself wins, and the mode is its alone.

        Nothing in development: ``make run`` and the tests would meet the deployment's database and cloud.
        """
        if self.text("PORTAL_MODE", default="production") == "development":
            return
        os.environ.setdefault("PORTAL_MODE", "production")
        file = Path(self.text("PORTAL_ENV_FILE", default=str(default)))
        if file.exists():
            environ.Env.read_env(file, overwrite=False)
        elif file != default:
            self.complain("PORTAL_ENV_FILE", "names a file that is not there")

    def text(self, name: str, *, default: str | None) -> str:
        """A stripped text; empty counts as not set. ``default=None`` makes it required."""
        self.read.add(name)
        value = self.variables.get(name, "").strip()
        if value:
            return value
        if default is None:
            self.complain(name, "is not set")
        return default or ""

    def secret(self, name: str, *, default: str | None, shortest: int = 0) -> str:
        """A text from NAME or from the file NAME_FILE names, without the file's closing newline.

        django-environ's FileAwareEnv keeps that newline, which breaks
        signatures, and follows values that begin with a dollar sign.
        """
        self.read |= {name, f"{name}_FILE"}
        path = self.variables.get(f"{name}_FILE", "").strip()
        if path:
            return self._secret_file(name, path, shortest=shortest)
        value = self.text(name, default=default)
        if value and len(value) < shortest:
            self.complain(name, f"is shorter than {shortest} characters")
        return value

    def _secret_file(self, name: str, path: str, *, shortest: int) -> str:
        if self.variables.get(name, "").strip():
            self.complain(name, f"is set twice: in itself and by {name}_FILE")
            return ""
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            self.complain(f"{name}_FILE", "names a file that cannot be read")
            return ""
        if not value:
            self.complain(f"{name}_FILE", "names an empty file")
        elif len(value) < shortest:
            self.complain(f"{name}_FILE", f"names a file with fewer than {shortest} characters")
        return value

    def secrets(self, name: str) -> list[str]:
        """Retired keys, comma-separated, from NAME or NAME_FILE."""
        return split_words(self.secret(name, default=""))

    def words(self, name: str, *, default: str = "") -> list[str]:
        return split_words(self.text(name, default=default))

    def choice(self, name: str, *, choices: tuple[str, ...], default: str) -> str:
        value = self.text(name, default=default)
        if value not in choices:
            self.complain(name, f"must be one of: {', '.join(choices)}")
            return default
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, default="yes" if default else "no").lower()
        if value not in TRUE_WORDS | FALSE_WORDS:
            self.complain(name, "must be yes or no")
        return value in TRUE_WORDS

    def whole(self, name: str, *, default: int, low: int, high: int) -> int:
        value = self.text(name, default=str(default))
        if not re.fullmatch(r"[0-9]{1,9}", value) or not low <= int(value) <= high:
            self.complain(name, f"must be a whole number from {low} to {high}")
            return default
        return int(value)

    def seconds(self, name: str, *, default: float, low: float, high: float) -> float:
        value = self.text(name, default=str(default))
        if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value) or not low <= float(value) <= high:
            self.complain(name, f"must be a number of seconds from {low:g} to {high:g}")
            return default
        return float(value)

    def address(self, name: str, *, default: str | None) -> str:
        """A base URL: scheme and host, no path, query, fragment or credentials."""
        value = self.text(name, default=default).rstrip("/")
        if value and not is_base_url(value):
            self.complain(name, "must be a base address such as https://host or http://127.0.0.1:8001")
            return ""
        return value

    def issuer(self, name: str, *, default: str | None) -> str:
        """An identity provider's name, kept to the letter: tokens repeat it, a closing slash included."""
        value = self.text(name, default=default)
        if value and not is_issuer(value):
            self.complain(name, "must be the provider's issuer, such as https://login.example.com/realms/ops")
            return ""
        return value

    def each(self, name: str, words: list[str], *, good: Callable[[str], bool], complaint: str) -> list[str]:
        if not all(good(word) for word in words):
            self.complain(name, complaint)
        return words

    def database(self, name: str, *, default: str, base: Path) -> dict[str, Any]:
        """A Django DATABASES entry from a sqlite:/// or postgres:// address (itself a secret)."""
        address = self.secret(name, default=default)
        scheme = address.partition(":")[0]
        if scheme not in {"sqlite", "postgres", "postgresql"}:
            self.complain(name, "must begin with sqlite:/// or postgres://")
            return {}
        try:
            config: dict[str, Any] = environ.Env.db_url_config(address)
        except (ValueError, TypeError, KeyError, ImproperlyConfigured):
            self.complain(name, "cannot be read as a database address")
            return {}
        if config.get("NAME", "") in {"", ":memory:"}:
            self.complain(name, "names no database")
        elif scheme == "sqlite":
            config["NAME"] = str(base / config["NAME"])
        return config


def split_words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def is_base_url(address: str) -> bool:
    try:
        parts = urlsplit(address)
        port_is_sound = parts.port != 0
    except ValueError:
        return False
    plain = not (parts.path or parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in {"http", "https"} and bool(parts.hostname) and plain and port_is_sound


def is_issuer(address: str) -> bool:
    """OpenID Connect Discovery 1.0, section 3: a URL with scheme and host, maybe port and path, and nothing else."""
    parts = urlsplit(address)
    return not (parts.query or parts.fragment or "?" in address or "#" in address) and is_base_url(
        f"{parts.scheme}://{parts.netloc}"
    )
