"""Sends a browser on, in the way that the browser obeys.

A GET is redirected. What answers a POST must not be: Chromium holds the page's
``form-action 'self'`` against each redirect that follows, the provider's
address included, so a page of ours moves on instead.
"""

from urllib.parse import quote

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

NEXT_LENGTH = 500  # with what was typed, all our cookies stay below the 8190 bytes that gunicorn takes of a header


def to(request: HttpRequest, address: str) -> HttpResponse:
    if request.method in {"GET", "HEAD"}:
        return HttpResponseRedirect(address)
    return render(request, "sso/moving.html", {"address": address})


def to_sign_in(request: HttpRequest, *, next: str) -> HttpResponse:
    address = f"{resolve_url(settings.LOGIN_URL)}?next={quote(next, safe='/')}"
    return to(request, address) if settings.SINGLE_SIGN_ON else HttpResponseRedirect(address)


def ours(request: HttpRequest, wanted: str) -> str:
    """The page to go on to, only ever on this site; the home page for anything else."""
    safe = wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not safe or len(wanted) > NEXT_LENGTH or not wanted.isprintable():
        return resolve_url(settings.LOGIN_REDIRECT_URL)
    return iri_to_uri(wanted)


def is_fetch(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "fetch"
