"""Makes the record of a person what the provider says now: names, teams, roles and a session, all in one commit.

The only writer of people, memberships and role grants. The caller has proven
who it is.
"""

import hashlib
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from portal.sso import claims, sessions
from portal.sso.models import LiveSession, RoleGrant, User
from portal.sso.refusals import Refused
from registercodes import access, audit
from registercodes.audit import Origin
from registercodes.models import Action, Outcome

log = logging.getLogger("portal.sso")

Kind = LiveSession.Kind


@dataclass(frozen=True)
class Known:
    """What a proven identity is known by here: the person, and what their groups give them."""

    issuer: str
    subject: str
    username: str
    display_name: str
    email: str
    groups: frozenset[str]
    roles: frozenset[str]
    asked_at: float  # seconds of the epoch, when the provider was
    problem: str = ""  # with the list of groups


def known(identity: claims.Identity) -> Known:
    """A group that gives a role never makes anybody a member of a team."""
    administrators, auditors = settings.OIDC_ADMIN_GROUPS, settings.OIDC_AUDITOR_GROUPS
    names = identity.groups.names
    return Known(
        issuer=identity.issuer,
        subject=identity.subject,
        username=identity.username,
        display_name=identity.display_name,
        email=identity.email,
        groups=names - set(administrators) - set(auditors),
        roles=claims.roles_in(names, administrators=administrators, auditors=auditors),
        asked_at=identity.asked_at,
        problem=identity.groups.problem,
    )


def sign_in(
    request: HttpRequest, who: Known, *, kind: Kind, origin: Origin, sid: str = "", id_token: str = ""
) -> User:
    """Raises ``Refused`` for somebody who was deactivated here, which is put on record."""
    with transaction.atomic():
        person = _person(who)
        if person.is_active:
            changes = _renew(person, who)
            problem = _problem(person, who)
            sessions.open_for(
                request,
                person,
                kind=kind,
                origin=origin,
                checked_at=who.asked_at,
                sid=sid,
                id_token=id_token,
                groups_problem=problem,
            )
            _record_changes(changes, person=person, origin=origin)
            _record_sign_in(person, roles=who.roles, kind=kind, origin=origin)
            if problem:
                audit.record_folded(Action.USER_DENIED, actor=person, reason=problem, origin=origin)
    if not person.is_active:
        raise deactivated(person, origin=origin)
    if problem:
        log.warning("no_access", extra={"reason": problem, "person": person.username})
    return person


def recheck(request: HttpRequest, person: User, who: Known, *, origin: Origin, sid: str, id_token: str) -> None:
    """As ``sign_in``, for a session that goes on; events only of what changed. Raises ``Refused`` as well."""
    with transaction.atomic():
        now = _person(who)
        if not now.is_active:
            raise Refused("deactivated")
        changes = _renew(now, who)
        problem = _problem(person, who)
        sessions.checked(request, checked_at=who.asked_at, sid=sid, id_token=id_token, groups_problem=problem)
        _record_changes(changes, person=person, origin=origin)
        if problem and changes:
            audit.record_folded(Action.USER_DENIED, actor=person, reason=problem, origin=origin)
    if problem:
        log.warning("no_access", extra={"reason": problem, "person": person.username})


def deactivated(person: User, *, origin: Origin) -> Refused:
    sessions.end_all(person)
    audit.record_folded(Action.USER_DENIED, actor=person, reason="deactivated", origin=origin)
    return Refused("deactivated")


def _record_sign_in(person: User, *, roles: frozenset[str], kind: Kind, origin: Origin) -> None:
    """Once in ten minutes: whoever the provider knows could fill a record that nobody can shorten."""
    how = {"reason": str(kind), "detail": {"roles": sorted(roles)}}
    audit.record_folded(Action.USER_SIGNED_IN, Outcome.SUCCESS, actor=person, origin=origin, **how)


def record_sign_out(person: Any, *, why: str, origin: Origin, **detail: str) -> None:
    """Folded as sign-ins are, without which there is none."""
    audit.record_folded(
        Action.USER_SIGNED_OUT, Outcome.SUCCESS, actor=person, reason=why, origin=origin, detail=detail
    )


