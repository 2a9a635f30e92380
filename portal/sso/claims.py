"""Reads a person out of verified claims. Pure: asks nobody, believes only what has the shape it should have.

What cannot be read as a list of groups gives no groups, and so no access.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.sso.refusals import Refused

GROUPS_MAX = 1000  # Entra stops at 200, Keycloak and Okta know no limit; a longer list is nobody's honest one
GROUP_LENGTH = 255
SUBJECT_LENGTH = 255
NAME_LENGTH = 150

Claims = Mapping[str, Any]


@dataclass(frozen=True)
class Groups:
    """``problem`` says why there are none: missing, not_a_list, too_many, not_text, overage; else empty."""

    names: frozenset[str] = frozenset()
    problem: str = ""


@dataclass(frozen=True, repr=False)
class Identity:
    """Somebody whom the provider vouches for. ``id_token`` is kept in the session only, and never printed.

    ``asked_at``: seconds of the epoch, just before the provider was asked; what it said may be as old as that.
    """

    issuer: str
    subject: str
    username: str
    display_name: str
    email: str
    groups: Groups
    sid: str
    id_token: str
    asked_at: float


def identity(
    id_token_claims: Claims, userinfo: Claims, *, groups_claim: str, id_token: str, asked_at: float
) -> Identity:
    """``userinfo`` may be empty, where the provider offers none. Raises ``Refused`` without a usable subject."""
    subject = usable_subject(id_token_claims.get("sub"))
    if userinfo and userinfo.get("sub") != subject:
        raise Refused("userinfo_subject")
    said = {**id_token_claims, **userinfo}
    email = text_of(said.get("email"), longest=254)
    username = text_of(said.get("preferred_username"), longest=NAME_LENGTH) or email[:NAME_LENGTH]
    return Identity(
        issuer=id_token_claims["iss"],
        subject=subject,
        username=username or subject[:NAME_LENGTH],
        display_name=text_of(said.get("name"), longest=200),
        email=email,
        groups=groups_of(userinfo, id_token_claims, path=groups_claim),
        sid=text_of(id_token_claims.get("sid"), longest=SUBJECT_LENGTH),
        id_token=id_token,
        asked_at=asked_at,
    )


def usable_subject(subject: object) -> str:
    """OpenID Connect Core 1.0, section 2: at most 255 ASCII characters, compared to the letter."""
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_LENGTH or not subject.isprintable():
        raise Refused("subject")
    return subject


def text_of(value: object, *, longest: int) -> str:
    """A label, without what cannot be printed; empty where there is none."""
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:longest]


def groups_of(*sources: Claims, path: str) -> Groups:
    """Those of the first source that has the claim; ``path`` may lead into objects, as ``realm_access.roles``."""
    for claims in sources:
        found = at(claims, path)
        if found is not None:
            return _read(found)
    is_overage = any(_is_overage(claims, path) for claims in sources)
    return Groups(problem="overage" if is_overage else "missing")


def at(claims: Claims, path: str) -> object:
    """The claim of that very name (Auth0 and Okta name them as addresses, with dots), else by its dotted path."""
    if path in claims:
        return claims[path]
    found: object = claims
    for step in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(step)
    return found


def _read(found: object) -> Groups:
    if not isinstance(found, list):
        return Groups(problem="not_a_list")
    if len(found) > GROUPS_MAX:
        return Groups(problem="too_many")
    if not all(isinstance(name, str) for name in found):
        return Groups(problem="not_text")
    return Groups(frozenset(name for name in found if 0 < len(name) <= GROUP_LENGTH and name.isprintable()))


def _is_overage(claims: Claims, path: str) -> bool:
    """Entra leaves out a list of more than 200 groups and says where to ask instead, which we do not."""
    elsewhere = claims.get("_claim_names")
    return claims.get("hasgroups") is True or (isinstance(elsewhere, Mapping) and path in elsewhere)


def roles_in(groups: frozenset[str], *, administrators: list[str], auditors: list[str]) -> frozenset[str]:
    named = {"administrator": administrators, "auditor": auditors}
    return frozenset(role for role, names in named.items() if groups & set(names))
