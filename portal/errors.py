"""Renders the error pages: what happened, whether anything was created, what to do, a reference."""

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from portal.sso import sessions
from registercodes import access, views
from registercodes.database import DATABASE_AWAY


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", {"switched_off": isinstance(exception, access.TeamSwitchedOff)}, status=403)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Of the forms for new codes what was typed is kept; but what another site sent is never shown as ours.

    The token changes at every sign-in. Without a session (it ended, or has to be checked) there is nobody to show
    the form to.
    """
    ours = not reason.startswith(("Origin checking failed", "Referer checking failed"))
    found = request.resolver_match
    once_more = views.ONCE_MORE.get(found.view_name) if found else None
    is_somebody = request.user.is_authenticated and sessions.is_fresh(request)
    if ours and once_more and is_somebody:
        note = _("This form belonged to an earlier sign-in. Nothing was sent. Look it over, then press again.")
        return once_more(request, **found.kwargs, status=403, note=note)
    return render(request, "403_csrf.html", status=403)


def not_allowed(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Django's answer is an empty page."""
    page = render(request, "405.html", status=405)
    page["Allow"] = response["Allow"]
    return page


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while the exception is being handled: a database that is away is 503, never 500."""
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return unavailable(request)
    return _bare(request, "500.html", status=500)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The record cannot be read or written now."""
    response = _bare(request, "503.html", status=503)
    response["Retry-After"] = "5"
    return response


def _bare(request: HttpRequest, template: str, *, status: int) -> HttpResponse:
    """Rendered without the context processors, which ask the database."""
    return HttpResponse(render_to_string(template, {"request_id": getattr(request, "request_id", "")}), status=status)