def _person(who: Known) -> User:
    person = User.objects.locked().filter(issuer=who.issuer, subject=who.subject).first()
    if person is None:
        return _new_person(who, username=_free_username(who)) or _new_person(who, username=_numbered(who), again=True)
    _rename(person, who)
    return person


def _new_person(who: Known, *, username: str, again: bool = False) -> User | None:
    """None when another sign-in took the name at this moment; the person, when it was the same person's."""
    names = {"username": username, "display_name": who.display_name, "email": who.email}
    try:
        with transaction.atomic():
            return User.objects.create_user(issuer=who.issuer, subject=who.subject, **names)
    except IntegrityError:
        found = User.objects.locked().filter(issuer=who.issuer, subject=who.subject).first()
        if found is None and again:
            raise
        return found


def _rename(person: User, who: Known) -> None:
    """Only what differs: a write of the unique username would lock out events that refer to the person."""
    if person.username not in {who.username, _numbered(who)} and not _takes(person, username=_free_username(who)):
        _takes(person, username=_numbered(who))
    wanted = {"display_name": who.display_name, "email": who.email}
    changes = {name: text for name, text in wanted.items() if getattr(person, name) != text}
    if changes:
        User.objects.filter(pk=person.pk).update(**changes)
        for name, text in changes.items():
            setattr(person, name, text)


def _takes(person: User, *, username: str) -> bool:
    """False when another sign-in took the name at this moment."""
    try:
        with transaction.atomic():
            User.objects.filter(pk=person.pk).update(username=username)
    except IntegrityError:
        return False
    person.username = username
    return True


def _free_username(who: Known) -> str:
    """A label that two people may share at the provider; the second here is told apart by a number of their own."""
    return _numbered(who) if User.objects.filter(username=who.username).exists() else who.username


def _numbered(who: Known) -> str:
    number = hashlib.sha256(f"{who.issuer}\n{who.subject}".encode()).hexdigest()[:8]
    return f"{who.username[: claims.NAME_LENGTH - 9]}~{number}"


def _renew(person: User, who: Known) -> dict[str, list[str]]:
    """Memberships and roles become exactly those given; what changed, or nothing."""
    at = sessions.as_time(who.asked_at)
    gained, lost = access.renew_memberships(person, set(who.groups), at=at)
    roles_gained, roles_lost = _renew_roles(person, set(who.roles), at=at)
    changes = {"gained": gained, "lost": lost, "roles_gained": roles_gained, "roles_lost": roles_lost}
    return {name: sorted(names) for name, names in changes.items()} if any(changes.values()) else {}


def _record_changes(changes: dict[str, list[str]], *, person: User, origin: Origin) -> None:
    """After the session's rows: the audit head is locked last, or a logout at this moment would be a deadlock."""
    if changes:
        audit.record(Action.USER_TEAMS_CHANGED, Outcome.SUCCESS, actor=person, origin=origin, detail=changes)


def _renew_roles(person: User, roles: set[str], *, at: datetime) -> tuple[set[str], set[str]]:
    had = set(RoleGrant.objects.filter(user=person).values_list("role", flat=True))
    RoleGrant.objects.filter(user=person, role__in=had - roles).delete()
    RoleGrant.objects.filter(user=person, role__in=had & roles).update(checked_at=at)
    RoleGrant.objects.bulk_create(
        [RoleGrant(user=person, role=role, checked_at=at) for role in sorted(roles - had)],
        update_conflicts=True,  # two sign-ins of one person at once
        unique_fields=["user", "role"],
        update_fields=["checked_at"],
    )
    person.__dict__.pop("_roles", None)
    return roles - had, had - roles


def _problem(person: User, who: Known) -> str:
    """Why somebody who was let in may do nothing; empty for whoever has a team or a role."""
    if who.roles or access.teams_of(person):
        return ""
    return f"groups_{who.problem}" if who.problem else "no_known_group"
