"""Every row of the call fault table in which nothing was sent through the real page: state, reason, events, what the person reads, one call."""

import socket
from contextlib import contextmanager

import pytest
from call_endings import CREATE, NEW, ended
from reading_pages import send, text
from sandbox_process import Sandbox
from tat_wire import answering, created, http, wire

pytestmark = pytest.mark.django_db


@contextmanager
def refusing():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    yield address


@contextmanager
def without_name():
    yield "http://tat.invalid:8001"


@contextmanager
def silent():
    """A full backlog: no further connection is answered."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


@contextmanager
def speaking_no_tls():
    with wire(answering(http(b"", status="400 Bad Request"))) as server:
        yield server.url.replace("http:", "https:")


@contextmanager
def vouched_for_by_nobody():
    with wire(answering(http(created())), tls=True) as server:
        yield server.url
        assert server.requests == []


UNREACHED = {
    "refused": (refusing, "refused"),
    "a name that is none": (without_name, "dns"),
    "connect timeout": (silent, "connect_timeout"),
    "failed handshake": (speaking_no_tls, "tls"),
    "a certificate nobody vouches for": (vouched_for_by_nobody, "tls"),
}


@pytest.mark.parametrize(("place", "reason"), UNREACHED.values(), ids=UNREACHED)
def test_a_connection_that_never_stood_is_not_sent(as_alice, typed, settings, point_at, place, reason):
    settings.TAT_CONNECT_TIMEOUT, settings.TAT_DEADLINE = 0.2, 2.0
    with place() as address:
        point_at(address)
        ended(send(as_alice, NEW, typed()), "not_sent", reason=reason)


def test_keys_that_cannot_be_read_send_nothing(as_alice, typed, settings, point_at, tmp_path):
    with Sandbox(tmp_path) as fresh:
        point_at(fresh.url)
        settings.TENCENTCLOUD_SECRET_KEY_FILE = str(tmp_path / "missing")
        page = send(as_alice, NEW, typed())
        ended(page, "not_sent", reason="no_credentials")
        assert "missing" not in text(page)
        assert fresh.calls(CREATE) == []
