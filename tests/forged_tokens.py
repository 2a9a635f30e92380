"""ID tokens that prove nothing, one flaw each, beside the words of which the log line's ``reason`` must be one."""

import json
import time
from typing import Any

import token_forge
from hostile_provider import CLIENT_ID
from misbehaving import (
    DAY,
    GONE,
    HOUR,
    SECRET,
    altered,
    claims,
    discovery,
    header,
    instead,
    now,
    person,
    public_pem,
    rewritten,
    signed,
    table,
    tokens,
    userinfo,
    with_shared_key,
)  # fmt: skip


def attackers_key(address: bool = False) -> Any:
    """The public half of a key that is not the provider's, or an address to fetch it from."""
    key = token_forge.published("stranger", kid="rsa")
    return (lambda provider: f"{provider.url}/moved/keys") if address else key


table("id_token_aud claim_aud", {
    "aud is another client": claims(aud="another-client"),
    "aud is missing": claims(aud=GONE),
    "aud is null": claims(aud=None),
    "aud is empty": claims(aud=""),
    "aud is a number": claims(aud=7),
    "aud is an object": claims(aud={CLIENT_ID: True}),
    "aud is an empty list": claims(aud=[]),
    "aud is a list of strangers": claims(aud=["another", "third"]),
    "aud is a list in a list": claims(aud=[[CLIENT_ID]]),
    "aud begins like us": claims(aud=f"{CLIENT_ID}-test"),
    "aud is the beginning of us": claims(aud=CLIENT_ID[:-1]),
    "aud is us with a blank": claims(aud=f"{CLIENT_ID} "),
    "aud is us in capitals": claims(aud=CLIENT_ID.upper()),
    "aud is our name among others in one string": claims(aud=f"other {CLIENT_ID}"),
})  # fmt: skip
table("id_token_azp claim_azp", {
    "a stranger in aud and no azp": claims(aud=[CLIENT_ID, "another"]),
    "a stranger in aud and in azp": claims(aud=[CLIENT_ID, "another"], azp="another"),
    "another azp": claims(azp="another"),
    "azp is a list": claims(azp=[CLIENT_ID]),
    "azp is empty": claims(aud=[CLIENT_ID, "another"], azp=""),
})  # fmt: skip
table("id_token_iss claim_iss", {
    "iss with a slash at its end": claims(iss=lambda provider: f"{provider.issuer}/"),
    "iss of another host": claims(iss="https://idp.example.com"),
    "iss begins like the provider": claims(iss=lambda provider: f"{provider.issuer}0"),
    "iss in https": claims(iss=lambda provider: provider.issuer.replace("http:", "https:")),
    "iss in capitals": claims(iss=lambda provider: provider.issuer.upper()),
    "iss is missing": claims(iss=GONE),
    "iss is null": claims(iss=None),
    "iss is a list": claims(iss=lambda provider: [provider.issuer]),
})  # fmt: skip
table("id_token_nonce claim_nonce", {
    "nonce is another": claims(nonce="another"),
    "nonce is missing": claims(nonce=GONE),
    "nonce is null": claims(nonce=None),
    "nonce is empty": claims(nonce=""),
    "nonce is true": claims(nonce=True),
    "nonce is a list": rewritten("claims", lambda plan: plan | {"nonce": [plan["nonce"]]}),
    "nonce in capitals": rewritten("claims", lambda plan: plan | {"nonce": plan["nonce"].swapcase()}),
    "a logout token in its place": claims(
        nonce=GONE, events={"http://schemas.openid.net/event/backchannel-logout": {}}, jti="one"
    ) | header(typ="logout+jwt"),
})  # fmt: skip
table("id_token_at_hash claim_at_hash", {
    "at_hash of another token": claims(at_hash=token_forge.half_hash("another", algorithm="RS256")),
    "at_hash of another length": rewritten("claims", lambda plan: plan | {"at_hash": plan["at_hash"][:-1]}),
    "at_hash is empty": claims(at_hash=""),
    "at_hash is a number": claims(at_hash=7),
    "at_hash is an object": claims(at_hash={}),
    "at_hash with half a character": claims(at_hash="\ud800"),
    "another access token than was hashed": tokens(access_token="another-access-token"),
})  # fmt: skip

