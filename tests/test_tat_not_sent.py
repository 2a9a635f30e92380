"""A connection or handshake that never stood: nothing was sent, and the reason is named."""

import socket
import threading
import time

import pytest
from tat_outcomes import drip, outcome_of

from registercodes.tat import NotSent
from tests.tat_wire import (
    CODE_ID,
    answering,
    client_of,
    create,
    created,
    http,
    wire,
)


def test_a_refused_connection_is_not_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSent) as caught:
        create(client_of(f"http://127.0.0.1:{port}"))
    assert caught.value.reason == "refused"


def test_a_name_that_does_not_resolve_is_not_sent():
    with pytest.raises(NotSent) as caught:
        create(client_of("http://tat.invalid:1", deadline=5.0))
    assert caught.value.reason == "dns"


def test_a_connect_that_takes_too_long_is_not_sent():
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # fill the backlog so that no further SYN is answered
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        began = time.monotonic()
        with pytest.raises(NotSent) as caught:
            create(client_of(f"http://127.0.0.1:{address[1]}", connect_timeout=0.2, deadline=0.5))
        for one in waiting:
            one.close()
    assert caught.value.reason == "connect_timeout"
    assert time.monotonic() - began < 1.5


def test_connecting_is_tried_again_because_nothing_can_have_been_sent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    accepted = []

    def serve():
        time.sleep(0.1)  # the first connect is refused
        with socket.create_server(address) as late, late.accept()[0] as connection:
            accepted.append(connection.recv(65536))
            connection.sendall(http(created()))

    thread = threading.Thread(target=serve)
    thread.start()
    assert create(client_of(f"http://127.0.0.1:{address[1]}")).code_id == CODE_ID
    thread.join()
    assert len(accepted) == 1


def test_a_certificate_nobody_vouches_for_is_not_sent():
    failure, server = outcome_of(answering(http(created())), tls=True, ca_file=None)
    assert isinstance(failure, NotSent) and failure.reason == "tls"
    assert server.requests == []


def test_a_certificate_for_another_name_is_not_sent():
    failure, server = outcome_of(answering(http(created())), tls=True, host="127.0.0.2")
    assert isinstance(failure, NotSent) and failure.reason == "tls"
    assert server.requests == []


def test_a_handshake_with_a_server_that_speaks_no_tls_is_not_sent():
    def speaks_plain(connection, server):
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with wire(speaks_plain) as server, pytest.raises(NotSent) as caught:
        create(client_of(server.url.replace("http:", "https:")))
    assert caught.value.reason == "tls"


def test_a_handshake_that_never_ends_is_not_sent():
    def dripping(connection, server):
        connection.recv(65536)
        drip(connection, (b"\x16" for _ in range(100)))

    with wire(dripping) as server:
        began = time.monotonic()
        with pytest.raises(NotSent) as caught:
            create(client_of(server.url.replace("http:", "https:"), connect_timeout=0.3, deadline=2))
    assert caught.value.reason == "tls"
    assert time.monotonic() - began < 1.5


def test_a_process_that_slept_since_it_was_allowed_to_send_does_not_send():
    asked = []
    with wire(answering(http(created()))) as server:
        with pytest.raises(NotSent) as caught:
            create(client_of(server), fresh=lambda: asked.append(server.connections) or False)
        time.sleep(0.02)
    assert caught.value.reason == "stale"
    assert len(asked) == 1
    assert server.requests == []
