"""How bytes leave: whole answers for honest calls, and the torn, slow or reset ones that faults ask for."""

import os
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus

from registercodes.sandbox import MARK

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close() sends RST, not FIN
JSON = "application/json"


class Wire:
    """One connection; after `close` or `reset` nothing more can be sent."""

    def __init__(self, connection: socket.socket, *, pause: Callable[[float], object], date: str) -> None:
        self._connection = connection
        self._date = date
        self.pause = pause
        self.is_open = True

    def send(self, content: bytes) -> None:
        self._connection.sendall(content)

    def reset(self) -> None:
        reset(self._connection)
        self.is_open = False

    def close(self) -> None:
        self.is_open = False

    def head(self, *headers: tuple[str, str], status: int = 200) -> bytes:
        fixed = [("Server", "TAT sandbox"), ("Date", self._date), MARK]
        lines = [f"HTTP/1.1 {status} {_phrase(status)}", *(f"{name}: {value}" for name, value in (*fixed, *headers))]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def answer(self, body: bytes, *headers: tuple[str, str], content_type: str = JSON, status: int = 200) -> None:
        self.send(self.whole(body, *headers, content_type=content_type, status=status))

    def whole(self, body: bytes, *headers: tuple[str, str], content_type: str = JSON, status: int = 200) -> bytes:
        return self.head_for(body, *headers, content_type=content_type, status=status) + body

    def head_for(self, body: bytes, *headers: tuple[str, str], content_type: str = JSON, status: int = 200) -> bytes:
        described = (("Content-Type", content_type), ("Content-Length", str(len(body))))
        return self.head(*described, *headers, status=status)


def reset(connection: socket.socket) -> None:
    """Detaching first: files opened on the socket would otherwise keep it open and send FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    os.close(connection.detach())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
