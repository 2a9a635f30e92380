"""Decides what surrounds every request: its id, its true client, health answers, headers, error pages."""

import ipaddress
import logging
import secrets
import time
from collections.abc import Callable
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal import errors, health, startup
from portal.logs import request_id
from registercodes import access, views
from registercodes.database import DATABASE_AWAY

log = logging.getLogger("portal.middleware")

HEALTH_PATHS = {"/healthz": health.alive, "/readyz": health.ready}

Answer = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives each request an id of our own making; an id that a client sends is never adopted."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = new_id()
        started = time.monotonic()
        token = request_id.set(request.request_id)
        try:
            response = self.get_response(request)
            self.log_request(request, response, milliseconds=round((time.monotonic() - started) * 1000, 1))
        finally:
            request_id.reset(token)
        response["X-Request-Id"] = request.request_id
        return response

    def log_request(self, request: HttpRequest, response: HttpResponse, *, milliseconds: float) -> None:
        """One line for each request; the path only, since nothing secret is ever in one."""
        facts = {"method": request.method, "path": request.path_info, "status": response.status_code}
        level = logging.DEBUG if request.path_info in HEALTH_PATHS else logging.INFO
        log.log(level, "request", extra={**facts, "milliseconds": milliseconds})


def new_id() -> str:
    """32 hex digits that begin with their time: the record's index of them then grows at its end.

    Random ones cost an event a fifth more at a million rows, each on a page of its own.
    """
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


class HealthMiddleware:
    """Answers /healthz and /readyz before host and TLS checks: probes speak plain HTTP to an address."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = HEALTH_PATHS.get(request.path_info)
        return answer() if answer else self.get_response(request)


class ProxyMiddleware:
    """Finds the client's address and scheme, believing only the PROXY_HOPS proxies that are ours."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        peer = request.META.get("REMOTE_ADDR", "")
        believed = settings.PROXY_HOPS > 0 and is_trusted(peer, tuple(settings.TRUSTED_PROXIES))
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if believed else ""
        scheme = hop(request.META.pop("HTTP_X_FORWARDED_PROTO", "")) if believed else ""
        if not believed:
            request.META.pop("HTTP_X_FORWARDED_PROTO", None)
        elif scheme:
            request.META["HTTP_X_FORWARDED_PROTO"] = scheme
        request.client_ip = client_address(peer=peer, forwarded=forwarded, believed=believed)
        return self.get_response(request)


def hop(header: str, *, at_least: int | None = None) -> str:
    """The entry our outermost proxy wrote: PROXY_HOPS from the right; one lone entry serves schemes."""
    entries = [entry.strip() for entry in header.split(",")]
    if len(entries) < (at_least or 1):
        return ""
    return entries[-min(settings.PROXY_HOPS, len(entries))]


def client_address(*, peer: str, forwarded: str, believed: bool) -> str:
    if not believed:
        return peer if is_address(peer) else ""
    address = hop(forwarded, at_least=settings.PROXY_HOPS)
    if is_address(address) and "%" not in address:  # a zone is the peer's own word, of any length
        return address
    log.warning("forwarded_header_unusable", extra={"peer": peer})
    return peer if is_address(peer) else ""


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1024)
def is_trusted(peer: str, proxies: tuple[str, ...]) -> bool:
    """A peer without an address came through a unix socket."""
    if not is_address(peer):
        return "unix" in proxies
    address = ipaddress.ip_address(peer)
    return any(address in ipaddress.ip_network(proxy) for proxy in proxies if proxy != "unix")


class HeadersMiddleware:
    """Headers of every page: nothing is kept by caches, nothing is offered to other origins."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private")
        response.setdefault("Permissions-Policy", "clipboard-write=(self), camera=(), microphone=(), geolocation=()")
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response


class BusyDatabaseMiddleware:
    """A database that is busy, away or not checked yet is the 503 page; errors.server_error does it for middleware.

    The other error that a view has no page of its own for is a wrong method: Django answers with an empty one.
    """

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not startup.may_serve():
            return errors.unavailable(request)
        response = self.get_response(request)
        return errors.not_allowed(request, response) if response.status_code == 405 else response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, DATABASE_AWAY):
            return None
        log.error("database_unavailable", extra={"path": request.path}, exc_info=True)
        return errors.unavailable(request)


class RefusalMiddleware:
    """Puts on record what a signed-in person was refused, with where they asked from; the answer stays what it is."""

    def __init__(self, get_response: Answer) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, access.Refusal):
            access.note(exception, user=request.user, origin=views.origin_of(request))
