"""Gives every page its frame: the person's teams, the endpoint's banner, the request's number."""

import threading
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from portal.endpoints import is_cloud_endpoint
from portal.sso import sessions
from registercodes import access, cloud, telling

ASK_AGAIN_SECONDS = 10


@dataclass(frozen=True)
class EndpointNotice:
    host: str
    is_sandbox: bool


def chrome(request: HttpRequest) -> dict[str, Any]:
    user = seated(request)
    teams = access.teams_of(user) if user and user.is_authenticated else []
    return {
        "user": user,
        "my_teams": teams,
        "issuing_teams": [team for team in teams if team.active] if may_create(request) else [],
        "notes_to_tell": telling.notes_for(user) if is_next_page(request, user) else None,
        "is_break_glass": sessions.is_break_glass(request),
        "may_create": may_create(request),
        "sign_in_away": getattr(request, "sign_in_away", False),
        "may_audit": bool(user and user.is_authenticated and user.is_staff),
        "endpoint_notice": endpoint_notice(settings.TAT_ENDPOINT),
        "request_id": getattr(request, "request_id", ""),
        "access_help": settings.ACCESS_HELP,
    }


def seated(request: HttpRequest) -> Any:
    """Whom a page may be drawn for: nobody, where no gate has asked and the session is too old to go by.

    An address that does not exist reaches no gate; pages of sign-in and sign-out are open to whoever comes.
    """
    user = getattr(request, "user", None)
    found = getattr(request, "resolver_match", None)
    is_signing = found is not None and "sso" in found.namespaces
    if user is None or not user.is_authenticated or is_signing:
        return user
    return user if getattr(request, "is_live", False) or sessions.is_fresh(request) else AnonymousUser()


def is_next_page(request: HttpRequest, user: Any) -> bool:
    """One that a person came to: beside what a press is answered with, a value among it, nothing is asked any more."""
    found = getattr(request, "resolver_match", None)
    is_signing = found is not None and "sso" in found.namespaces
    return request.method == "GET" and not is_signing and bool(user and user.is_authenticated)


def may_create(request: HttpRequest) -> bool:
    """Of the session, beside what the person may: never under break-glass, nor while nobody can vouch for them."""
    return bool(getattr(request, "may_create", True)) and not sessions.is_break_glass(request)


_known: dict[str, tuple[float, EndpointNotice]] = {}
_asking = threading.Lock()


def endpoint_notice(endpoint: str) -> EndpointNotice | None:
    """What kind of place codes are asked of, unless it is the cloud itself.

    Only the endpoint can say that it is the sandbox. Its yes is kept; a no or
    silence is asked again after a while, since the sandbox may start later. One
    page asks, for at most half a second, and the others wait for its answer.
    """
    if is_cloud_endpoint(endpoint):
        return None
    notice = _recent(endpoint)
    if notice is None:
        with _asking:
            notice = _recent(endpoint) or _ask(endpoint)
    return notice


def _recent(endpoint: str) -> EndpointNotice | None:
    asked_at, notice = _known.get(endpoint, (0.0, None))
    lasts = notice is not None and (notice.is_sandbox or time.monotonic() - asked_at < ASK_AGAIN_SECONDS)
    return notice if lasts else None


def _ask(endpoint: str) -> EndpointNotice:
    notice = EndpointNotice(host=endpoint.partition("://")[2], is_sandbox=cloud.client().is_sandbox())
    _known[endpoint] = (time.monotonic(), notice)
    return notice
