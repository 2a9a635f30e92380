"""Answers and callbacks that are wrong, one detail each, beside the words of which the log line's ``reason`` must be one."""

import json

import token_forge
from misbehaving import (
    GONE,
    HTML,
    MARK,
    NESTED,
    WORDS,
    answer,
    callback,
    claims,
    compressed,
    cut_short,
    discovery,
    instead,
    padded,
    redirected,
    refused,
    resigned,
    rewritten,
    table,
    tokens,
    twice,
)  # fmt: skip

BROKEN = frozenset({503})
ENDPOINTS = "discovery_authorization_endpoint discovery_token_endpoint discovery_jwks_uri"

table("no_id_token token_shape token_payload", {
    "no id_token": tokens(id_token=GONE),
    "id_token is null": tokens(id_token=None),
    "id_token is empty": tokens(id_token=""),
    "id_token is a number": tokens(id_token=7),
    "id_token is a list": rewritten("tokens", lambda plan: plan | {"id_token": [plan["id_token"]]}),
    "id_token as a JSON object": rewritten("id_token", lambda text: dict(
        zip(("protected", "payload", "signature"), text.split("."), strict=True)
    )),
    "id_token without its dots": rewritten("id_token", lambda text: text.replace(".", "")),
    "id_token of two parts": rewritten("id_token", lambda text: text.rsplit(".", 1)[0]),
    "id_token of four parts": rewritten("id_token", lambda text: f"{text}.e30"),
    "id_token encrypted, of five parts": instead("id_token", "eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn"),
    "id_token is nothing but dots": instead("id_token", ".."),
    "id_token in other letters": instead("id_token", "é.é.é"),
    "header is no JSON": resigned(lambda _: b"{", part=0),
    "header is a list": resigned(lambda _: b'["RS256"]', part=0),
    "header is text of no encoding": resigned(lambda _: b"\xff\xfe", part=0),
    "header is nested deep": resigned(lambda _: NESTED, part=0),
    "claims are no JSON": resigned(lambda _: b"{", part=1),
    "claims are a list": resigned(lambda _: b"[]", part=1),
    "claims are a word": resigned(lambda _: b'"subject-of-alice"', part=1),
    "claims are null": resigned(lambda _: b"null", part=1),
    "claims are text of no encoding": resigned(lambda raw: raw.replace(b"Alice", b"\xff\xfe"), part=1),
    "claims are nested deep": resigned(lambda raw: raw[:-1] + b',"x":' + NESTED + b"}", part=1),
    "a number of 5000 digits": resigned(lambda raw: raw[:-1] + b',"exp":' + b"9" * 5000 + b"}", part=1),
})  # fmt: skip
table("no_access_token access_token token_type", {
    "no access token": tokens(access_token=GONE),
    "access token is null": tokens(access_token=None),
    "access token is empty": tokens(access_token=""),
    "access token is a number": tokens(access_token=7),
    "access token is an object": tokens(access_token={"token": 7}),
    "access token with a header of its own": tokens(access_token="one\r\nX-Forged: yes") | claims(at_hash=GONE),
    "access token in other letters": tokens(access_token="één €") | claims(at_hash=GONE),
    "token type is missing": tokens(token_type=GONE),
    "token type is mac": tokens(token_type="mac"),
    "token type is null": tokens(token_type=None),
    "token type is a list": tokens(token_type=["Bearer"]),
})  # fmt: skip

for stage, what in {"discovery": "discovery", "keys": "keys", "tokens": "token", "userinfo": "userinfo"}.items():
    table(f"{what}_status", {
        f"{stage}: 500": answer(stage, status=500, body=WORDS.encode()),
        f"{stage}: 500 around an honest body": answer(stage, status=500),
        f"{stage}: 404": answer(stage, status=404, body=HTML, content_type="text/html"),
        f"{stage}: 201": answer(stage, status=201),
        f"{stage}: 204": answer(stage, status=204, body=b""),
        f"{stage}: redirect": redirected(stage, status=302),
        f"{stage}: redirect that keeps the method": redirected(stage, status=307),
        f"{stage}: redirect for good": redirected(stage, status=308),
    }, statuses=BROKEN)  # fmt: skip
    table(f"{what}_not_json", {
        f"{stage}: HTML": answer(stage, body=HTML, content_type="text/html"),
        f"{stage}: nothing": answer(stage, body=b""),
        f"{stage}: no encoding": answer(stage, body=b'{"x": "\xff\xfe"}'),
        f"{stage}: nested deep": answer(stage, body=NESTED),
        f"{stage}: cut short": cut_short(stage),
    }, statuses=BROKEN)  # fmt: skip
    table(f"{what}_not_an_object", {
        f"{stage}: null": answer(stage, body=b"null"),
        f"{stage}: a list": answer(stage, body=b"[]"),
        f"{stage}: a word": answer(stage, body=json.dumps(WORDS).encode()),
    }, statuses=BROKEN)  # fmt: skip
    table(f"{what}_too_large {what}_encoding {what}_connection {what}_deadline", {
        f"{stage}: 1 MB": padded(stage, megabytes=1),
        f"{stage}: 5 MB": padded(stage, megabytes=5),
        f"{stage}: compressed": compressed(stage),
        f"{stage}: compressed a thousandfold": compressed(stage, a_thousandfold=True),
        f"{stage}: another protocol": answer(stage, body=b"SSH-2.0-OpenSSH_9.2\r\n", raw=True),
        f"{stage}: closed": answer(stage, body=b"", raw=True),
    }, statuses=BROKEN)  # fmt: skip
    table(f"{what}_deadline", {
        f"{stage}: never": answer(stage, silent=True),
        f"{stage}: one byte at a time": answer(stage, drip=0.1),
        f"{stage}: one byte of the header at a time": answer(stage, drip=0.1, drip_head=True),
    }, statuses=BROKEN, slow=True)  # fmt: skip
