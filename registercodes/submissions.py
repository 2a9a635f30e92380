"""Decides whether a pressed button is the one we drew: a signed, single-use submission.

Bound to person and team and not to the session, so that signing in again does
not cost what was typed (portal/errors.csrf_failure shows the form again).
Single use is the unique column, not this token.
"""

import uuid
from dataclasses import asdict, dataclass
from typing import Any

from django.core import signing

from registercodes.models import RegisterCode, Team
from registercodes.rules import Asked

SALT = "registercodes.submission"
LINE_SALT = "registercodes.submission.line"  # neither opens as the other
MAX_AGE_SECONDS = 12 * 3600


def new_token(*, person: Any, team: Team, replaces: RegisterCode | None = None) -> str:
    """``replaces``: the code that this one is to stand in for; what may be is for ``replacing`` to say."""
    said = {"submission": uuid.uuid4().hex, "person": person.pk, "team": team.pk}
    return signing.dumps(said | ({"replaces": replaces.pk} if replaces else {}), salt=SALT)


def opened(token: str, *, person: Any, team: Team) -> uuid.UUID | None:
    """The submission's id; None for a forged or expired token and for another person's or team's."""
    try:
        said = signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    if said["person"] != person.pk or said["team"] != team.pk:
        return None
    return uuid.UUID(said["submission"])


def replaced_in(token: str, *, person: Any, team: Team) -> int | None:
    """The key of the code to be replaced; of a form that was open for too long as well, since it is shown again."""
    try:
        said = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    return said.get("replaces") if (said["person"], said["team"]) == (person.pk, team.pk) else None


def person_in(token: str) -> int | None:
    """The key of the person a form was drawn for; None for a forged or expired token."""
    try:
        said = signing.loads(token, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    return int(said["person"])


@dataclass(frozen=True)
class OneLine:
    """A line of several sites as it was checked: the token holds its words, so that it is good for no others."""

    submission: uuid.UUID
    asked: Asked


def line_token(*, person: Any, team: Team, form: uuid.UUID, number: int, asked: Asked) -> str:
    """The same submission whenever a form brings the same line: a page that is sent again makes nothing twice."""
    words = asdict(asked)
    submission = uuid.uuid5(form, f"{number} {sorted(words.items())}")
    said = {"submission": submission.hex, "person": person.pk, "team": team.pk, "asked": words}
    return signing.dumps(said, salt=LINE_SALT)


def line_in(token: str, *, person: Any, team: Team) -> OneLine | None:
    """None for a forged or expired token and for another person's or team's."""
    try:
        said = signing.loads(token, salt=LINE_SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    if (said["person"], said["team"]) != (person.pk, team.pk):
        return None
    return OneLine(uuid.UUID(said["submission"]), Asked(**said["asked"]))
