"""The sandbox's own verifier agrees with the vendor's vectors, and says no with the vendor's codes."""

import json
from pathlib import Path

import pytest
from sandbox_callers import call, send, sha256, signed_headers
from sandbox_process import Sandbox

from registercodes.sandbox import signature
from registercodes.sandbox.errors import ApiError
from registercodes.sandbox.signature import Credentials, Request, canonical_request, string_to_sign, verify

VECTORS = json.loads((Path(__file__).parent / "tc3-vectors.json").read_text())
PUBLISHED = [pytest.param(vector, id=vector["name"]) for vector in VECTORS["published"]]
OWN = [pytest.param(vector, id=vector["name"]) for vector in VECTORS["tat_create_register_code"]]


def request_of(vector: dict, *, content_type: str, body: bytes, authorization: str) -> Request:
    headers = {
        "content-type": content_type,
        "host": vector["input"]["host"],
        "x-tc-action": vector["input"]["action"],
        "x-tc-timestamp": str(vector["input"]["timestamp"]),
        "x-tc-token": vector["input"].get("token") or "",
        "authorization": authorization,
    }
    return Request(headers=headers, body=body)


def verify_vector(vector: dict, request: Request) -> None:
    credentials = Credentials(vector["input"]["secret_id"], vector["input"]["secret_key"])
    verify(request, credentials=credentials, now=vector["input"]["timestamp"], service=vector["input"]["service"])


def authorization_of(vector: dict, names: str, signed: str) -> str:
    scope = f"{signature.utc_date(vector['input']['timestamp'])}/{vector['input']['service']}/tc3_request"
    credential = f"Credential={vector['input']['secret_id']}/{scope}"
    return f"TC3-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signed}"


@pytest.mark.parametrize("vector", PUBLISHED)
def test_every_step_of_a_published_vector_is_reached(vector: dict) -> None:
    payload = vector["input"]["payload"].encode()
    request = request_of(
        vector, content_type=vector["input"]["content_type"], body=payload, authorization=vector["authorization"]
    )
    canonical = canonical_request(request, vector["signed_headers"].split(";"), host=request.header("host"))
    scope = vector["string_to_sign"].split("\n")[2]
    date, service, _ = scope.split("/")

    assert canonical == vector["canonical_request"]
    assert sha256(canonical) == vector["canonical_request_sha256"]
    text = string_to_sign(canonical, timestamp=vector["input"]["timestamp"], scope=scope)
    assert text == vector["string_to_sign"]
    key = signature.signing_key(vector["input"]["secret_key"], date=date, service=service)
    assert key.hex() == vector["derived_keys_hex"]["secret_signing"]
    assert signature.sign(text, key=key) == vector["signature"]
    verify_vector(vector, request)


@pytest.mark.parametrize("vector", OWN)
def test_what_the_official_client_signed_verifies(vector: dict) -> None:
    sent = vector["sdk_request"]
    request = request_of(
        vector, content_type=sent["content_type"], body=sent["body"].encode(), authorization=sent["authorization"]
    )

    verify_vector(vector, request)


@pytest.mark.parametrize("vector", OWN)
def test_a_signed_action_header_verifies_too(vector: dict) -> None:
    sent, signed = vector["sdk_request"], vector["same_body_signed_with_action_header"]
    authorization = authorization_of(vector, signed["signed_headers"], signed["signature"])
    request = request_of(
        vector, content_type=sent["content_type"], body=sent["body"].encode(), authorization=authorization
    )

    verify_vector(vector, request)


@pytest.mark.parametrize("vector", OWN)
def test_raw_utf_8_with_a_charset_verifies(vector: dict) -> None:
    sent = vector["raw_utf8_compact_body"]
    authorization = authorization_of(vector, sent["signed_headers"], sent["signature"])
    body = bytes.fromhex(sent["body_bytes_hex"])

    verify_vector(
        vector, request_of(vector, content_type=sent["content_type"], body=body, authorization=authorization)
    )


