"""Ends sessions: by the person's own press, and by the provider's word behind their back."""

import hashlib
import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from portal.sso import exchange, flow, kept, provider, sessions, signing_in, tokens
from portal.sso.models import LiveSession, SpentToken, User
from portal.sso.refusals import Refused, Unanswered
from portal.sso.sessions import Kind
from registercodes.audit import Origin
from registercodes.views import origin_of

log = logging.getLogger("portal.sso")

# Not "cookies": those of the company's other applications on this domain would go too.
CLEARED = '"cache", "storage"'


def sign_out(request: HttpRequest) -> HttpResponse:
    """The session ends here first, whatever the provider then says."""
    facts = sessions.facts_of(request)
    signing_in.record_sign_out(request.user, why="pressed", origin=origin_of(request))
    sessions.end(request)
    request.user = _nobody()
    if not settings.SINGLE_SIGN_ON:
        return _cleared(redirect("sso:sign_in"))
    is_there = facts is not None and facts.kind == Kind.SINGLE_SIGN_ON
    address = _goodbye(request, id_token=facts.id_token) if is_there else ""
    context = {"address": address, "maybe_there": is_there and not address}
    return _cleared(render(request, "sso/signed_out.html", context))


def _nobody() -> Any:
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


def _goodbye(request: HttpRequest, *, id_token: str) -> str:
    """Empty where it offers none, or is away: nobody is sent from their last page of ours to a dead address."""
    try:
        return flow.goodbye(request, id_token=id_token) if provider.is_up() else ""
    except Unanswered as failure:
        log.warning("provider_away", extra={"reason": failure.reason})
        return ""


def _cleared(response: HttpResponse) -> HttpResponse:
    response["Clear-Site-Data"] = CLEARED
    kept.drop(response)
    return response


def as_the_provider_says(token: str, *, origin: Origin) -> None:
    """Back-channel logout. ``Refused`` for what is not the provider's word of now, ``Unanswered`` without its keys."""
    with exchange.place():
        said = provider.with_keys(
            lambda keys: tokens.logout_claims(
                token,
                keys=keys,
                issuer=settings.OIDC_ISSUER,
                client_id=settings.OIDC_CLIENT_ID,
                now=time.time(),
            ),
            until=exchange.until(),
            from_anybody=True,
        )
    with transaction.atomic():
        _spend(said["jti"])
        meant = _meant(said)
        for person in User.objects.filter(pk__in=meant.values("user")):
            ended = sessions.end_all(person, among=meant)
            if ended:
                signing_in.record_sign_out(person, why="provider", origin=origin, sessions=str(ended))


def _spend(jti: str) -> None:
    """Each token acts once; those too old to be believed again are forgotten."""
    SpentToken.objects.filter(at__lt=timezone.now() - timedelta(seconds=2 * tokens.LOGOUT_AGE)).delete()
    digest = hashlib.sha256(jti.encode()).hexdigest()
    try:
        with transaction.atomic():
            SpentToken.objects.create(digest=digest, at=timezone.now())
    except IntegrityError:
        raise Refused("logout_replayed") from None


def _meant(said: dict[str, Any]) -> QuerySet[LiveSession]:
    """Sessions of the session id, or else those of the person that have none; never one that break-glass opened."""
    subject, sid = said.get("sub", ""), said.get("sid", "")
    living = LiveSession.objects.filter(user__issuer=settings.OIDC_ISSUER, kind=Kind.SINGLE_SIGN_ON)
    if subject:
        living = living.filter(user__subject=subject)
    of_sid = living.filter(sid=sid) if sid else living
    return living.filter(sid="") if subject and sid and not of_sid.exists() else of_sid
