"""Finds a secret in any text, whole or in part, as it is or encoded; and words whose digest is one of the sandbox's."""

import base64
import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote

PIECE = 20  # characters in a row: a value cut in two is found as well
HEX = re.compile(rb"[0-9a-f]{64,}")


def encodings(secret: str) -> list[str]:
    raw = secret.encode()
    shifted = [base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")[4:-1] for shift in range(3)]
    as_bytes = [base64.b64encode(bytes.fromhex(secret)).decode()] if re.fullmatch("[0-9a-f]{64}", secret) else []
    plain = [secret, secret.upper(), secret[::-1], raw.hex(), raw.hex().upper(), quote(secret), *shifted, *as_bytes]
    return plain + [text.translate(str.maketrans("+/", "-_")) for text in (*shifted, *as_bytes)]


def pieces(secret: str) -> set[bytes]:
    found = set()
    for text in encodings(secret):
        found |= {text[start : start + PIECE].encode() for start in range(max(1, len(text) - PIECE + 1))}
    return found


class Canary:
    """`named` maps what to look for to its name; `digests` are SHA-256 of values nobody ever saw."""

    def __init__(self, named: dict[str, str], *, digests: Iterable[str] = ()) -> None:
        self._pieces = {piece: name for secret, name in named.items() for piece in pieces(secret)}
        self._digests = set(digests)
        self._shortest = min(map(len, self._pieces))

    def seen_in(self, content: bytes) -> set[str]:
        """Names of what is in there."""
        return self._seen_pieces(content) | self._seen_values(content)

    def _seen_pieces(self, content: bytes) -> set[str]:
        sizes = {len(piece) for piece in self._pieces}
        found = set()
        for run in re.finditer(rb"[0-9A-Za-z+/=_%%.-]{%d,}" % self._shortest, content):
            word = run[0]
            for size in sizes:
                for start in range(len(word) - size + 1):
                    if name := self._pieces.get(word[start : start + size]):
                        found.add(name)
        return found

    def _seen_values(self, content: bytes) -> set[str]:
        for run in HEX.finditer(content):
            for start in range(len(run[0]) - 63):
                if hashlib.sha256(run[0][start : start + 64]).hexdigest() in self._digests:
                    return {"a value nobody saw"}
        return set()
