"""One call of the client at a raw server: what it asked, how it ended, and what servers do to it."""

import contextlib
import json
import os
import socket
import struct
import time

import pytest

from registercodes.tat import NotSent, Refused, Unknown
from tests.tat_wire import (
    after_reading,
    answering,
    client_of,
    create,
    http,
    wire,
)


def outcome_of(*scripts, tls=False, host="localhost", **options):
    """The failure of one create, with the wire it was made on."""
    with wire(*scripts, tls=tls, host=host) as server:
        with pytest.raises((NotSent, Refused, Unknown)) as caught:
            create(client_of(server, **options))
        time.sleep(0.02)  # a second request, if any, would be read by now
        return caught.value, server


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def send(answer):
    return after_reading(lambda connection: connection.sendall(answer))


def drip(connection, parts, *, pause=0.05):
    with contextlib.suppress(OSError):
        for part in parts:
            connection.sendall(part)
            time.sleep(pause)


def broken_record(connection):
    """A TLS server that read everything and then sends a record that is none."""
    with socket.socket(fileno=os.dup(connection.fileno())) as bare:
        bare.sendall(b"this is no TLS record at all")
        time.sleep(0.05)


def asked_of(call, answer, **options):
    """The result of ``call`` on a client, the headers and the parameters it sent."""
    with wire(answering(http(answer))) as server:
        result = call(client_of(server, **options))
        return result, server.headers(), json.loads(server.body())
