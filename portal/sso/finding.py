"""One line of what ``manage.py checksso`` found; never a secret, nor text of the provider's that cannot be printed."""

from dataclasses import dataclass

from portal.sso.claims import text_of

OK, WRONG, NOTE = "ok", "wrong", "note"
QUOTED = 120


@dataclass(frozen=True)
class Finding:
    """``kind``: ok, wrong (sign-in will not work, or not as meant) or note (worth knowing)."""

    kind: str
    text: str


def ok(text: str) -> Finding:
    return Finding(OK, text)


def wrong(text: str) -> Finding:
    return Finding(WRONG, text)


def note(text: str) -> Finding:
    return Finding(NOTE, text)


def quoted(said: object) -> str:
    """A word of the provider's, safe for a terminal."""
    return text_of(said, longest=QUOTED) or "nothing that can be read"


def words_in(said: object) -> list[str] | None:
    """A list of the discovery document; None where it has none."""
    return [word for word in said if isinstance(word, str)] if isinstance(said, list) else None
