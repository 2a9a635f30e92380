"""Renders the error pages: what happened, whether anything was created, what to do, a reference."""

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.views.defaults import server_error as django_server_error

DATABASE_AWAY = (OperationalError, InterfaceError)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django calls this while the exception is being handled: a database that is away is 503, never 500."""
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return unavailable(request)
    return django_server_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The record cannot be read or written now. Rendered without the context processors, which ask the database."""
    page = render_to_string("503.html", {"request_id": getattr(request, "request_id", "")})
    response = HttpResponse(page, status=503)
    response["Retry-After"] = "5"
    return response
