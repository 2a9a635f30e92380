"""What an administrator may do to a person: end their sessions, shut them out, let them in again. Each on record."""

from django.db import transaction

from portal.sso import sessions
from portal.sso.models import User
from registercodes import audit
from registercodes.audit import Origin
from registercodes.models import Action, Outcome


def end_sessions(person: User, *, by: User, reason: str, origin: Origin) -> int:
    """How many ended; they are gone at the next request of each browser."""
    with transaction.atomic():
        ended = sessions.end_all(person)
        _record(Action.USER_SESSIONS_ENDED, person, by=by, reason=reason, origin=origin, sessions=ended)
    return ended


def deactivate(person: User, *, by: User, reason: str, origin: Origin) -> bool:
    """Shut out whatever the provider says; False for who is already."""
    with transaction.atomic():
        if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            return False
        ended = sessions.end_all(person)
        _record(Action.USER_DEACTIVATED, person, by=by, reason=reason, origin=origin, sessions=ended)
    return True


def reactivate(person: User, *, by: User, reason: str, origin: Origin) -> bool:
    """May sign in again; teams and roles are the provider's to say then."""
    with transaction.atomic():
        if not User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            return False
        sessions.end_all(person)  # one from before must not come back to life with them
        _record(Action.USER_REACTIVATED, person, by=by, reason=reason, origin=origin)
    return True


def _record(action: Action, person: User, *, by: User, reason: str, origin: Origin, **more: int) -> None:
    detail = {"person": str(person), "username": person.username, "reason": reason, **more}
    audit.record(action, Outcome.SUCCESS, actor=by, origin=origin, detail=detail)
