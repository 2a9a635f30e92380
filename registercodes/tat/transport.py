"""Decides whether a request left this machine; never follows a redirect, obeys the environment or sends twice.

No exception type tells sent from not sent (a TLS server that read the whole
request and then broke raises the SSLError of a failed handshake), so the
connection itself notes on the Exchange when it is about to send.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Final

import requests

from registercodes.tat.connections import Adapter, Session, on_this_thread, tls_context
from registercodes.tat.deadline import Exchange, Watchdog
from registercodes.tat.errors import NotSent, Unknown

BODY_MAX: Final = 1_000_000  # bytes; a page of 100 codes is under 60 KB


@dataclass(frozen=True, repr=False)
class Received:
    """An answer, unread. Its repr is the object's address: the body may hold a value."""

    status: int
    content_encoding: str
    is_sandbox: bool
    body: bytes
    date: str = ""  # the server's clock, where it tells


class Transport:
    """The pooled session and the watchdog of one process. Safe for threads."""

    def __init__(self, *, ca_file: str | None = None, secure: bool = True, system_authorities: bool = False) -> None:
        self._watchdog = Watchdog()
        self._session = Session()
        self._session.trust_env = False  # .netrc would replace the Authorization header
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", self._tls_adapter(ca_file, system_authorities) if secure else Adapter())
        self._session.mount("http://", Adapter())

    @staticmethod
    def _tls_adapter(ca_file: str | None, system_authorities: bool) -> Adapter:
        return Adapter(tls=tls_context(ca_file, system_authorities=system_authorities))

    def send(self, request: requests.PreparedRequest, exchange: Exchange) -> Received:
        """The answer in full and in time, or NotSent, or Unknown."""
        received, failure = None, ""
        on_this_thread.exchange = exchange
        self._watchdog.watch(exchange)
        try:
            received = self._receive(request, exchange)
        except Exception as problem:  # its type says nothing reliable, see above; its text may quote the body
            failure = type(problem).__name__
        finally:
            self._watchdog.release(exchange)
            on_this_thread.exchange = None
        # Raised out here so that no exception carrying request or body hangs on ours as its context.
        if failure and not exchange.sending:
            raise NotSent(exchange.reason)
        if exchange.is_late:
            raise Unknown("deadline")  # whatever was reported: a cut socket can look like 200 with an empty body
        if received is None:
            raise Unknown("connection", detail=failure)
        return received

    def _receive(self, request: requests.PreparedRequest, exchange: Exchange) -> Received:
        response = self._session.send(
            request,
            stream=True,
            timeout=(exchange.connect_timeout, max(exchange.remaining(), 0.001)),
            allow_redirects=False,
            verify=True,
            cert=None,
            proxies={},
        )
        body = response.raw.read(BODY_MAX + 1, decode_content=False)
        if len(body) > BODY_MAX:
            response.close()
        headers = response.headers
        return Received(
            status=response.status_code,
            content_encoding=headers.get("Content-Encoding", "").strip().lower(),
            is_sandbox="X-TAT-Sandbox" in headers,
            body=body,
            date=headers.get("Date", ""),
        )


class PerProcess:
    """Hands out one Transport per process: sockets and threads do not survive a fork."""

    def __init__(self, build: Callable[[], Transport]) -> None:
        self._build = build
        self._found: dict[int, Transport] = {}

    def current(self) -> Transport:
        pid = os.getpid()
        # setdefault is atomic: of two threads arriving first, one transport is dropped before its first use.
        return self._found.get(pid) or self._found.setdefault(pid, self._build())
