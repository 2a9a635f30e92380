"""Decides when a connection may carry a request; notes on the Exchange that it does, and never carries two of one.

urllib3's own classes, changed in four places: what is left of the deadline
bounds connecting, an idle connection is not trusted, the request's first byte
is noted, and nothing is taken from the environment.
"""

import ipaddress
import logging
import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any, Final

import certifi
import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from registercodes.tat.deadline import Exchange

IDLE_MAX: Final = 5.0  # seconds; a connection that went black while idle would make a create unknown
POOL_SIZE: Final = 16
# Only connects are repeated: Retry(3, allowed_methods=None, ...) sent a create four times.
CONNECT_ONLY: Final = Retry(
    total=None, connect=2, read=0, redirect=0, status=0, other=0, backoff_factor=0.1, respect_retry_after_header=False
)

on_this_thread = threading.local()  # .exchange while one is under way


class _WithoutQuotes(logging.Filter):
    """urllib3 logs header lines it cannot parse, and a broken answer may have the value in one of them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return getattr(on_this_thread, "exchange", None) is None  # other users of urllib3 keep their lines


logging.getLogger("urllib3.connection").addFilter(_WithoutQuotes())


class NotNow(Exception):
    """Raised on the established connection instead of sending; the exchange's reason says why."""


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
        try:
            seconds = exchange.to_connect()  # late: the reason of the try before stands
            exchange.reason = "dns"
            return look_up(self._dns_host, self.port, seconds=seconds)
        except socket.gaierror as problem:
            raise NameResolutionError(self.host, self, problem) from None
        except TimeoutError:
            raise NewConnectionError(self, exchange.reason) from None

    def _connect(self, sock: socket.socket, address: Any, exchange: Exchange) -> None:
        sock.settimeout(exchange.to_connect())  # holds for the TLS handshake too
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
        exchange: Exchange | None = getattr(on_this_thread, "exchange", None)
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


class Adapter(HTTPAdapter):
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


class Session(requests.Session):
    def resolve_redirects(self, *args: Any, **kwargs: Any) -> Iterator[requests.Response]:
        """Nothing: even with redirects off requests reads a redirect's whole body here, without limit."""
        return iter(())


def look_up(host: str, port: int, *, seconds: float) -> list[tuple[Any, ...]]:
    """getaddrinfo within a time. It cannot be cut: a resolver that hangs keeps a thread of its own, not ours."""
    if _is_address(host):
        return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
    answers: queue.SimpleQueue[list[tuple[Any, ...]] | OSError] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as problem:
            answers.put(problem)

    threading.Thread(target=ask, name="tat-dns", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def tls_context(ca_file: str | None = None, *, system_authorities: bool = False) -> ssl.SSLContext:
    """Certificates and names verified, TLS 1.2 at least, and no SSLKEYLOGFILE from the environment.

    ``system_authorities`` adds those of this machine, a company's own among them.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(ca_file or certifi.where())
    if system_authorities:
        context.load_default_certs()
    return context


def _current() -> Exchange:
    exchange: Exchange = on_this_thread.exchange
    return exchange


def _reason_of(failure: OSError | None) -> str:
    if isinstance(failure, TimeoutError):
        return "connect_timeout"
    if isinstance(failure, ConnectionRefusedError):
        return "refused"
    return "unreachable"