table("token_too_large", {"id_token of a megabyte": instead("id_token", f"e30.{'A' * 900_000}.e30")}, statuses=BROKEN)
table("userinfo_refused userinfo_not_json", {
    "userinfo: 401": answer("userinfo", status=401, body=b"{}"),
    "userinfo: signed": {"userinfo_answer": lambda plan, provider: answer(
        "userinfo", content_type="application/jwt",
        body=token_forge.compact(header={"alg": "RS256"}, claims=provider.person, signing=provider.signing).encode(),
    )["userinfo_answer"](plan, provider)},
})  # fmt: skip
DENIED = json.dumps({"error": "invalid_grant", "error_description": WORDS}).encode()
table("token_invalid_grant token_invalid_client token_refused token_type", {
    "tokens: invalid_grant": answer("tokens", status=400, body=DENIED),
    "tokens: invalid_grant with 200": answer("tokens", body=DENIED),
    "tokens: invalid_client": answer("tokens", status=401, body=b'{"error": "invalid_client"}'),
    "tokens: an error that is an object": answer("tokens", status=400, body=b'{"error": {"x": []}}'),
    "tokens: an error beside good tokens": tokens(error="server_error", error_description=WORDS),
})  # fmt: skip

table(f"discovery_issuer {ENDPOINTS}", {
    "discovery of another issuer": discovery(issuer="https://idp.example.com"),
    "discovery's issuer with a slash": discovery(issuer=lambda provider: f"{provider.issuer}/"),
    "discovery without issuer": discovery(issuer=GONE),
    "discovery's issuer is a list": discovery(issuer=lambda provider: [provider.issuer]),
    **{
        f"discovery: {name} is {kind}": discovery(**{name: value})
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        for kind, value in {
            "missing": GONE, "null": None, "empty": "", "a number": 7, "a list": ["https://idp.example.com"],
            "javascript": f"javascript:alert('{MARK}')", "a file": "file:///etc/passwd", "data": "data:,{}",
            "a path": "/authorize", "without a host": "http:///authorize", "with a line end": "http://a/\r\nX: y",
        }.items()
    },
}, statuses=BROKEN)  # fmt: skip
table("unknown_key signature", {
    "no keys": instead("keys", {"keys": []}),
    "keys are missing": instead("keys", {}),
    "keys are an object": instead("keys", {"keys": {"rsa": 1}}),
    "keys are words": instead("keys", {"keys": ["rsa", 7, None]}),
    "keys of types that are none": instead("keys", {"keys": [{"kty": kind} for kind in ([], {}, 7, None, "")]}),
    "keys whose use is none": instead("keys", {"keys": [token_forge.published("rsa", use=[], key_ops=7)]}),
    "keys of broken numbers": instead("keys", {"keys": [token_forge.published("rsa", n="!!!", e="é")]}),
    "keys without numbers": instead("keys", {"keys": [token_forge.published("rsa", n=None)]}),
    "keys of another": instead("keys", {"keys": [token_forge.published("stranger", kid="rsa")]}),
    "only the EC key": instead("keys", {"keys": [token_forge.published("ec")]}),
})  # fmt: skip

table("no_attempt", {
    "state is missing": callback(without="state"),
    "state is empty": callback(state=""),
    "state is another": callback(state="another"),
    "state in capitals": rewritten(
        "callback", lambda pairs: [(name, value.swapcase() if name == "state" else value) for name, value in pairs]
    ),
    "state in other letters": callback(state="é€"),
    "state with NUL": callback(state="\0"),
    "state of 100 000 characters": callback(state="s" * 100_000),
})  # fmt: skip
table("no_code", {
    "code is missing": callback(without="code"),
    "code is empty": callback(code=""),
})  # fmt: skip
table("token_invalid_grant", {
    "code is another": callback(code="another"),
    "code with NUL": callback(code="a\0b"),
    "code in other letters": callback(code="é€"),
})  # fmt: skip
table("no_iss iss", {
    "iss parameter is missing": callback(without="iss"),
    "iss parameter is empty": callback(iss=""),
    "iss parameter of another": callback(iss="https://idp.example.com"),
    "iss parameter with a slash": callback(iss=lambda provider: f"{provider.issuer}/"),
    "iss parameter of another, not promised": callback(iss="https://idp.example.com")
    | discovery(authorization_response_iss_parameter_supported=GONE),
})  # fmt: skip
table("repeated_parameter no_attempt", {
    "code twice": twice("code", "another"),
    "the same code twice": twice("code"),
    "state twice": twice("state", "another"),
    "the same state twice": twice("state"),
    "iss twice": twice("iss", "https://idp.example.com"),
    "the same iss twice": twice("iss"),
})  # fmt: skip
table("provider_access_denied provider_error provider_server_error", {
    "access denied": refused("access_denied"),
    "access denied in hostile words": refused("access_denied", error_description=WORDS, error_uri="javascript:alert(1)"),
    "login required": refused("login_required"),
    "server error": refused("server_error", error_description=WORDS),
    "an error of markup": refused(WORDS),
    "an error of line ends": refused("access_denied\r\nlevel: CRITICAL"),
    "an empty error": refused(""),
    "an error beside a good code": callback(more=(("error", "access_denied"), ("error_description", WORDS))),
})  # fmt: skip
