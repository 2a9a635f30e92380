"""Browsers in which somebody signed in, without the journey to the provider: fast enough for a table of hundreds."""

import time

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client

from portal.sso import claims, signing_in
from portal.sso.sessions import Kind
from registercodes.audit import NOWHERE


def seat(name: str, *, groups: list[str]) -> Client:
    """What the callback does with the claims of a checked token, by the same steps."""
    told = {"iss": settings.OIDC_ISSUER, "sub": f"subject-{name}", "preferred_username": name, "groups": groups}
    who = claims.identity(told, {}, groups_claim=settings.OIDC_GROUPS_CLAIM, id_token="", asked_at=time.time())
    request = HttpRequest()
    request.session, request.user = SessionStore(), AnonymousUser()
    signing_in.sign_in(request, signing_in.known(who), kind=Kind.SINGLE_SIGN_ON, origin=NOWHERE)
    request.session.save()
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = request.session.session_key
    return browser
