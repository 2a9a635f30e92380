"""A way in for people the portal knows while the provider is dead: a one-time code of the operator's.

The session it opens may look, disable and read the audit; it never creates.
"""

import hmac
import logging
import secrets
import time
from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from portal.sso import sessions
from portal.sso.models import BreakGlassCode, User
from portal.sso.sessions import Kind
from registercodes import audit
from registercodes.audit import NOWHERE, Origin
from registercodes.models import Action, Outcome

log = logging.getLogger("portal.sso")

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is read as another; 5 bits each
LOOKUP = 4
SECRET = 16  # letters, 80 bits
GROUP = 4
TRIES = 5
MINUTES = 10


def make(person: User, *, reason: str, by: str) -> str:
    """The code, for the operator to hand over; the record keeps who made it for whom and why, and a digest."""
    lookup, secret = _random(LOOKUP), _random(SECRET)
    now = timezone.now()
    with transaction.atomic():
        BreakGlassCode.objects.filter(expires_at__lt=now).delete()
        BreakGlassCode.objects.create(
            user=person,
            lookup=lookup,
            digest=_digest(lookup, secret),
            reason=reason,
            made_by=by,
            expires_at=now + timedelta(minutes=MINUTES),
            tries_left=TRIES,
        )
        detail = {"by": by, "reason": reason, "step": "code_made"}
        audit.record(Action.USER_BREAK_GLASS, Outcome.SUCCESS, actor=person, origin=NOWHERE, detail=detail)
    letters = lookup + secret
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))


def use(request: HttpRequest, typed: str, *, origin: Origin) -> bool:
    """Opens the session; False for a code that does not work, which costs it a try."""
    letters = "".join(letter for letter in typed.upper() if letter in LETTERS)
    if len(letters) != LOOKUP + SECRET:  # nobody's, and not worth the lock that a try costs
        log.warning("break_glass_refused", extra={"reason": "no_such_code"})
        return False
    lookup, secret = letters[:LOOKUP], letters[LOOKUP:]
    with transaction.atomic():
        code = _spend_a_try(lookup)
        why_not = _why_not(code, secret)
        if code and not why_not:
            _open(request, code, origin=origin)
    if why_not:
        log.warning("break_glass_refused", extra={"reason": why_not})
    return not why_not


def _why_not(code: BreakGlassCode | None, secret: str) -> str:
    if code is None:
        return "no_such_code"  # or one that was used, has expired or was tried too often
    if not hmac.compare_digest(code.digest, _digest(code.lookup, secret)):
        return "wrong"
    if not User.objects.locked().get(pk=code.user_id).is_active:
        return "deactivated"
    return "" if _is_first_use(code) else "used"


def _spend_a_try(lookup: str) -> BreakGlassCode | None:
    """Compare-and-set before the comparison: tries that come at once are counted each."""
    of_it = BreakGlassCode.objects.filter(lookup=lookup, used_at=None)
    usable = of_it.filter(tries_left__gt=0, expires_at__gt=timezone.now())
    return of_it.select_related("user").first() if usable.update(tries_left=F("tries_left") - 1) else None


def _is_first_use(code: BreakGlassCode) -> bool:
    return bool(BreakGlassCode.objects.filter(pk=code.pk, used_at=None).update(used_at=timezone.now()))


def _open(request: HttpRequest, code: BreakGlassCode, *, origin: Origin) -> None:
    sessions.open_for(request, code.user, kind=Kind.BREAK_GLASS, origin=origin, checked_at=time.time())
    detail = {"by": code.made_by, "reason": code.reason, "step": "code_used"}
    audit.record(Action.USER_BREAK_GLASS, Outcome.SUCCESS, actor=code.user, origin=origin, detail=detail)
    log.critical("break_glass_used", extra={"person": code.user.username, "by": code.made_by, "why": code.reason})


def _digest(lookup: str, secret: str) -> str:
    return salted_hmac("portal.sso.break_glass", lookup + secret, algorithm="sha256").hexdigest()


def _random(letters: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(letters))
