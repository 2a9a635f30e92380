"""Where a request came from is believed of our own proxies only; a direct caller can claim neither address nor https."""

import contextlib
import logging
import socket

import pytest
from django.test import Client
from reading_pages import send
from sandbox_process import Sandbox
from server_process import Portal
from test_configuration import GOOD

from registercodes.models import AuditEvent, Fold

pytestmark = pytest.mark.django_db

PEER = "127.0.0.1"
CLIENT = "203.0.113.7"
SPOOFED = "198.51.100.66"


def recorded(settings, *, hops, forwarded=None, peer=PEER, trusted=("127.0.0.0/8", "::1", "unix")) -> str:
    """The address that a sign-in puts on record."""
    settings.PROXY_HOPS, settings.TRUSTED_PROXIES = hops, list(trusted)
    headers = {} if forwarded is None else {"HTTP_X_FORWARDED_FOR": forwarded}
    Fold.objects.all().delete()  # each sign-in is to be on record
    send(Client(), "/sso/sign-in/", {"person": "dora"}, REMOTE_ADDR=peer, **headers)
    return AuditEvent.objects.filter(action="user.signed_in").latest("sequence").client_ip


@pytest.mark.parametrize(
    ("hops", "forwarded", "address"),
    [
        (1, CLIENT, CLIENT),
        (1, f"{SPOOFED}, {CLIENT}", CLIENT),
        (1, f"{SPOOFED},10.0.0.1,{CLIENT}", CLIENT),
        (2, f"{CLIENT}, 10.0.0.9", CLIENT),
        (2, f"{SPOOFED}, {CLIENT}, 10.0.0.9", CLIENT),
        (3, f"{SPOOFED}, {CLIENT}, 10.0.0.8, 10.0.0.9", CLIENT),
        (1, "2001:db8::7", "2001:db8::7"),
        (1, f"  {CLIENT}  ", CLIENT),
    ],
)
def test_behind_our_proxies_the_address_the_outermost_saw_counts(settings, hops, forwarded, address):
    assert recorded(settings, hops=hops, forwarded=forwarded) == address


@pytest.mark.parametrize("forwarded", [None, "", CLIENT, f"{SPOOFED}, {CLIENT}", "garbage"])
def test_without_proxies_every_forwarded_header_is_ignored(settings, forwarded):
    assert recorded(settings, hops=0, forwarded=forwarded) == PEER


@pytest.mark.parametrize(
    ("hops", "forwarded"),
    [
        (1, None),
        (1, ""),
        (1, "unknown"),
        (1, f"{CLIENT}:4711"),
        (1, "[2001:db8::7]:443"),
        (1, f"{CLIENT}, <script>"),
        (1, f"{CLIENT},"),
        (1, "127.1"),
        (1, "0x7f.1"),
        (1, "fe80::1%" + "x" * 400),
        (2, CLIENT),
        (3, f"{CLIENT}, 10.0.0.9"),
    ],
    ids=ascii,
)
def test_a_malformed_or_too_short_chain_gives_the_peer_and_a_warning(settings, caplog, hops, forwarded):
    with caplog.at_level(logging.WARNING, "portal.middleware"):
        assert recorded(settings, hops=hops, forwarded=forwarded) == PEER

    assert "forwarded_header_unusable" in [line.getMessage() for line in caplog.records]


@pytest.mark.parametrize("peer", ["203.0.113.99", "10.1.2.3", "2001:db8::1", "fe80::1%eth0"])
def test_a_caller_that_is_no_proxy_of_ours_is_recorded_as_itself(settings, peer):
    assert recorded(settings, hops=1, forwarded=SPOOFED, peer=peer) == peer


def test_a_unix_socket_counts_as_ours_when_it_is_listed(settings):
    assert recorded(settings, hops=1, forwarded=CLIENT, peer="") == CLIENT
    assert recorded(settings, hops=1, forwarded=CLIENT, peer="", trusted=["127.0.0.0/8"]) == ""


