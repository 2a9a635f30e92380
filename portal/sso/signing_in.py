"""Opens a session for a proven identity: person, teams and roles as the groups say, all in one commit."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from portal.sso.models import RoleGrant, User
from registercodes import access, audit
from registercodes.audit import Origin
from registercodes.models import Action, Outcome


@transaction.atomic
def sign_in(
    request: HttpRequest,
    *,
    issuer: str,
    subject: str,
    names: Mapping[str, str],
    groups: set[str],
    roles: set[str],
    backend: str,
    origin: Origin,
) -> User:
    """The caller has proven (issuer, subject). Memberships and roles become exactly those given."""
    person = _person(issuer=issuer, subject=subject, names=names)
    gained, lost = access.renew_memberships(person, groups)
    _renew_roles(person, roles)
    if gained or lost:
        changes = {"gained": sorted(gained), "lost": sorted(lost)}
        audit.record(Action.USER_TEAMS_CHANGED, Outcome.SUCCESS, actor=person, origin=origin, detail=changes)
    audit.record(Action.USER_SIGNED_IN, Outcome.SUCCESS, actor=person, origin=origin, detail={"roles": sorted(roles)})
    login(request, person, backend=backend)
    return person


def _person(*, issuer: str, subject: str, names: Mapping[str, str]) -> User:
    person = User.objects.filter(issuer=issuer, subject=subject).first()
    if person is None:
        return User.objects.create_user(issuer=issuer, subject=subject, **names)
    User.objects.filter(pk=person.pk).update(**names)
    person.refresh_from_db()
    return person


def _renew_roles(person: User, roles: set[str]) -> None:
    now = timezone.now()
    RoleGrant.objects.filter(user=person).exclude(role__in=roles).delete()
    for role in roles:
        RoleGrant.objects.update_or_create(user=person, role=role, defaults={"checked_at": now})


def sign_out_event(person: Any, *, origin: Origin) -> None:
    with transaction.atomic():
        audit.record(Action.USER_SIGNED_OUT, Outcome.SUCCESS, actor=person, origin=origin)
