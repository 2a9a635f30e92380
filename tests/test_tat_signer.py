"""The signer, step by step, against the vendor's vectors and, by hypothesis, against the vendor's own SDK."""

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from tencentcloud.common.credential import Credential
from tencentcloud.common.sign import Sign
from tencentcloud.tat.v20201028.tat_client import TatClient as SdkClient

from registercodes.tat import Credentials, signer

VECTORS = json.loads((Path(__file__).parent / "tc3-vectors.json").read_text())
PUBLISHED = VECTORS["published"]
OURS = VECTORS["tat_create_register_code"]
CASES = [(vector, name) for vector in OURS for name in vector if isinstance(vector[name], dict) and name != "input"]


def by_name(vector):
    return vector["name"]


def headers_of(asked, *, content_type, signed_headers):
    known = {"content-type": content_type, "host": asked["host"], "x-tc-action": asked["action"]}
    return {name: known[name] for name in signed_headers.split(";")}


def sign(asked, *, headers, payload):
    """All four steps, as a dict to compare with a vector."""
    canonical = signer.canonical_request(headers=headers, payload=payload)
    text = signer.string_to_sign(canonical=canonical, timestamp=asked["timestamp"], service=asked["service"])
    date = signer.utc_date(asked["timestamp"])
    key = signer.derive_key(secret_key=asked["secret_key"], date=date, service=asked["service"])
    return {
        "canonical_request": canonical,
        "canonical_request_sha256": hashlib.sha256(canonical.encode()).hexdigest(),
        "string_to_sign": text,
        "signed_headers": signer.signed_names(headers),
        "signature": signer.signature(key=key, text=text),
        "authorization": signer.authorization(
            credentials=Credentials(asked["secret_id"], asked["secret_key"]),
            service=asked["service"],
            timestamp=asked["timestamp"],
            headers=headers,
            payload=payload,
        ),
    }


@pytest.mark.parametrize("vector", PUBLISHED, ids=by_name)
def test_every_step_matches_the_published_vector(vector):
    asked = vector["input"]
    headers = headers_of(asked, content_type=asked["content_type"], signed_headers=vector["signed_headers"])
    found = sign(asked, headers=headers, payload=asked["payload"].encode())
    assert hashlib.sha256(asked["payload"].encode()).hexdigest() == vector["payload_sha256"]
    assert found == {name: vector[name] for name in found}


@pytest.mark.parametrize("vector", PUBLISHED, ids=by_name)
def test_derived_keys_match_the_published_vector(vector):
    asked = vector["input"]
    keys = signer.derive_keys(
        secret_key=asked["secret_key"], date=signer.utc_date(asked["timestamp"]), service=asked["service"]
    )
    assert [key.hex() for key in keys] == list(vector["derived_keys_hex"].values())


@pytest.mark.parametrize("vector", OURS, ids=by_name)
def test_every_step_matches_the_request_the_sdk_made(vector):
    asked, expected = vector["input"], vector["sdk_request"]
    headers = headers_of(asked, content_type=expected["content_type"], signed_headers=expected["signed_headers"])
    found = sign(asked, headers=headers, payload=expected["body"].encode())
    assert hashlib.sha256(expected["body"].encode()).hexdigest() == expected["body_sha256"]
    assert signer.utc_date(asked["timestamp"]) == expected["utc_date"]
    assert found == {name: expected[name] for name in found}


@pytest.mark.parametrize("vector", OURS, ids=by_name)
def test_the_same_body_with_the_action_signed_matches_the_second_implementation(vector):
    asked, expected = vector["input"], vector["same_body_signed_with_action_header"]
    sent = vector["sdk_request"]
    headers = headers_of(asked, content_type=sent["content_type"], signed_headers=expected["signed_headers"])
    found = sign(asked, headers=headers, payload=sent["body"].encode())
    compared = ("signed_headers", "canonical_request_sha256", "signature")
    assert {name: found[name] for name in compared} == {name: expected[name] for name in compared}


@pytest.mark.parametrize("vector", OURS, ids=by_name)
def test_a_raw_utf8_body_matches_the_sdks_signing_function(vector):
    asked, expected = vector["input"], vector["raw_utf8_compact_body"]
    payload = bytes.fromhex(expected["body_bytes_hex"])
    headers = headers_of(asked, content_type=expected["content_type"], signed_headers=expected["signed_headers"])
    found = sign(asked, headers=headers, payload=payload)
    assert payload == expected["body"].encode()
    assert hashlib.sha256(payload).hexdigest() == expected["body_sha256"]
    assert found["canonical_request_sha256"] == expected["canonical_request_sha256"]
    assert found["signature"] == expected["signature"]


def test_every_vector_of_the_file_was_looked_at():
    assert {name for _, name in CASES} == {
        "sdk_request",
        "same_body_signed_with_action_header",
        "raw_utf8_compact_body",
    }
    assert (len(PUBLISHED), len(OURS)) == (2, 4)