table("signature unknown_key", {
    "signature changed": altered(2),
    "signature taken away": altered(2, into=""),
    "signature of other bytes": altered(2, into=token_forge.encoded(b"x" * 256)),
    "claims changed after signing": altered(
        1, into=token_forge.encoded(json.dumps({"sub": "root", "aud": CLIENT_ID}).encode())
    ),
    "header changed after signing": altered(0, into=token_forge.encoded(b'{"alg":"RS256","kid":"rsa","typ":"x"}')),
    "kid of no key": header(kid="nobody"),
    "kid is a number": header(kid=7),
    "kid is an object": header(kid={"rsa": 1}),
    "kid is a path": header(kid="../../../../dev/null"),
    "kid of the other RSA key": header(kid="rsa-next"),
    "kid of another key type": header(kid="ec"),
    "signed by a stranger under our kid": signed("RS256", "stranger", kid="rsa"),
    "signed by a stranger under a kid of its own": signed("RS256", "stranger"),
    "signed by a stranger without a kid": signed("RS256", "stranger", kid=GONE),
    "stranger's key at jku": signed("RS256", "stranger", kid="rsa", jku=attackers_key(address=True)),
    "stranger's key at x5u": signed("RS256", "stranger", kid="rsa", x5u=attackers_key(address=True)),
    "stranger's key in x5c": signed("RS256", "stranger", kid="rsa", x5c=["MIIB"]),
    "stranger's key at jku without kid": signed("RS256", "stranger", kid=GONE, jku=attackers_key(address=True)),
    "signed with a key for encryption": instead("keys", {"keys": [token_forge.published("rsa", use="enc")]}),
    "signed with a key that may not verify": instead(
        "keys", {"keys": [token_forge.published("rsa", use=None, key_ops=["encrypt"])]}
    ),
    "signed with a key of 1024 bits": signed("RS256", "rsa-weak")
    | instead("keys", {"keys": [token_forge.published("rsa-weak")]}),
})  # fmt: skip
NONE = {"id_token": lambda compact, _: compact.rsplit(".", 1)[0] + "."}
SHARED = {"kty": "oct", "kid": "shared", "k": token_forge.encoded(SECRET)}
table("algorithm", {
    "alg none, nothing signed": header(alg="none") | NONE,
    "alg none, without a kid": header(alg="none", kid=GONE) | NONE,
    "alg none, honestly signed": header(alg="none"),
    "alg NONE": header(alg="NONE") | NONE,
    "alg nOnE": header(alg="nOnE", kid=GONE) | NONE,
    "alg none with the key set emptied": header(alg="none", kid=GONE) | NONE | instead("keys", {"keys": []}),
    "alg none as discovery promises": header(alg="none") | NONE
    | discovery(id_token_signing_alg_values_supported=["none"]),
    "alg is null": header(alg=None),
    "alg is a list": header(alg=["RS256"]),
    "alg is empty": header(alg=""),
    "alg in small letters": header(alg="rs256"),
    "alg unknown": header(alg="RS1"),
    "HS256 with the client's secret": with_shared_key(SECRET, kid=GONE),
    "HS256 with the client's secret under our kid": with_shared_key(SECRET),
    "HS256 as discovery promises": with_shared_key(SECRET, kid=GONE)
    | discovery(id_token_signing_alg_values_supported=["HS256"]),
    "HS256 with a published shared key": with_shared_key(SECRET, kid="shared") | instead("keys", {"keys": [SHARED]}),
    "HS256 with the public key as PEM": with_shared_key(public_pem()),
    "HS256 with the public key as PEM, stripped": with_shared_key(public_pem().strip()),
    "HS256 with the public key as JSON": with_shared_key(json.dumps(token_forge.published("rsa")).encode()),
    "HS256 with an empty key": with_shared_key(b"", kid=GONE),
})  # fmt: skip
table("signature unknown_key", {
    "RS256 said, PS256 signed": signed("PS256", "rsa") | header(alg="RS256"),
    "ES256 said, RS256 signed": header(alg="ES256"),
    "ES256 said under an EC kid, RS256 signed": header(alg="ES256", kid="ec"),
    "RS256 said, ES256 signed": signed("ES256", "ec") | header(alg="RS256", kid="rsa"),
    "RS256 said under the EC kid that signed": signed("ES256", "ec") | header(alg="RS256"),
    "ES256 with a P-384 key": signed("ES384", "ec-384") | header(alg="ES256")
    | instead("keys", {"keys": [token_forge.published("ec-384")]}),
})  # fmt: skip
table("token_shape token_crit", {
    "stranger's key in jwk": signed("RS256", "stranger", kid="rsa", jwk=attackers_key()),
    "alg is missing": header(alg=GONE),
    "crit names what nobody knows": header(crit=["unheard-of"], **{"unheard-of": True}),
    "crit names what is not there": header(crit=["unheard-of"]),
    "crit is empty": header(crit=[]),
    "crit is no list": header(crit="exp"),
    "b64 is false": header(b64=False, crit=["b64"]),
    "b64 is false, not critical": header(b64=False) | altered(1, into="eyJ9"),
})  # fmt: skip

