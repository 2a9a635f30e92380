"""Two ways to call a sandbox in its own tests: the vendor's SDK, and one raw signed request with every knob."""

import hashlib
import http.client
import json
import time
from dataclasses import dataclass

from sandbox_process import CREATE, Sandbox
from tencentcloud.common.credential import Credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.tat.v20201028.tat_client import TatClient

from registercodes.sandbox.signature import Request, canonical_request, sign, signing_key, string_to_sign, utc_date

REGION = "ap-singapore"


def sdk(sandbox: Sandbox, *, region: str = REGION, timeout: int = 60, language: str = "en-US") -> TatClient:
    http_profile = HttpProfile(protocol="http", endpoint=sandbox.endpoint, reqTimeout=timeout)
    profile = ClientProfile(httpProfile=http_profile, language=language)
    return TatClient(Credential(sandbox.secret_id, sandbox.secret_key, sandbox.token or None), region, profile)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def response(self) -> dict:
        return json.loads(self.body)["Response"]

    @property
    def error(self) -> str:
        return self.response.get("Error", {}).get("Code", "")


def signed_headers(
    sandbox: Sandbox,
    body: bytes,
    *,
    action: str = CREATE,
    names: str = "content-type;host;x-tc-action",
    **changed: str,
) -> dict[str, str]:
    """`changed` replaces a header before signing; underscores stand for dashes; "" removes it."""
    timestamp = int(changed.get("x_tc_timestamp") or time.time())
    headers = {
        "content-type": "application/json",
        "host": sandbox.endpoint,
        "x-tc-action": action,
        "x-tc-version": "2020-10-28",
        "x-tc-region": REGION,
        "x-tc-timestamp": str(timestamp),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    headers = {name: value for name, value in headers.items() if value}
    scope = f"{utc_date(timestamp)}/tat/tc3_request"
    canonical = canonical_request(Request(headers=headers, body=body), names.split(";"), host=headers["host"])
    key = signing_key(sandbox.secret_key, date=utc_date(timestamp), service="tat")
    signature = sign(string_to_sign(canonical, timestamp=timestamp, scope=scope), key=key)
    credential = f"Credential={sandbox.secret_id}/{scope}"
    headers.setdefault("authorization", f"TC3-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}")
    return headers


def send(sandbox: Sandbox, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def call(sandbox: Sandbox, action: str = CREATE, parameters: object = None, **changed: str) -> Answer:
    body = parameters if isinstance(parameters, bytes) else json.dumps(parameters or {}).encode()
    return send(sandbox, "POST", "/", body, **signed_headers(sandbox, body, action=action, **changed))


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
