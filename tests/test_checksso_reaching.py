"""`manage.py checksso` tells names, connections, certificates, clocks and secrets apart, each in a sentence."""

import time
from email.utils import formatdate

import pytest
from checksso_lines import answers_there, check, said, the_wrong  # noqa: F401
from hostile_provider import CLIENT_SECRET
from misbehaving import answer
from provider_visitor import loopback_provider, provider  # noqa: F401
from provider_wire import Answer, as_json
from tat_wire import answering, certificate, http, wire

from portal.sso import reaching

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("answers_there")]


@pytest.mark.parametrize("name", ["OIDC_CLIENT_SECRET", "OIDC_CLIENT_ID"])
def test_a_wrong_secret_or_id_is_told_from_a_right_one(provider, settings, name):
    setattr(settings, name, "a-wrong-one-0123456789")

    assert "does not accept OIDC_CLIENT_ID with OIDC_CLIENT_SECRET (invalid_client)" in the_wrong(check()[1])


@pytest.mark.parametrize(
    ("told", "kind", "words"),
    [
        (as_json({"error": "unauthorized_client"}, status=401), "wrong", "unauthorized_client"),
        (as_json({"error": "invalid_request"}, status=400), "note", "invalid_request"),
        (as_json({"error": "\x1b[2J"}, status=400), "note", "token_refused"),
        (as_json({"error": "invalid_grant"}, status=400), "ok", "accepts"),
        (Answer(b"", status=500), "wrong", "token_status"),
    ],
)
def test_what_the_token_endpoint_says_of_a_code_that_cannot_exist(provider, told, kind, words):
    provider.misbehave(tokens_answer=lambda plan, provider: told)

    _, lines = check()

    assert [line for line in said(kind, lines) if words in line]


def test_an_unknown_host_is_told_from_one_that_does_not_answer(settings, provider):
    settings.OIDC_ISSUER = "https://login.invalid"
    assert the_wrong(check()[1]).startswith("DNS: no address is found for login.invalid")

    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    assert the_wrong(check()[1]).startswith("Connection: port 9 of 127.0.0.1 cannot be connected to")


def test_a_certificate_of_a_private_authority_is_named_with_what_to_do(settings, provider):
    with wire(answering(http(b"{}")), tls=True) as server:
        settings.OIDC_ISSUER = server.url

        line = the_wrong(check()[1])

    assert line.startswith("TLS: the certificate of") and "self-signed" in line and "SSL_CERT_FILE" in line


def test_with_that_authority_the_certificate_is_accepted(settings, provider, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate()[0]))
    with wire(answering(http(b"{}")), tls=True) as server:
        assert reaching.connection(server.url).kind == "ok"


def test_a_server_that_speaks_no_tls_is_told(provider):
    address = provider.url.replace("http:", "https:")

    assert reaching.connection(address).text.startswith("TLS: 127.0.0.1 does not speak TLS")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Answer(b"", status=404), "answers 404. OIDC_ISSUER is everything before"),
        (Answer(b"", status=302, headers=(("Location", "/moved"),)), "follows no redirect"),
        (Answer(b"<!doctype html>", content_type="text/html"), "is not a discovery document"),
        (Answer(b"[]"), "is not a discovery document"),
    ],
)
def test_what_is_no_discovery_document_is_the_last_that_is_said(provider, told, words):
    provider.misbehave(discovery_answer=lambda plan, provider: told)

    assert words in the_wrong(check()[1])
    assert provider.requests == ["/.well-known/openid-configuration"]


def test_a_provider_that_never_answers_is_given_up(provider, settings):
    settings.OIDC_DEADLINE = 0.5
    provider.misbehave(discovery_answer=lambda plan, provider: Answer(b"", silent=True))
    began = time.monotonic()

    assert "gave no usable answer (discovery_deadline)" in the_wrong(check()[1])
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("seconds", "kind"), [(0, "ok"), (-3, "ok"), (30, "note"), (-59, "note"), (90, "wrong"), (-7200, "wrong")]
)
def test_a_clock_that_is_off_is_told(seconds, kind):
    now = 1_800_000_000

    [finding] = reaching.clock(formatdate(now + seconds, usegmt=True), now=now)

    assert finding.kind == kind
    assert (str(abs(seconds)) in finding.text) is (kind != "ok")


def test_the_clock_is_read_off_the_answer_it_gives(provider):
    date = ("Date", formatdate(time.time() - 600, usegmt=True))
    provider.misbehave(**answer("discovery", headers=(date,)))

    assert "clock and ours are 600 seconds apart" in the_wrong(check()[1]).replace("601", "600")


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"])
def test_a_clock_that_is_not_told_is_left_out(date):
    assert reaching.clock(date, now=1_800_000_000) == []


# What must not happen.


def test_a_secret_is_in_no_line_however_the_provider_answers(provider, settings):
    provider.misbehave(tokens_answer=lambda plan, provider: as_json({"error": CLIENT_SECRET}, status=400))

    _, lines = check()

    assert CLIENT_SECRET not in "".join(lines)
