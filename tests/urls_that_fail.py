"""The portal's addresses, and a few whose views fail in the ways a view can."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from portal.urls import handler400, handler403, handler500, urlpatterns  # noqa: F401

SECRET = "21e9b871e123427dbee18b0cf3e0d766f91d81a9902843b7b046d7b9ffb9d45a"


def failing(problem: Exception):
    def view(request: HttpRequest) -> HttpResponse:
        value = SECRET  # noqa: F841  what a debug page would print
        raise problem

    return view


urlpatterns = [
    *urlpatterns,
    path("fails/", failing(ZeroDivisionError(SECRET))),
    path("denies/", failing(PermissionDenied(SECRET))),
    path("suspects/", failing(SuspiciousOperation(SECRET))),
    path("is-busy/", failing(OperationalError(SECRET))),
    path("is-away/", failing(InterfaceError(SECRET))),
]
