"""Keys, and ID tokens made with them: honest ones, and any forgery a table asks for. Knows nothing of the portal."""

import base64
import functools
import hashlib
import hmac
import json
import warnings
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

MADE = {
    "rsa": lambda: RSAKey.generate_key(2048),
    "rsa-next": lambda: RSAKey.generate_key(2048),
    "rsa-weak": lambda: RSAKey.generate_key(1024),
    "ec": lambda: ECKey.generate_key("P-256"),
    "ec-384": lambda: ECKey.generate_key("P-384"),
    "ec-521": lambda: ECKey.generate_key("P-521"),
    "okp": lambda: OKPKey.generate_key("Ed25519"),
    "stranger": lambda: RSAKey.generate_key(2048),
}
OF_ALGORITHM = {"ES256": "ec", "ES384": "ec-384", "ES512": "ec-521", "EdDSA": "okp"}
HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512, "DSA": hashlib.sha512}


@dataclass(frozen=True)
class Signing:
    """How a token is really signed, whatever its header says. No algorithm: an empty signature."""

    algorithm: str
    key: str | bytes


@functools.cache
def key(name: str) -> Key:
    """Made once in a test run; RSA takes a while."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # weak ones are meant
        return MADE[name]()


def published(name: str, **changes: Any) -> dict[str, Any]:
    """The public half, as a key set lists it; None takes a member away."""
    entry = dict(key(name).as_dict(private=False)) | {"kid": name, "use": "sig"} | changes
    return {member: value for member, value in entry.items() if value is not None}


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def compact(*, header: Any, claims: Any, signing: Signing) -> str:
    """Header and claims are JSON to be, or bytes to be taken as they are."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, claims)]
    signed = ".".join(encoded(part) for part in parts)
    return f"{signed}.{encoded(signature(signed.encode(), signing=signing))}"


def signature(message: bytes, *, signing: Signing) -> bytes:
    if not signing.algorithm:
        return b""
    if isinstance(signing.key, bytes):
        return hmac.new(signing.key, message, "sha256").digest()
    return JWSRegistry.algorithms[signing.algorithm].sign(message, key(signing.key))


def half_hash(text: str, *, algorithm: str) -> str:
    """``at_hash``: the left half of the hash that belongs to the signature's algorithm."""
    digest = HASHES.get(algorithm[-3:], hashlib.sha256)(text.encode()).digest()
    return encoded(digest[: len(digest) // 2])
