"""A raw server for the client's tests: plays a script per connection and keeps what arrived; knows nothing of ours."""

import contextlib
import functools
import json
import os
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from registercodes.tat import StaticCredentials, TatClient

VALUE = "21e9b871e123427dbee18b0cf3e0d766f91d81a9902843b7b046d7b9ffb9d45a"
CODE_ID = "9b5rb72b-418f-4a81-b32e-f8bc80eef678"
REQUEST_ID = "12ee4f2e-6f2c-4b0c-8d3c-0d9a1f0c8b11"
SECRET_KEY = "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE"
WEBSERVER = {
    "Description": "webserver",
    "InstanceNamePrefix": "webserver",
    "RegisterLimit": 10,
    "EffectiveTime": 4,
    "IpAddressRange": "192.168.10.1/10",
}

Script = Callable[[socket.socket, "Wire"], None]


class Wire:
    """The first connection plays the first script, and so on; the last script serves all that follow."""

    def __init__(self, *scripts: Script, tls: bool = False, host: str = "localhost") -> None:
        self.scripts = scripts
        self.requests: list[bytes] = []
        self.connections = 0
        self._tls = _server_context() if tls else None
        self._listener = socket.create_server(("127.0.0.1" if host == "localhost" else host, 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{host}:{self.port}"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            script = self.scripts[min(self.connections, len(self.scripts) - 1)]
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._play, args=(connection, script), daemon=True).start()

    def _play(self, connection: socket.socket, script: Script) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), connection:
            if self._tls is None:
                script(connection, self)
                return
            with self._tls.wrap_socket(connection, server_side=True) as secured:
                self._open.append(secured)
                script(secured, self)

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def headers(self, number: int = -1) -> dict[str, str]:
        head = self.requests[number].partition(b"\r\n\r\n")[0].decode("latin-1")
        lines = (line.partition(": ") for line in head.split("\r\n")[1:])
        return {name.lower(): value for name, _, value in lines}

    def body(self, number: int = -1) -> bytes:
        return self.requests[number].partition(b"\r\n\r\n")[2]


@contextlib.contextmanager
def wire(*scripts: Script, tls: bool = False, host: str = "localhost") -> Iterator[Wire]:
    server = Wire(*scripts, tls=tls, host=host)
    try:
        yield server
    finally:
        server.close()


def read_request(connection: socket.socket, server: Wire) -> bool:
    """One whole request, kept; False at the end of the stream."""
    found = b""
    while b"\r\n\r\n" not in found:
        if not (more := connection.recv(65536)):
            return False
        found += more
    head, _, body = found.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    wanted = int(lengths[0].split(b":")[1]) if lengths else 0
    while len(body) < wanted:
        body += connection.recv(65536)
    server.requests.append(head + b"\r\n\r\n" + body)
    return True


def http(body: bytes, *, status: str = "200 OK", headers: str = "Content-Type: application/json\r\n") -> bytes:
    return f"HTTP/1.1 {status}\r\n{headers}Content-Length: {len(body)}\r\n\r\n".encode() + body


def envelope(**response: object) -> bytes:
    return json.dumps({"Response": {"RequestId": REQUEST_ID, **response}}).encode()


def created(**changes: object) -> bytes:
    return envelope(**{"RegisterCodeId": CODE_ID, "RegisterCodeValue": VALUE, **changes})


def error(code: str, message: str = "vendor text, 供应商") -> bytes:
    return envelope(Error={"Code": code, "Message": message})


def answering(*answers: bytes) -> Script:
    """Answers one request after another on the same connection; the last answer repeats."""

    def script(connection: socket.socket, server: Wire) -> None:
        while read_request(connection, server):
            number = min(len(server.requests), len(answers)) - 1
            connection.sendall(answers[number])

    return script


def after_reading(act: Callable[[socket.socket], None]) -> Script:
    """Reads one whole request and then does ``act`` instead of answering."""

    def script(connection: socket.socket, server: Wire) -> None:
        read_request(connection, server)
        act(connection)

    return script


def client_of(server: "Wire | str", **options: object) -> TatClient:
    url = server if isinstance(server, str) else server.url
    options.setdefault("credentials", StaticCredentials(secret_id="AKIDEXAMPLE", secret_key=SECRET_KEY))
    options.setdefault("connect_timeout", 1.0)
    options.setdefault("deadline", 3.0)
    if url.startswith("https"):
        options.setdefault("ca_file", str(certificate()[0]))
    return TatClient(endpoint=url, **options)  # type: ignore[arg-type]


def create(client: TatClient, **options: object):
    """One create with the vendor's own example."""
    asked = {"region": "ap-singapore", "parameters": WEBSERVER, "trace_id": "trace-1", **options}
    return client.create_register_code(**asked)  # type: ignore[arg-type]


@functools.cache
def certificate() -> tuple[Path, Path]:
    """A self-signed certificate for localhost, made once per test run."""
    folder = Path(tempfile.mkdtemp(prefix="tat-wire-"))
    config = folder / "openssl.cnf"
    config.write_text("[req]\ndistinguished_name=dn\n[dn]\n")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"), "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-config", str(config)),
        ],
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"]},
    )
    return folder / "cert.pem", folder / "key.pem"


def _server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate())
    return context