@pytest.mark.parametrize("vector", OURS, ids=by_name)
def test_the_auth_class_signs_a_requests_request_like_the_second_implementation(vector):
    asked, sent = vector["input"], vector["sdk_request"]
    request = requests.Request(
        "POST",
        f"https://{asked['host']}/",
        data=sent["body"],
        headers={"Content-Type": sent["content_type"], "X-TC-Action": asked["action"]},
        auth=signer.TC3Auth(
            credentials=Credentials(asked["secret_id"], asked["secret_key"], asked["token"] or ""),
            clock=lambda: asked["timestamp"] + 0.9,
        ),
    ).prepare()
    assert request.headers["Authorization"].endswith(vector["same_body_signed_with_action_header"]["signature"])
    assert request.headers["X-TC-Timestamp"] == str(asked["timestamp"])
    assert request.headers.get("X-TC-Token") == asked["token"]
    assert request.headers["Host"] == asked["host"]


@given(
    secret_key=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64),
    timestamp=st.integers(0, 4_102_444_800),
    service=st.from_regex(r"[a-z]{1,12}", fullmatch=True),
    text=st.text(st.characters(exclude_categories=("Cs",)), max_size=300),
)
def test_signature_equals_the_sdks_for_any_text(secret_key, timestamp, service, text):
    date = signer.utc_date(timestamp)
    ours = signer.signature(key=signer.derive_key(secret_key=secret_key, date=date, service=service), text=text)
    assert ours == Sign.sign_tc3(secret_key, date, service, text)


@settings(max_examples=60)
@given(
    body=st.dictionaries(st.text(max_size=10), st.text(max_size=40) | st.integers(), max_size=6).map(
        lambda found: json.dumps(found).encode()
    ),
    content_type=st.sampled_from(["application/json", "application/json; charset=utf-8", "application/octet-stream"]),
    host=st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z]{2,8}){1,3}(:[1-9][0-9]{1,3})?", fullmatch=True),
    timestamp=st.integers(0, 4_102_444_800),
)
def test_whole_signature_equals_the_sdk_clients(body, content_type, host, timestamp):
    request = SimpleNamespace(
        method="POST",
        uri="/",
        data=body,
        header={"Content-Type": content_type, "Host": host, "X-TC-Timestamp": str(timestamp)},
    )
    sdk = SdkClient(Credential("AKIDEXAMPLE", "key"), "ap-singapore")
    date = signer.utc_date(timestamp)
    theirs = sdk._get_tc3_signature({}, request, date, "tat", "key")
    ours = signer.authorization(
        credentials=Credentials("AKIDEXAMPLE", "key"),
        service="tat",
        timestamp=timestamp,
        headers={"Content-Type": content_type, "Host": host},
        payload=body,
    )
    assert ours.rpartition("Signature=")[2] == theirs


@given(
    headers=st.dictionaries(
        st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
        min_size=1,
        max_size=6,
    ).filter(lambda found: len({name.lower() for name in found}) == len(found))
)
def test_any_set_of_headers_is_signed_sorted_trimmed_and_in_lower_case(headers):
    lines = signer.canonical_request(headers=headers, payload=b"").split("\n")
    block, names = lines[3:-3], lines[-2]
    assert lines[-3] == ""
    assert names == ";".join(sorted(name.lower() for name in headers))
    assert [line.partition(":")[0] for line in block] == names.split(";")
    assert all(line == line.lower() and line.partition(":")[2] == line.partition(":")[2].strip() for line in block)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://tat.intl.tencentcloudapi.com", "tat.intl.tencentcloudapi.com"),
        ("https://TAT.intl.tencentcloudapi.com:443/", "tat.intl.tencentcloudapi.com"),
        ("https://gateway:8443/", "gateway:8443"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://127.0.0.1:8765", "127.0.0.1:8765"),
        ("http://[::1]:8765", "[::1]:8765"),
    ],
)
def test_host_carries_the_port_only_when_it_is_not_the_schemes_own(url, host):
    assert signer.host_header(url) == host


def test_the_date_is_never_the_local_one(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    assert signer.utc_date(1551113065) == "2019-02-25"


def test_a_body_of_unknown_bytes_is_never_signed():
    auth = signer.TC3Auth(credentials=Credentials("AKIDEXAMPLE", "key"), clock=lambda: 0)
    request = requests.Request("POST", "https://host/", data=(part for part in [b"a"])).prepare()
    request.headers.update({"Content-Type": "application/json", "X-TC-Action": "A"})
    with pytest.raises(TypeError):
        auth(request)


def test_the_payload_is_hashed_as_bytes_and_never_lower_cased():
    upper = signer.canonical_request(headers={"host": "h"}, payload=b"ABC")
    lower = signer.canonical_request(headers={"host": "h"}, payload=b"abc")
    assert upper != lower
