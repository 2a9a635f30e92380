"""What honest providers do that a strict client might stumble over: the literal table. All of them get in."""

import time
from typing import Any

import token_forge
from hostile_provider import CLIENT_ID, Provider
from misbehaving import (
    DAY,
    GONE,
    Changes,
    answer,
    callback,
    claims,
    discovery,
    header,
    instead,
    now,
    person,
    rewritten,
    signed,
    tokens,
    twice,
    userinfo,
)  # fmt: skip
from token_forge import published


def keys(*names: str, **changes: Any) -> Changes:
    return instead("keys", {"keys": [published(name, **changes) for name in names]})


def elsewhere(name: str) -> Any:
    """The same endpoint under another host name, as Google's are."""
    return lambda provider: f"{provider.url.replace('127.0.0.1', 'localhost')}/{name}"


def without_ids(provider_keys: dict[str, Any]) -> dict[str, Any]:
    return {"keys": [{name: value for name, value in key.items() if name != "kid"} for key in provider_keys["keys"]]}


def rehashed(algorithm: str) -> Changes:
    """``at_hash`` is left out, since the plan's is of RS256."""
    return claims(at_hash=GONE) | discovery(id_token_signing_alg_values_supported=["RS256", algorithm])


def with_algorithm(algorithm: str, key: str) -> Changes:
    return signed(algorithm, key) | keys("rsa", key) | rehashed(algorithm)


