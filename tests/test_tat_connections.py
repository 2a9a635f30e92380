"""Connections: pooled, reused only while warm, one set per process, deaf to the environment, cut at the deadline."""

import os
import socket
import threading
import time

import pytest

from registercodes.tat import NotSent, Unknown
from registercodes.tat.deadline import Exchange, Watchdog
from tests.tat_wire import CODE_ID, after_reading, answering, client_of, create, created, http, wire

NOW = 1_772_699_245.0


@pytest.mark.parametrize("secured", [False, True], ids=["http", "https"])
def test_a_warm_connection_is_used_again(secured):
    with wire(answering(http(created())), tls=secured) as server:
        client = client_of(server)
        for _ in range(5):
            create(client)
        assert (server.connections, len(server.requests)) == (1, 5)


@pytest.mark.parametrize(("idle", "connections"), [(4.9, 1), (5.0, 2), (60.0, 2), (-1.0, 2)])
def test_a_connection_idle_for_five_seconds_is_not_used_again(idle, connections):
    now = [NOW]
    with wire(answering(http(created()))) as server:
        client = client_of(server, clock=lambda: now[0])
        create(client)
        now[0] += idle
        create(client)
        assert (server.connections, len(server.requests)) == (connections, 2)


def test_a_connection_the_server_closed_while_idle_costs_nothing():
    once = after_reading(lambda connection: connection.sendall(http(created())))
    with wire(once) as server:
        client = client_of(server)
        create(client)
        time.sleep(0.05)
        assert create(client).code_id == CODE_ID
        assert server.connections == 2


def test_a_connection_that_failed_is_not_used_again():
    with wire(answering(http(created())[:-10] + b""), answering(http(created()))) as server:
        client = client_of(server, deadline=0.3)
        with pytest.raises(Unknown):
            create(client)
        assert create(client).code_id == CODE_ID
        assert server.connections == 2


def test_threads_share_one_client():
    with wire(answering(http(created()))) as server:
        client = client_of(server)
        found = []

        def work():
            found.extend(create(client).code_id for _ in range(10))

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [CODE_ID] * 80
        assert len(server.requests) == 80
        assert server.connections <= 8


def test_a_forked_child_connects_for_itself_and_the_parents_connection_lives_on():
    with wire(answering(http(created()))) as server:
        client = client_of(server)
        create(client)
        child = os.fork()
        if child == 0:
            try:
                os._exit(0 if create(client).code_id == CODE_ID else 1)
            except BaseException:
                os._exit(2)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert server.connections == 2
        create(client)
        assert (server.connections, len(server.requests)) == (2, 3)


def test_proxies_and_netrc_in_the_environment_are_ignored(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login evil password evil\n")
    with wire(answering(http(created()))) as proxy, wire(answering(http(created()))) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
        create(client_of(server))
        assert (proxy.connections, len(server.requests)) == (0, 1)
        assert server.headers()["authorization"].startswith("TC3-HMAC-SHA256 ")


def test_authorities_and_key_logs_in_the_environment_are_ignored(monkeypatch, tmp_path):
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    with wire(answering(http(created())), tls=True) as server:
        assert create(client_of(server)).code_id == CODE_ID
    assert not keys.exists()


def test_cookies_are_never_sent_back():
    answer = http(created(), headers="Set-Cookie: a=b; Path=/\r\n")
    with wire(answering(answer)) as server:
        client = client_of(server)
        create(client)
        create(client)
        assert "cookie" not in server.headers()
        assert not client._caller._transports.current()._session.cookies


def test_head_and_body_of_a_request_leave_without_waiting_for_an_acknowledgement():
    options = []
    with wire(answering(http(created()))) as server:
        client = client_of(server)

        def look():
            exchange = next(
                entry[2] for entry in client._caller._transports.current()._watchdog._queue if not entry[2].over
            )
            options.append(exchange.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            return True

        create(client, fresh=look)
    assert options and options[0]


# Names


def slow_resolver(seconds):
    def slow(*asked, **how):
        time.sleep(seconds)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    return slow


def test_a_resolver_that_hangs_holds_no_call_beyond_its_deadline(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", slow_resolver(2))
    began = time.monotonic()
    with pytest.raises(NotSent) as caught:
        create(client_of("http://tat.example:8001", deadline=0.5, connect_timeout=5))
    assert caught.value.reason == "dns"
    assert time.monotonic() - began < 1


def test_a_resolver_that_hangs_costs_each_try_the_time_to_connect_at_most(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", slow_resolver(2))
    began = time.monotonic()
    with pytest.raises(NotSent) as caught:
        create(client_of("http://tat.example:8001", deadline=10, connect_timeout=0.2))
    assert caught.value.reason == "dns"
    assert time.monotonic() - began < 1.5  # three tries


def test_asking_whether_it_is_the_sandbox_ends_in_time_whatever_the_resolver_does(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", slow_resolver(2))
    began = time.monotonic()
    assert client_of("http://tat.example:8001").is_sandbox(timeout=0.2) is False
    assert time.monotonic() - began < 0.5


# The watchdog


def watchers():
    return {thread for thread in threading.enumerate() if thread.name == "tat-deadline"}


def exchange_due_in(seconds):
    return Exchange(deadline=time.monotonic() + seconds, connect_timeout=1.0)


def test_one_thread_cuts_many_exchanges_each_at_its_own_deadline():
    watchdog, pairs = Watchdog(), [socket.socketpair() for _ in range(20)]
    before = watchers()
    began = time.monotonic()
    for number, (ours, _) in enumerate(reversed(pairs)):
        exchange = exchange_due_in(0.3 - number * 0.01)
        exchange.sock = ours
        watchdog.watch(exchange)
    assert len(watchers() - before) == 1
    for ours, theirs in pairs:
        assert ours.recv(1) == b""
        ours.close()
        theirs.close()
    assert time.monotonic() - began < 0.6


def test_a_released_exchange_is_not_cut():
    watchdog, (ours, theirs) = Watchdog(), socket.socketpair()
    exchange = exchange_due_in(0.05)
    exchange.sock = ours
    watchdog.watch(exchange)
    watchdog.release(exchange)
    time.sleep(0.15)
    theirs.sendall(b"x")
    assert ours.recv(1) == b"x"
    assert not exchange.cut
    ours.close()
    theirs.close()


def test_a_shorter_deadline_is_kept_although_a_longer_one_came_first():
    watchdog, (ours, theirs) = Watchdog(), socket.socketpair()
    watchdog.watch(exchange_due_in(30))
    time.sleep(0.05)  # its thread is asleep until then
    exchange = exchange_due_in(0.1)
    exchange.sock = ours
    watchdog.watch(exchange)
    began = time.monotonic()
    assert ours.recv(1) == b""
    assert time.monotonic() - began < 0.5
    ours.close()
    theirs.close()


def test_an_exchange_past_its_deadline_is_late_even_if_nobody_was_awake_to_cut_it():
    exchange = exchange_due_in(-0.001)
    assert exchange.is_late and not exchange.cut


def test_a_cut_does_not_touch_the_next_call_on_the_same_connection():
    with wire(answering(http(created()))) as server:
        client = client_of(server, deadline=0.15)
        began = time.monotonic()
        while time.monotonic() - began < 0.5:
            create(client)
        assert server.connections == 1