table("id_token_exp claim_exp", {
    "exp is missing": claims(exp=GONE),
    "exp is past": claims(exp=now(-HOUR)),
    "exp is long past": claims(exp=0),
    "exp is negative": claims(exp=-1),
    "exp is text": claims(exp=lambda _: str(int(time.time()) + HOUR)),
    "exp is a date": claims(exp="2099-01-01T00:00:00Z"),
    "exp is null": claims(exp=None),
    "exp is true": claims(exp=True),
    "exp is a list": claims(exp=[4_102_444_800]),
    "exp is no number": claims(exp=float("nan")),
    "exp is infinite": claims(exp=float("inf")),
})  # fmt: skip
table("id_token_iat claim_iat", {
    "iat is missing": claims(iat=GONE),
    "iat is in the future": claims(iat=now(HOUR)),
    "iat is in milliseconds": claims(iat=lambda _: int(time.time() * 1000)),
    "iat is two days old": claims(iat=now(-2 * DAY)),
    "iat is text": claims(iat=lambda _: str(int(time.time()))),
    "iat is null": claims(iat=None),
    "iat is true": claims(iat=True),
    "iat is no number": claims(iat=float("nan")),
    "iat is infinite": claims(iat=float("-inf")),
})  # fmt: skip
table("id_token_nbf claim_nbf", {
    "nbf is in the future": claims(nbf=now(HOUR)),
    "nbf is text": claims(nbf="tomorrow"),
    "nbf is no number": claims(nbf=float("nan")),
})  # fmt: skip

table("id_token_sub subject", {
    "sub is missing": person(sub=GONE),
    "sub is null": person(sub=None),
    "sub is empty": person(sub=""),
    "sub is a number": person(sub=42),
    "sub is true": person(sub=True),
    "sub is a list": person(sub=["subject-of-alice"]),
    "sub is an object": person(sub={"id": "subject-of-alice"}),
    "sub of 256 characters": person(sub="s" * 256),
    "sub with NUL": person(sub="subject-of-alice\0"),
    "sub with a line end": person(sub="subject-of-alice\n"),
    "sub with an escape": person(sub="subject\x1b[31m"),
    "sub with half a character": person(sub="subject-\ud800"),
    "sub only in userinfo": claims(sub=GONE),
})  # fmt: skip
table("userinfo_subject", {
    "userinfo of another person": userinfo(sub="subject-of-bob"),
    "userinfo without sub": userinfo(sub=GONE),
    "userinfo with an empty sub": userinfo(sub=""),
    "userinfo with a sub of null": userinfo(sub=None),
    "userinfo with a list of subs": userinfo(sub=["subject-of-alice", "subject-of-bob"]),
    "userinfo with sub in capitals": userinfo(sub="SUBJECT-OF-ALICE"),
    "userinfo with sub and a blank": userinfo(sub="subject-of-alice "),
    "userinfo with a number for a text of digits": claims(sub="42") | userinfo(sub=42),
})  # fmt: skip
table("no_id_token", {"sub of 100 000 characters": person(sub="s" * 100_000)})