@pytest.mark.parametrize("name", ["HTTP_X_REQUEST_ID", "HTTP_X_CORRELATION_ID", "HTTP_TRACEPARENT"])
def test_a_request_id_that_a_client_sends_is_never_adopted(client, name):
    theirs = "f" * 32

    ours = client.get("/sso/sign-in/", **{name: theirs})["X-Request-Id"]

    assert ours != theirs and len(ours) == 32
    assert client.get("/sso/sign-in/")["X-Request-Id"] != ours


# Only a real server shows whether https can be claimed: gunicorn itself reads such headers.

CLAIMS = (
    *(
        "X-Forwarded-Proto: https",
        "X-Forwarded-Proto: http, https",
        "X-Forwarded-Ssl: on",
        "X-Forwarded-Protocol: ssl",
    ),
    *("Forwarded: proto=https", "X-Scheme: https", "X_FORWARDED_PROTO: https", "Front-End-Https: on"),
)
PRODUCTION = {name: value for name, value in GOOD.items() if "TENCENT" not in name} | {
    "ALLOW_INSECURE_ENDPOINTS": "yes",
    "AUDIT_KEY_FALLBACKS": "development-only-audit-key-0123456789abcdef",  # the sample teams' events
}


def answer(portal, *headers, path="/", host="portal.example.com") -> str:
    """Status line and headers, for a request written by hand."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "Connection: close", *headers]
    with socket.create_connection(("127.0.0.1", portal.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode().partition("\r\n\r\n")[0]


def is_secure(portal, *headers) -> bool:
    """Whoever is not secure is sent to https; whoever is, to the sign-in page, with HSTS."""
    said = answer(portal, *headers)
    sent_to_https = "\r\nLocation: https://portal.example.com/\r\n" in said
    assert sent_to_https != ("Strict-Transport-Security" in said)
    return not sent_to_https


@pytest.fixture
def in_production(tmp_path):
    """Starts a portal in production mode with these variables."""
    with contextlib.ExitStack() as stack:

        def started(**environment):
            sandbox = stack.enter_context(Sandbox(tmp_path, rate=0))
            portal = Portal(tmp_path, sandbox, workers=1, **PRODUCTION, **environment)
            portal.database.execute("UPDATE registercodes_installation SET mode = 'production'")
            return stack.enter_context(portal)

        yield started


@pytest.mark.processes
def test_a_direct_caller_never_counts_as_https_whatever_it_claims(in_production):
    portal = in_production()

    assert not is_secure(portal)
    assert [claim for claim in CLAIMS if is_secure(portal, claim)] == []
    assert "redirects to itself for ever" in portal.wait_for_log("proxy_hops_is_0", level="WARNING")["meaning"]


@pytest.mark.processes
@pytest.mark.parametrize(
    "header", ["SCRIPT_NAME: /x", "PATH_INFO: /healthz", "Script-Name: /x", "Path-Info: /healthz"]
)
def test_a_header_never_moves_the_path(in_production, header):
    assert not answer(in_production(), header, path="/x/healthz").startswith("HTTP/1.1 200 ")


@pytest.mark.processes
def test_a_caller_that_is_no_proxy_of_ours_never_counts_as_https(in_production):
    portal = in_production(PROXY_HOPS=1, TRUSTED_PROXIES="10.0.0.1")

    assert [claim for claim in CLAIMS if is_secure(portal, claim)] == []


@pytest.mark.processes
def test_our_proxys_word_on_https_counts_and_no_other_headers(in_production):
    portal = in_production(PROXY_HOPS=1)

    assert [claim for claim in CLAIMS if is_secure(portal, claim)] == [
        *("X-Forwarded-Proto: https", "X-Forwarded-Proto: http, https")
    ]
    assert not is_secure(portal, "X-Forwarded-Proto: https, http")
    assert "proxy_hops_is_0" not in portal.output()
    assert answer(portal, path="/healthz", host="10.0.0.5").startswith("HTTP/1.1 200 ")
    assert answer(portal, "X-Forwarded-Proto: https", host="evil.example").startswith("HTTP/1.1 400 ")
    assert "\r\nLocation: /sso/login/?next=/\r\n" in answer(
        portal, "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example", "PATH_INFO: /healthz"
    )
