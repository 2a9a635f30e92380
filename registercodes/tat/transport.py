"""Decides whether a request left this machine; never follows a redirect, obeys the environment or sends twice.

No exception type tells sent from not sent (a TLS server that read the whole
request and then broke raises the SSLError of a failed handshake), so the
connection itself notes on the Exchange when it is about to send.
"""

import logging
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from registercodes.tat.deadline import Exchange, Watchdog
from registercodes.tat.errors import NotSent, Unknown

BODY_MAX: Final = 1_000_000  # bytes; a page of 100 codes is under 60 KB
IDLE_MAX: Final = 5.0  # seconds; a connection that went black while idle would make a create unknown
POOL_SIZE: Final = 16
# Only connects are repeated: Retry(3, allowed_methods=None, ...) sent a create four times.
CONNECT_ONLY: Final = Retry(
    total=None, connect=2, read=0, redirect=0, status=0, other=0, backoff_factor=0.1, respect_retry_after_header=False
)

_thread = threading.local()


class _WithoutQuotes(logging.Filter):
    """urllib3 logs header lines it cannot parse, and a broken answer may have the value in one of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(_thread, "exchange", None) is None  # other users of urllib3 keep their lines


logging.getLogger("urllib3.connection").addFilter(_WithoutQuotes())


class NotNow(Exception):
    """Raised on the established connection instead of sending; the exchange's reason says why."""


@dataclass(frozen=True, repr=False)
class Received:
    """An answer, unread. Its repr is the object's address: the body may hold a value."""

    status: int
    content_encoding: str
    is_sandbox: bool
    body: bytes


class _Connection(HTTPConnection):
    idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        """As urllib3's, but every address gets what is left of the deadline, and the reason is noted."""
        exchange = _current()
        failure: OSError | None = None
        for family, kind, protocol, _, address in self._addresses(exchange):
            sock = socket.socket(family, kind, protocol)
            try:
                self._connect(sock, address, exchange)
            except OSError as problem:
                sock.close()
                failure = problem
                continue
            exchange.reason = "tls"  # what it will be if the next step, the handshake, fails
            return sock
        exchange.reason = _reason_of(failure)
        raise NewConnectionError(self, exchange.reason)

    def _addresses(self, exchange: Exchange) -> list[tuple[Any, ...]]:
        exchange.reason = "dns"
        try:
            return list(socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM))
        except socket.gaierror as problem:
            raise NameResolutionError(self.host, self, problem) from None

    def _connect(self, sock: socket.socket, address: Any, exchange: Exchange) -> None:
        timeout = min(exchange.connect_timeout, exchange.remaining())
        if timeout <= 0:
            raise TimeoutError
        sock.settimeout(timeout)  # holds for the TLS handshake too
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(address)

    def request(self, *args: Any, **kwargs: Any) -> None:
        """The one place where bytes leave: connection and handshake are done when this is called."""
        exchange = _current()
        if exchange.sending:
            raise NotNow  # a second send of one exchange, whoever asks for it
        exchange.sock = self.sock  # before the look at the clock: from here on the watchdog cuts it
        if exchange.is_late:
            exchange.reason = "connect_timeout"
            raise NotNow
        exchange.reason = "stale"
        if not exchange.fresh():
            raise NotNow
        exchange.sending = True
        super().request(*args, **kwargs)


class _TlsConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        if not connection.is_closed and not 0 <= _current().clock() - connection.idle_since < IDLE_MAX:
            connection.close()  # it connects again by itself
        return connection

    def _put_conn(self, conn: Any) -> None:
        exchange: Exchange | None = getattr(_thread, "exchange", None)
        if conn is not None and exchange is not None:
            conn.idle_since = exchange.clock()
        elif conn is not None:
            conn.close()  # given back by the garbage collector: nobody knows its state
        super()._put_conn(conn)

    def _validate_conn(self, conn: Any) -> None:
        super()._validate_conn(conn)
        if conn.is_closed:  # plain http would connect only while sending
            conn.connect()


class _TlsPool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


class _Adapter(HTTPAdapter):
    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        super().__init__(pool_maxsize=POOL_SIZE, max_retries=CONNECT_ONLY)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
        if self._tls is not None:
            pool_kwargs["ssl_context"] = self._tls
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """The context was given its authorities once; requests loads the bundle anew for each connection (20 ms)."""
        conn.cert_reqs = "CERT_REQUIRED"


class _Session(requests.Session):
    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Iterator[requests.Response]:
        """Nothing: even with redirects off requests reads a redirect's whole body here, without limit."""
        return iter(())


class Transport:
    """The pooled session and the watchdog of one process. Safe for threads."""

    def __init__(self, *, ca_file: str | None = None, secure: bool = True) -> None:
        self._watchdog = Watchdog()
        self._session = _Session()
        self._session.trust_env = False  # .netrc would replace the Authorization header
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self._session.mount("https://", _Adapter(tls=tls_context(ca_file)) if secure else _Adapter())
        self._session.mount("http://", _Adapter())

    def send(self, request: requests.PreparedRequest, exchange: Exchange) -> Received:
        """The answer in full and in time, or NotSent, or Unknown."""
        received, failure = None, ""
        _thread.exchange = exchange
        self._watchdog.watch(exchange)
        try:
            received = self._receive(request, exchange)
        except Exception as problem:  # its type says nothing reliable, see above; its text may quote the body
            failure = type(problem).__name__
        finally:
            self._watchdog.release(exchange)
            _thread.exchange = None
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


def tls_context(ca_file: str | None = None) -> ssl.SSLContext:
    """Certificates and names verified, TLS 1.2 at least, and no SSLKEYLOGFILE from the environment."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(ca_file or certifi.where())
    return context


def _current() -> Exchange:
    exchange: Exchange = _thread.exchange
    return exchange


def _reason_of(failure: OSError | None) -> str:
    if isinstance(failure, TimeoutError):
        return "connect_timeout"
    if isinstance(failure, ConnectionRefusedError):
        return "refused"
    return "unreachable"