UNUSABLE = [
    {"kty": "AKP", "kid": "later", "alg": "ML-DSA-44", "pub": "AAAA"},
    {"kty": "EC", "crv": "secp256k1", "kid": "coin", "x": "AAAA", "y": "AAAA"},
    {"kty": "RSA", "kid": "broken", "n": "", "e": ""},
    {"kty": "RSA", "kid": "of-no-use"},
]
ODDITIES: dict[str, Changes] = {
    "nothing odd": {},
    "no kid with one key": header(kid=GONE) | keys("rsa"),
    "no kid with several keys": header(kid=GONE) | keys("rsa-next", "ec", "rsa"),
    "no kid anywhere": header(kid=GONE) | rewritten("keys", without_ids),
    "one kid for keys of two types": header(kid="one")
    | instead("keys", {"keys": [published("ec", kid="one"), published("rsa", kid="one")]}),
    "one kid for two keys": header(kid="one")
    | instead("keys", {"keys": [published("rsa-next", kid="one"), published("rsa", kid="one")]}),
    "a key without its use": keys("rsa", use=None),
    "a key with its algorithm": keys("rsa", alg="RS256"),
    "a key with its operations": keys("rsa", use=None, key_ops=["verify"]),
    "a key with a certificate": keys("rsa", x5c=["MIIB"], x5t="x"),
    "unusable keys beside it": rewritten("keys", lambda plan: {"keys": [*UNUSABLE, *plan["keys"]]}),
    "a key for encryption beside it": instead(
        "keys", {"keys": [published("rsa-next", use="enc", alg="RSA-OAEP"), published("rsa")]}
    ),
    "no typ": header(typ=GONE),
    "more in the header": header(x5t="x" * 27, **{"x5t#S256": "x" * 43}),
    "a long kid": header(kid="k" * 128) | keys("rsa", kid="k" * 128),
    "aud as a list of one": claims(aud=[CLIENT_ID]),
    "aud as a list of one, with azp": claims(aud=[CLIENT_ID], azp=CLIENT_ID),
    "aud with another and azp": claims(aud=["account", CLIENT_ID], azp=CLIENT_ID),
    "azp with a single aud": claims(azp=CLIENT_ID),
    "no at_hash": claims(at_hash=GONE),
    **{f"signed with {algorithm}": with_algorithm(algorithm, "rsa") for algorithm in ("RS384", "RS512")},
    **{f"signed with {algorithm}": with_algorithm(algorithm, "rsa") for algorithm in ("PS256", "PS384", "PS512")},
    **{f"signed with {name}": with_algorithm(name, key) for name, key in token_forge.OF_ALGORITHM.items()},
    "a clock that is ahead": claims(iat=now(30), exp=now(330), nbf=now(30)),
    "a clock that is behind": claims(iat=now(-30), exp=now(270)),
    "expired within the leeway": claims(iat=now(-310), exp=now(-10)),
    "good for thirty days": claims(exp=now(30 * DAY)),
    "good until 2099": claims(exp=4_070_908_800),
    "fractions of a second": claims(iat=lambda _: time.time(), exp=lambda _: time.time() + 300.5),
    "more claims than one knows": claims(
        auth_time=now(-60), sid="s", acr="1", amr=["pwd"], realm_access={"roles": []}
    ),
    "a token of 20 KB": claims(permissions=["p" * 50] * 400),
    "no e-mail": person(email=GONE),
    "no name": person(name=GONE),
    "no preferred_username": person(preferred_username=GONE),
    "nothing but a subject and groups": person(email=GONE, name=GONE, preferred_username=GONE),
    "names of null": person(email=None, name=None, preferred_username=None),
    "names in other scripts": person(name="安德斯 🦊 العربية", preferred_username="ålice"),
    "a name of markup": person(name="<script>alert(1)</script>"),
    "a subject of 255 characters": person(sub="s" * 255),
    "a subject of digits": person(sub="1234567890"),
    "a subject of signs": person(sub="auth0|5f7c8ec7c33c6c004bbafe82"),
    "groups of another team too": person(groups=["everyone", "sample-web", "sample-nothing"]),
    "groups twice": person(groups=["sample-web", "sample-web"]),
    "groups only in userinfo": claims(groups=GONE),
    "groups only in the ID token": userinfo(groups=GONE),
    "names only in the ID token": rewritten("userinfo", lambda plan: {"sub": plan["sub"]}),
    "no userinfo endpoint": discovery(userinfo_endpoint=GONE),
    "userinfo with a charset": answer("userinfo", content_type="application/json; charset=utf-8"),
    "token type in small letters": tokens(token_type="bearer"),
    "scopes in another order": tokens(scope="profile groups openid email"),
    "fewer scopes than asked": tokens(scope="openid"),
    "a refresh token": tokens(refresh_token="a-refresh-token-nobody-asked-for"),
    "no expires_in": tokens(expires_in=GONE),
    "expires_in as text": tokens(expires_in="300"),
    "session_state in the callback": callback(more=(("session_state", "a.b"), ("scope", "openid"))),
    "client_info in the callback": twice("client_info", "e30"),
    "iss neither promised nor sent": callback(without="iss")
    | discovery(authorization_response_iss_parameter_supported=GONE),
    "iss expressly not promised": callback(without="iss")
    | discovery(authorization_response_iss_parameter_supported=False),
    "iss sent though not promised": discovery(authorization_response_iss_parameter_supported=GONE),
    "more in discovery": discovery(claims_supported=["sub"], mtls_endpoint_aliases={}, unheard_of=[{}]),
    "discovery that names little": discovery(
        **dict.fromkeys(
            ("subject_types_supported", "code_challenge_methods_supported", "response_types_supported"), GONE
        ),
        token_endpoint_auth_methods_supported=GONE,
        id_token_signing_alg_values_supported=GONE,
        end_session_endpoint=GONE,
    ),
    "endpoints on another host": discovery(
        token_endpoint=elsewhere("token"), userinfo_endpoint=elsewhere("userinfo"), jwks_uri=elsewhere("keys")
    ),
    "an authorization endpoint with a query": discovery(
        authorization_endpoint=lambda provider: f"{provider.url}/authorize?tenant=one"
    ),
    "keys in another media type": answer("keys", content_type="application/jwk-set+json"),
    "discovery as text": answer("discovery", content_type="text/plain"),
}


def basic_only(provider: Provider) -> None:
    provider.client_auth = ("client_secret_basic",)


def post_only(provider: Provider) -> None:
    provider.client_auth = ("client_secret_post",)


def issuer_with_a_path(provider: Provider) -> None:
    provider.issuer = f"{provider.url}/realms/one"


def issuer_with_a_slash(provider: Provider) -> None:
    provider.issuer = f"{provider.url}/"


def issuer_with_a_path_and_a_slash(provider: Provider) -> None:
    provider.issuer = f"{provider.url}/realms/one/"


ARRANGED = (basic_only, post_only, issuer_with_a_path, issuer_with_a_slash, issuer_with_a_path_and_a_slash)
