"""Renders the error pages: what happened, whether anything was created, what to do, a reference."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "403_csrf.html", status=403)


def unavailable(request: HttpRequest) -> HttpResponse:
    """The record cannot be written now. Renders without touching the database."""
    response = HttpResponse(_without_database("503.html", request), status=503)
    response["Retry-After"] = "5"
    return response


def _without_database(template: str, request: HttpRequest) -> str:
    from django.template.loader import render_to_string

    return render_to_string(template, {"request_id": getattr(request, "request_id", "")})
