"""Where the sandbox listens, which is a loopback address and no other, and how it stops."""

import ipaddress
import logging
import socket
import socketserver
from http.server import ThreadingHTTPServer

from registercodes.sandbox.cloud import Cloud
from registercodes.sandbox.handler import Handler
from registercodes.sandbox.wire import reset

logger = logging.getLogger("registercodes.sandbox")
logger.addHandler(logging.NullHandler())


class Server(ThreadingHTTPServer):
    """Knows its live connections, so that stopping ends them too."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024

    def __init__(self, cloud: Cloud, *, host: str = "127.0.0.1", port: int = 0) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("the sandbox listens on a loopback address only")
        self.cloud = cloud
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._connections: set[socket.socket] = set()
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Without the base class's DNS look-up of its own name."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    @property
    def url(self) -> str:
        host = f"[{self.server_name}]" if ":" in self.server_name else self.server_name
        return f"http://{host}:{self.server_port}"

    def process_request(self, request: socket.socket, client_address: object) -> None:
        if self.cloud.faults.take_early("reset_on_accept"):
            reset(request)
            return
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: socket.socket, client_address: object) -> None:
        logger.debug("connection ended", exc_info=True)

    def stop(self) -> None:
        self.shutdown()
        self.cloud.faults.clear()
        for connection in list(self._connections):
            _hang_up(connection)
        self.server_close()
        self.cloud.store.close()


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        logger.debug("connection was gone already")