@pytest.mark.parametrize(
    ("difference", "error"),
    [(300, ""), (-300, ""), (301, "AuthFailure.SignatureExpire"), (-301, "AuthFailure.SignatureExpire")],
)
def test_a_signature_is_good_for_five_minutes_either_way(difference: int, error: str) -> None:
    vector = VECTORS["tat_create_register_code"][0]
    sent = vector["sdk_request"]
    request = request_of(
        vector, content_type=sent["content_type"], body=sent["body"].encode(), authorization=sent["authorization"]
    )
    credentials = Credentials(vector["input"]["secret_id"], vector["input"]["secret_key"])
    now = vector["input"]["timestamp"] + difference

    if not error:
        verify(request, credentials=credentials, now=now)
        return
    with pytest.raises(ApiError, match=error):
        verify(request, credentials=credentials, now=now)


@pytest.mark.parametrize(
    "names",
    [
        "content-type;host",
        "content-type;host;x-tc-action",
        "content-type;host;x-tc-action;x-tc-region;x-tc-timestamp;x-tc-version",
    ],
)
def test_any_list_with_content_type_and_host_may_be_signed(sandbox: Sandbox, names: str) -> None:
    assert call(sandbox, names=names).error == ""


def test_the_host_may_be_signed_without_its_port(sandbox: Sandbox) -> None:
    headers = {**signed_headers(sandbox, b"{}", host="127.0.0.1"), "host": sandbox.endpoint}

    assert send(sandbox, "POST", "/", b"{}", **headers).error == ""


def test_an_unsigned_payload_is_accepted_when_announced(sandbox: Sandbox) -> None:
    assert call(sandbox, x_tc_content_sha256="UNSIGNED-PAYLOAD").error == ""


def test_a_required_token_must_be_the_right_one(tmp_path: Path) -> None:
    with Sandbox(tmp_path, token="right-token") as sandbox:
        assert call(sandbox, x_tc_token="right-token").error == ""
        assert call(sandbox, x_tc_token="other-token").error == "AuthFailure.TokenFailure"
        assert call(sandbox).error == "AuthFailure.TokenFailure"


def test_a_rotated_key_is_the_only_one_from_then_on(sandbox: Sandbox) -> None:
    sandbox.rotate_credentials(secret_id="AKIDsandboxSecond")
    assert call(sandbox).error == ""

    sandbox.secret_id = "AKIDsandboxNotARealSecretId"
    assert call(sandbox).error == "AuthFailure.SecretIdNotFound"


def test_clocks_that_differ_are_named_as_that(sandbox: Sandbox) -> None:
    sandbox.skew_signatures(400)
    assert call(sandbox).error == "AuthFailure.SignatureExpire"

    sandbox.skew_signatures(0)
    assert call(sandbox).error == ""


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"authorization": "SKIP"}, "AuthFailure.InvalidAuthorization"),
        ({"authorization": "TC3-HMAC-SHA256 Credential=a/b, Signature=c"}, "AuthFailure.InvalidAuthorization"),
        ({"names": "host;x-tc-action"}, "AuthFailure.InvalidAuthorization"),
        ({"names": "host;content-type"}, "AuthFailure.InvalidAuthorization"),
        ({"x_tc_version": ""}, "MissingParameter"),
        ({"x_tc_region": ""}, "MissingParameter"),
    ],
)
def test_a_malformed_request_is_named_by_its_code(sandbox: Sandbox, changed: dict, error: str) -> None:
    assert call(sandbox, **changed).error == error


@pytest.mark.parametrize(("timestamp", "error"), [("", "MissingParameter"), ("1e9", "InvalidParameter")])
def test_the_timestamp_must_be_a_whole_number(sandbox: Sandbox, timestamp: str, error: str) -> None:
    headers = {**signed_headers(sandbox, b"{}"), "x-tc-timestamp": timestamp}

    assert send(sandbox, "POST", "/", b"{}", **headers).error == error


def test_nothing_that_differs_from_what_was_signed_passes(sandbox: Sandbox) -> None:
    body = b'{"RegisterLimit": 1}'
    headers = signed_headers(sandbox, body)
    tampered = [
        (b'{"RegisterLimit": 9}', headers),
        (body, {**headers, "content-type": "application/json; charset=utf-8"}),
        (body, {**headers, "x-tc-action": "DescribeRegions"}),
        (body, {**headers, "x-tc-timestamp": str(int(headers["x-tc-timestamp"]) + 1)}),
    ]

    for sent, sent_headers in tampered:
        assert send(sandbox, "POST", "/", sent, **sent_headers).error == "AuthFailure.SignatureFailure"
    assert sandbox.codes() == []
