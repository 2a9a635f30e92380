"""Keeps what somebody typed while their browser is away at the provider: in a cookie of their own, for that page only.

Typed fields, never a value: no page that shows one has a form to send it back.
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict

SALT = "portal.sso.kept"
SECONDS = 900
LENGTH = 3800  # browsers drop a cookie of more than 4096 bytes, name and attributes included
NOT_TYPED = "csrfmiddlewaretoken"


def keep(request: HttpRequest, response: HttpResponse, *, path: str, person: int) -> bool:
    """``path`` is the page that will show the fields again. False where they are more than a cookie holds."""
    fields = {name: values for name, values in request.POST.lists() if name != NOT_TYPED}
    text = signing.dumps({"path": path, "person": person, "fields": fields}, salt=SALT, compress=True)
    if len(text) > LENGTH:
        return False
    response.set_cookie(_name(), text, max_age=SECONDS, **_attributes())
    return True


def fields_for(request: HttpRequest, *, person: int) -> QueryDict | None:
    """What this person typed into this page; nobody else's, and no other page's."""
    try:
        kept: Mapping[str, Any] = signing.loads(request.COOKIES.get(_name(), ""), salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return None
    if kept["person"] != person or kept["path"] != request.path:
        return None
    fields = QueryDict(mutable=True)
    for name, values in kept["fields"].items():
        fields.setlist(name, values)
    return fields


def drop(response: HttpResponse) -> None:
    response.set_cookie(_name(), "", max_age=0, **_attributes())


def _attributes() -> dict[str, Any]:
    return {"secure": settings.SESSION_COOKIE_SECURE, "httponly": True, "samesite": "Lax"}


def _name() -> str:
    return "portal-typed" if settings.DEVELOPMENT else "__Host-portal-typed"
