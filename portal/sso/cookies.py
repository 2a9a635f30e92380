"""Cookies that carry a sign-in and what was typed: their names and attributes. Signed by whoever sets them."""

from django.conf import settings
from django.http import HttpResponse


def named(name: str) -> str:
    """__Host-: no other name below the same domain can plant one (an attacker's sign-in in a victim's browser)."""
    return name if settings.DEVELOPMENT else f"__Host-{name}"


def keep(response: HttpResponse, name: str, text: str, *, seconds: int) -> None:
    response.set_cookie(
        name, text, max_age=seconds, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Lax"
    )


def drop(response: HttpResponse, name: str) -> None:
    """With the same attributes, or a browser ignores it: a __Host- cookie is set by its secure kind alone."""
    keep(response, name, "", seconds=0)
