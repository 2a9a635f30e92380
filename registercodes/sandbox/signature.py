"""Whether a request was signed with the configured key: the sandbox's own reading of TC3-HMAC-SHA256."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from registercodes.sandbox import SECRET_ID, SECRET_KEY, SERVICE
from registercodes.sandbox.errors import ApiError

ALGORITHM = "TC3-HMAC-SHA256"
TOLERANCE_SECONDS = 300
UNSIGNED = "UNSIGNED-PAYLOAD"
REQUIRED_HEADERS = {"content-type", "host"}

AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<secret_id>[^/,\s]+)/(?P<date>\d{4}-\d\d-\d\d)/(?P<service>[a-z0-9]+)/tc3_request"
    r", ?SignedHeaders=(?P<signed_headers>[a-z0-9;-]+), ?Signature=(?P<signature>[0-9a-f]{64})",
    re.ASCII,
)


@dataclass(frozen=True)
class Credentials:
    secret_id: str = SECRET_ID
    secret_key: str = field(default=SECRET_KEY, repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class Request:
    """What arrived: header names in lower case, the body's exact bytes."""

    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"
    path: str = "/"
    query: str = ""

    def header(self, name: str) -> str:
        return self.headers.get(name, "")


def verify(request: Request, *, credentials: Credentials, now: float, service: str = SERVICE) -> None:
    """Return when the signature is good, raise ApiError with the vendor's code when not."""
    timestamp = _timestamp(request)
    claim = _claim(request.header("authorization"), service=service)
    if not _equal(claim["secret_id"], credentials.secret_id):
        raise ApiError("AuthFailure.SecretIdNotFound")
    if abs(now - timestamp) > TOLERANCE_SECONDS:
        raise ApiError("AuthFailure.SignatureExpire")
    if credentials.token and not _equal(request.header("x-tc-token"), credentials.token):
        raise ApiError("AuthFailure.TokenFailure")
    if not _matches(request, claim, timestamp=timestamp, secret_key=credentials.secret_key):
        raise ApiError("AuthFailure.SignatureFailure")


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())


def _timestamp(request: Request) -> int:
    text = request.header("x-tc-timestamp")
    if not text:
        raise ApiError("MissingParameter", "Timestamp")
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ApiError("InvalidParameter", "Timestamp")
    return int(text)


def _claim(authorization: str, *, service: str) -> dict[str, str]:
    found = AUTHORIZATION.fullmatch(authorization)
    if not found:
        raise ApiError("AuthFailure.InvalidAuthorization", "its form is wrong")
    names = found["signed_headers"].split(";")
    if names != sorted(set(names)) or not REQUIRED_HEADERS.issubset(names):
        raise ApiError("AuthFailure.InvalidAuthorization", "SignedHeaders must be sorted, with content-type and host")
    if found["service"] != service:
        raise ApiError("AuthFailure.InvalidAuthorization", "the service in the scope is wrong")
    return found.groupdict()


def _matches(request: Request, claim: Mapping[str, str], *, timestamp: int, secret_key: str) -> bool:
    names = claim["signed_headers"].split(";")
    if claim["date"] != utc_date(timestamp) or any(name not in request.headers for name in names):
        return False
    return any(
        _equal(
            sign(
                string_to_sign(canonical_request(request, names, host=host), timestamp=timestamp, scope=_scope(claim)),
                key=signing_key(secret_key, date=claim["date"], service=claim["service"]),
            ),
            claim["signature"],
        )
        for host in host_forms(request.header("host"))
    )


def _scope(claim: Mapping[str, str]) -> str:
    return f"{claim['date']}/{claim['service']}/tc3_request"


def host_forms(host: str) -> list[str]:
    """As sent, and without the port: some clients sign the bare name."""
    bare = re.sub(r":\d+$", "", host)
    return [host] if bare == host else [host, bare]


def canonical_request(request: Request, names: list[str], *, host: str) -> str:
    values = {**request.headers, "host": host}
    headers = "".join(f"{name}:{values[name].strip().lower()}\n" for name in names)
    parts = [request.method, request.path, request.query, headers, ";".join(names), _payload_hash(request)]
    return "\n".join(parts)


def _payload_hash(request: Request) -> str:
    unsigned = request.header("x-tc-content-sha256") == UNSIGNED
    return hashlib.sha256(UNSIGNED.encode() if unsigned else request.body).hexdigest()


def string_to_sign(canonical: str, *, timestamp: int, scope: str) -> str:
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"


def signing_key(secret_key: str, *, date: str, service: str) -> bytes:
    key = ("TC3" + secret_key).encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def sign(text: str, *, key: bytes) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()


def utc_date(timestamp: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(timestamp))
