"""Decides which keys sign the next call; never shows, logs or stores them, and reads no environment by itself."""

import json
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import requests

from registercodes.tat.deadline import Exchange
from registercodes.tat.errors import TatError
from registercodes.tat.transport import PerProcess, Transport

METADATA_URL: Final = "http://metadata.tencentyun.com/latest/meta-data/cam/security-credentials/"
REFRESH_AHEAD: Final = 300.0  # seconds before the keys expire; the vendor's own margin
REFRESH_PAUSE: Final = 10.0  # seconds between attempts while the old keys still hold
METADATA_DEADLINE: Final = 3.0  # seconds; the address is on the machine's own link
SECRET_MAX: Final = 65_536  # bytes of a secret file
WORD: Final = re.compile(r"[\x21-\x7e]+")  # what a header may carry; http.client's complaint would quote the rest
ROLE: Final = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")


class CredentialsUnavailable(Exception):
    """No usable keys. The text names the variable or source, never what it contains."""


@dataclass(frozen=True, repr=False)
class Credentials:
    secret_id: str
    secret_key: str
    token: str = ""

    def __post_init__(self) -> None:
        bad = [name for name in ("secret_id", "secret_key") if not WORD.fullmatch(getattr(self, name))]
        if self.token and not WORD.fullmatch(self.token):
            bad.append("token")
        if bad:
            raise CredentialsUnavailable(f"{', '.join(bad)}: empty or not one word of printable ASCII")

    def __repr__(self) -> str:
        return "Credentials(withheld)"


class CredentialSource(Protocol):
    def current(self) -> Credentials:
        """The keys to sign with now, or CredentialsUnavailable."""

    def reload(self) -> bool:
        """Look again because the cloud refused them; True when they changed."""


class StaticCredentials:
    def __init__(self, *, secret_id: str, secret_key: str, token: str = "") -> None:
        self._credentials = Credentials(secret_id, secret_key, token)

    def current(self) -> Credentials:
        return self._credentials

    def reload(self) -> bool:
        return False


class FileCredentials:
    """Each part literal (str) or in a file (Path); files are read again when they change."""

    def __init__(
        self,
        *,
        secret_id: str | Path,
        secret_key: str | Path,
        token: str | Path = "",
        names: tuple[str, str, str] = (
            "TENCENTCLOUD_SECRET_ID_FILE",
            "TENCENTCLOUD_SECRET_KEY_FILE",
            "TENCENTCLOUD_TOKEN_FILE",
        ),
    ) -> None:
        self._parts = tuple(zip(names, (secret_id, secret_key, token), strict=True))
        self._known: tuple[object, Credentials] | None = None

    def current(self) -> Credentials:
        known, marks = self._known, self._marks()
        if known is None or known[0] != marks:
            known = self._known = self._read()
        return known[1]

    def reload(self) -> bool:
        old, self._known = self._known, None
        return self.current() != (old[1] if old else None)

    def _read(self) -> tuple[object, Credentials]:
        """Marks before and after must agree, or an id of one rotation is paired with a key of another."""
        for _ in range(3):
            marks = self._marks()
            words = [_word(part) for _, part in self._parts]
            if self._marks() == marks:
                break
        unusable = [name for (name, part), word in zip(self._parts, words, strict=True) if part and not word]
        if unusable:
            del words  # an error reporter shows the variables of this frame
            raise CredentialsUnavailable(f"{', '.join(unusable)}: no readable file with one word of printable ASCII")
        return marks, Credentials(*words)

    def _marks(self) -> object:
        return tuple(_mark(name, part) for name, part in self._parts if isinstance(part, Path))


def _mark(name: str, path: Path) -> object:
    try:
        found = os.stat(path)
    except OSError:
        raise CredentialsUnavailable(f"{name}: file cannot be read") from None
    return found.st_mtime_ns, found.st_ino, found.st_dev, found.st_size


def _word(part: str | Path) -> str:
    """The word a part stands for, empty when its file has none. Raises nothing: a traceback would show the file."""
    if isinstance(part, str):
        return part
    try:
        with part.open("rb") as file:
            word = file.read(SECRET_MAX).decode("ascii").strip()
    except (OSError, ValueError):
        return ""
    return word if WORD.fullmatch(word) else ""


class CvmRoleCredentials:
    """The temporary keys of the machine's role, refreshed ahead of their end by one thread at a time."""

    def __init__(
        self, *, role_name: str, metadata_url: str = METADATA_URL, clock: Callable[[], float] = time.time
    ) -> None:
        if not ROLE.fullmatch(role_name):
            raise CredentialsUnavailable("the CVM role's name is not a role name")
        self._url = metadata_url.rstrip("/") + "/" + role_name
        self._clock = clock
        self._transports = PerProcess(lambda: Transport(secure=False))
        self._locks: dict[int, threading.Lock] = {}  # by process: a lock held during a fork stays held in the child
        self._keys: tuple[Credentials, float] | None = None  # with the Unix time at which they end
        self._tried_at = float("-inf")

    def current(self) -> Credentials:
        keys = self._keys
        if keys is None or not self._holds(keys, margin=0):
            return self._refreshed(wait=True)
        if self._holds(keys, margin=REFRESH_AHEAD) or abs(self._clock() - self._tried_at) < REFRESH_PAUSE:
            return keys[0]
        return self._refreshed(wait=False)

    def reload(self) -> bool:
        old = self._keys
        lock = self._lock()
        with lock:
            if self._keys is old:
                self._fetch()
        return self._keys is not None and (old is None or self._keys[0] != old[0])

    def _holds(self, keys: tuple[Credentials, float] | None, *, margin: float) -> bool:
        return keys is not None and keys[1] - self._clock() > margin

    def _lock(self) -> threading.Lock:
        return self._locks.setdefault(os.getpid(), threading.Lock())

    def _refreshed(self, *, wait: bool) -> Credentials:
        lock = self._lock()
        if lock.acquire(blocking=wait):
            try:
                if not self._holds(self._keys, margin=REFRESH_AHEAD):
                    self._fetch()
            finally:
                lock.release()
        keys = self._keys
        if keys is None or not self._holds(keys, margin=0):
            raise CredentialsUnavailable("the metadata service gave no valid keys for the CVM role")
        return keys[0]

    def _fetch(self) -> None:
        """Replace the keys, or keep the old ones: they may still be good."""
        self._tried_at = self._clock()
        request = requests.Request("GET", self._url, headers={"Accept-Encoding": "identity"}).prepare()
        exchange = Exchange(deadline=time.monotonic() + METADATA_DEADLINE, connect_timeout=1.0)
        try:
            received = self._transports.current().send(request, exchange)
        except TatError:
            return
        if received.status == 200:
            self._keys = _keys_in(received.body) or self._keys


def _keys_in(body: bytes) -> tuple[Credentials, float] | None:
    try:
        found = json.loads(body)
        if found["Code"] != "Success":
            return None
        return Credentials(found["TmpSecretId"], found["TmpSecretKey"], found["Token"]), float(found["ExpiredTime"])
    except (ValueError, KeyError, TypeError, RecursionError, CredentialsUnavailable):
        return None
