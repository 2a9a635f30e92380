"""Decides how a request is signed (TC3-HMAC-SHA256); pure but for TC3Auth, reads no clock or setting, logs nothing.

Four steps, each alone against the vendor's vectors in tests/tc3-vectors.json.
Source: https://www.tencentcloud.com/document/api, "Signature Method v3".
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from requests import PreparedRequest
from requests.auth import AuthBase

from registercodes.tat.credentials import Credentials

ALGORITHM: Final = "TC3-HMAC-SHA256"
TERMINATOR: Final = "tc3_request"
# content-type and host are the required minimum; signing the action keeps a signed create from being any other action.
SIGNED_HEADERS: Final = ("content-type", "host", "x-tc-action")
DEFAULT_PORTS: Final = {"http": 80, "https": 443}


def canonical_request(
    *, headers: Mapping[str, str], payload: bytes, method: str = "POST", path: str = "/", query: str = ""
) -> str:
    """Step 1. ``headers`` are the ones to sign; values are trimmed and lower-cased as the published rule says."""
    signed = sorted((name.lower(), value.strip().lower()) for name, value in headers.items())
    block = "".join(f"{name}:{value}\n" for name, value in signed)
    return f"{method}\n{path}\n{query}\n{block}\n{signed_names(headers)}\n{hashlib.sha256(payload).hexdigest()}"


def signed_names(headers: Mapping[str, str]) -> str:
    return ";".join(sorted(name.lower() for name in headers))


def utc_date(timestamp: int) -> str:
    """The UTC date of the timestamp itself: a local date signs wrongly for part of every day."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")


def credential_scope(*, timestamp: int, service: str) -> str:
    return f"{utc_date(timestamp)}/{service}/{TERMINATOR}"


def string_to_sign(*, canonical: str, timestamp: int, service: str) -> str:
    """Step 2."""
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{credential_scope(timestamp=timestamp, service=service)}\n{digest}"


def derive_keys(*, secret_key: str, date: str, service: str) -> tuple[bytes, bytes, bytes]:
    """Step 3: the keys for the date, the service and the signing itself."""
    for_date = hmac.digest(f"TC3{secret_key}".encode(), date.encode(), "sha256")
    for_service = hmac.digest(for_date, service.encode(), "sha256")
    return for_date, for_service, hmac.digest(for_service, TERMINATOR.encode(), "sha256")


def derive_key(*, secret_key: str, date: str, service: str) -> bytes:
    return derive_keys(secret_key=secret_key, date=date, service=service)[-1]


def signature(*, key: bytes, text: str) -> str:
    """Step 4."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def authorization(
    *, credentials: Credentials, service: str, timestamp: int, headers: Mapping[str, str], payload: bytes
) -> str:
    """The whole Authorization header for a POST to ``/`` that signs exactly ``headers``."""
    canonical = canonical_request(headers=headers, payload=payload)
    key = derive_key(secret_key=credentials.secret_key, date=utc_date(timestamp), service=service)
    signed = signature(key=key, text=string_to_sign(canonical=canonical, timestamp=timestamp, service=service))
    scope = credential_scope(timestamp=timestamp, service=service)
    return (
        f"{ALGORITHM} Credential={credentials.secret_id}/{scope}, "
        f"SignedHeaders={signed_names(headers)}, Signature={signed}"
    )


def host_header(url: str) -> str:
    """The Host that goes on the wire and into the signature: the port only when it is not the scheme's own."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    if parts.port is None or parts.port == DEFAULT_PORTS.get(parts.scheme):
        return host
    return f"{host}:{parts.port}"


class TC3Auth(AuthBase):
    """Signs a prepared request with the clock's time; sets every header that depends on keys or time."""

    def __init__(self, *, credentials: Credentials, clock: Callable[[], float], service: str = "tat") -> None:
        self._credentials = credentials
        self._clock = clock
        self._service = service

    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        timestamp = int(self._clock())
        if "Host" not in r.headers:
            r.headers["Host"] = host_header(r.url or "")
        r.headers["X-TC-Timestamp"] = str(timestamp)
        if self._credentials.token:  # never signed, only carried
            r.headers["X-TC-Token"] = self._credentials.token
        r.headers["Authorization"] = authorization(
            credentials=self._credentials,
            service=self._service,
            timestamp=timestamp,
            headers={name: r.headers[name] for name in SIGNED_HEADERS},
            payload=_bytes_of(r.body),
        )
        return r


def _bytes_of(body: object) -> bytes:
    if isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    if body is None:
        return b""
    raise TypeError("only a body of known bytes can be signed")
