"""The words in which the tables of misbehaviours and oddities are written: each makes one change of one stage."""

import functools
import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import token_forge
from hostile_provider import CLIENT_SECRET, Change, Provider
from provider_wire import Answer
from token_forge import Signing

WORDS = "words-of-the-provider <script>alert('words-of-the-provider')</script>"
MARK = "words-of-the-provider"  # must be on no page
HTML = f"<!doctype html><title>{WORDS}</title><h1>{WORDS}</h1>".encode()
NESTED = b"[" * 10_000 + b"]" * 10_000
GONE = object()
MEGABYTE = 1024 * 1024

SECRET = CLIENT_SECRET.encode()
HOUR, DAY = 3600, 86_400
NEVER_IN = frozenset({400, 403, 503})

Changes = dict[str, Change]


@dataclass(frozen=True)
class Misbehaviour:
    """``reasons``: words of which the log line's ``reason`` is one; ``statuses``: of the page. Slow ones never end."""

    changes: Changes
    reasons: frozenset[str]
    statuses: frozenset[int]
    slow: bool = False


TABLE: dict[str, Misbehaviour] = {}  # filled by the modules that misbehaviours.py names


def table(reasons: str, rows: dict[str, Changes], *, statuses: frozenset[int] = NEVER_IN, slow: bool = False) -> None:
    if TABLE.keys() & rows.keys():
        raise KeyError(TABLE.keys() & rows.keys())
    words = frozenset(reasons.split())
    TABLE.update({name: Misbehaviour(changes, words, statuses, slow) for name, changes in rows.items()})


def now(offset: float) -> Callable[[Provider], int]:
    return lambda _: int(time.time() + offset)


def changed(**changes: Any) -> Change:
    """Members of an object set anew; GONE takes one away, a function gets the provider and makes the value."""

    def change(plan: dict[str, Any], provider: Provider) -> dict[str, Any]:
        made = {name: value(provider) if callable(value) else value for name, value in changes.items()}
        return {name: value for name, value in (plan | made).items() if value is not GONE}

    return change


def claims(**changes: Any) -> Changes:
    """Of the ID token alone."""
    return {"claims": changed(**changes)}


def person(**changes: Any) -> Changes:
    """Of the ID token and of userinfo alike."""
    return {"person": changed(**changes)}


def header(**changes: Any) -> Changes:
    return {"header": changed(**changes)}


def discovery(**changes: Any) -> Changes:
    return {"discovery": changed(**changes)}


def tokens(**changes: Any) -> Changes:
    return {"tokens": changed(**changes)}


def userinfo(**changes: Any) -> Changes:
    return {"userinfo": changed(**changes)}


def instead(stage: str, value: Any) -> Changes:
    """Something else altogether; a function gets the provider."""
    return {stage: lambda _, provider: value(provider) if callable(value) else value}


def rewritten(stage: str, change: Callable[[Any], Any]) -> Changes:
    return {stage: lambda plan, _: change(plan)}


def answer(stage: str, **changes: Any) -> Changes:
    """Members of the HTTP answer set anew."""
    return {f"{stage}_answer": lambda plan, _: replace(plan, **changes)}


def redirected(stage: str, *, status: int) -> Changes:
    """To an address that must never be asked."""
    moved = lambda provider: (("Location", f"{provider.url}/moved/{stage}"),)  # noqa: E731
    return {f"{stage}_answer": lambda plan, provider: replace(plan, status=status, headers=moved(provider))}


@functools.cache
def bomb() -> bytes:
    return gzip.compress(b" " * 100 * MEGABYTE)


def compressed(stage: str, *, a_thousandfold: bool = False) -> Changes:
    def change(plan: Answer, _: Provider) -> Answer:
        body = bomb() if a_thousandfold else gzip.compress(plan.body)
        return replace(plan, body=body, headers=(("Content-Encoding", "gzip"),))

    return {f"{stage}_answer": change}


def padded(stage: str, *, megabytes: int) -> Changes:
    """Still good JSON; only far too long."""
    return {f"{stage}_answer": lambda plan, _: replace(plan, body=plan.body + b" " * megabytes * MEGABYTE)}


def cut_short(stage: str) -> Changes:
    return {f"{stage}_answer": lambda plan, _: replace(plan, body=plan.body[:-20], length=len(plan.body))}


def callback(*, without: str = "", more: tuple[tuple[str, str], ...] = (), **changes: Any) -> Changes:
    """The parameters that the browser carries back."""

    def change(pairs: list[tuple[str, str]], provider: Provider) -> list[tuple[str, str]]:
        made = {name: value(provider) if callable(value) else value for name, value in changes.items()}
        return [(name, made.get(name, value)) for name, value in pairs if name != without] + list(more)

    return {"callback": change}


def twice(name: str, value: str | None = None) -> Changes:
    """A parameter of the callback given again, with the same value or another."""
    return {"callback": lambda pairs, _: [*pairs, (name, dict(pairs)[name] if value is None else value)]}


def refused(error: str, **more: str) -> Changes:
    """An error answer in place of a code."""
    pairs = lambda plan: [("error", error), *more.items(), *(pair for pair in plan if pair[0] != "code")]  # noqa: E731
    return rewritten("callback", pairs)


def signed(algorithm: str, key: str, *, kid: Any = "", **more: Any) -> Changes:
    """Header and signature agree on the algorithm; ``kid`` names the key unless said otherwise."""
    return instead("signing", Signing(algorithm, key)) | header(alg=algorithm, kid=key if kid == "" else kid, **more)


def with_shared_key(secret: bytes, **more: Any) -> Changes:
    return instead("signing", Signing("HS256", secret)) | header(alg="HS256", **more)


def public_pem() -> bytes:
    return token_forge.key("rsa").as_pem(private=False)


def resigned(change: Callable[[bytes], bytes], *, part: int) -> Changes:
    """Header (0) or claims (1) as other bytes, under an honest signature."""

    def forge(compact: str, provider: Provider) -> str:
        parts = [token_forge.decoded(piece) for piece in compact.split(".")[:2]]
        parts[part] = change(parts[part])
        return token_forge.compact(header=parts[0], claims=parts[1], signing=provider.signing)

    return {"id_token": forge}


def altered(part: int, *, into: str | None = None) -> Changes:
    """One part of the finished token is another; by default one character in its middle."""

    def change(compact: str) -> str:
        parts = compact.split(".")
        text, middle = parts[part], len(parts[part]) // 2
        other = "A" if text[middle] != "A" else "B"
        parts[part] = text[:middle] + other + text[middle + 1 :] if into is None else into
        return ".".join(parts)

    return rewritten("id_token", change)
