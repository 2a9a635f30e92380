"""One create at the sandbox over a raw socket: every byte that arrives, and how the connection ends."""

import socket

from sandbox_callers import signed_headers
from sandbox_process import CREATE, Sandbox

HEAD_END = b"\r\n\r\n"
QUICK = {
    "stall": {"seconds": 0.05},
    "stall_in_body": {"seconds": 0.05},
    "drip_headers": {"seconds": 0.001, "lines": 3},
    "drip_body": {"seconds": 0.0005},
    "gzip_bomb": {"megabytes": 2},
    "huge": {"megabytes": 1},
}


def connect(sandbox: Sandbox) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", sandbox.port), timeout=5)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def request(sandbox: Sandbox, *, action: str = CREATE, body: bytes = b"{}") -> bytes:
    headers = {**signed_headers(sandbox, body, action=action), "content-length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST / HTTP/1.1\r\n{lines}\r\n".encode() + body


def receive(connection: socket.socket, *, idle: float = 1) -> tuple[bytes, str]:
    """All that arrives, and how it ended: open (nothing more is due, or came for `idle` seconds), closed or reset."""
    received = b""
    connection.settimeout(idle)
    try:
        while part := connection.recv(1 << 20):
            received += part
            if is_whole(received):
                connection.settimeout(0.02)
    except TimeoutError:
        return received, "open"
    except ConnectionResetError:
        return received, "reset"
    return received, "closed"


def is_whole(received: bytes) -> bool:
    head, end, body = received.partition(HEAD_END)
    return bool(end) and b"Content-Length" in head and len(body) >= announced(head)


def provoke(sandbox: Sandbox, fault: str, *, asked: bytes = b"{}", **how: object) -> tuple[bytes, bytes, str]:
    """Head, body and ending of one create that meets the fault."""
    sandbox.fault(fault, **{**QUICK.get(fault, {}), **how})
    with connect(sandbox) as connection:
        connection.sendall(request(sandbox, body=asked))
        received, ending = receive(connection)
    head, _, content = received.partition(HEAD_END)
    return head, content, ending


def announced(head: bytes) -> int:
    lines = head.decode().lower().split("\r\n")
    return int(next(line for line in lines if line.startswith("content-length")).split(":")[1])
