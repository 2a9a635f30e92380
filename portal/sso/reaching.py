"""Asks the provider what only asking tells: is it there, is its clock ours, are its keys usable, is the secret right.

Tells DNS, connection, TLS and HTTP apart, which sign-in itself has no use for.
No person is ever signed in by it: the code it tries cannot exist.
"""

import secrets
import socket
import ssl
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from portal.sso import exchange, provider, tokens
from portal.sso.finding import Finding, note, ok, wrong
from portal.sso.refusals import Refused, Unanswered
from registercodes.tat.connections import look_up, tls_context

STEP_SECONDS = 5.0
UNKNOWN_AUTHORITY = frozenset({18, 19, 20, 21})  # OpenSSL's verify codes of a chain that ends in nobody we know
CLOCK_NOTE = 5  # seconds
NO_SUCH_CODE = "checksso-"


def connection(address: str) -> Finding:
    """As far as TLS. Proxies of the environment are not used, by sign-in neither."""
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        look_up(host, port, seconds=STEP_SECONDS)
    except OSError:
        return wrong(f"DNS: no address is found for {host}. Is OIDC_ISSUER spelt right?")
    try:
        with socket.create_connection((host, port), timeout=STEP_SECONDS) as sock:
            return _handshake(sock, host) if parts.scheme == "https" else ok(f"{host} answers on port {port}.")
    except OSError as problem:
        why = "did not answer in time" if isinstance(problem, TimeoutError) else "cannot be connected to"
        return wrong(f"Connection: port {port} of {host} {why}. Is there a firewall between? Proxies are not used.")


def _handshake(sock: socket.socket, host: str) -> Finding:
    try:
        with tls_context(system_authorities=True).wrap_socket(sock, server_hostname=host):
            return ok(f"{host} answers, and its certificate is accepted.")
    except ssl.SSLCertVerificationError as problem:
        return wrong(f"TLS: the certificate of {host} is not accepted ({problem.verify_message}). {_mend(problem)}")
    except (ssl.SSLError, OSError):
        return wrong(f"TLS: {host} does not speak TLS 1.2 or newer there.")


def _mend(problem: ssl.SSLCertVerificationError) -> str:
    if problem.verify_code in UNKNOWN_AUTHORITY:
        return (
            "If an authority of your own company signed it, add that to this machine's authorities "
            "(update-ca-certificates), or name its file in SSL_CERT_FILE, for the portal as for this command."
        )
    return "It has to be mended at the provider, or OIDC_ISSUER names another host than the certificate."


def discovery() -> tuple[dict[str, Any] | None, list[Finding]]:
    """The document, and the provider's clock where it tells."""
    address = provider.discovery_address()
    try:
        received = exchange.fetch(address, until=exchange.until(), what="discovery")
    except Unanswered as away:
        return None, [wrong(f"HTTP: {address} gave no usable answer ({away.reason}).")]
    if received.status != 200:
        return None, [wrong(f"HTTP: {address} answers {received.status}. {_hint(received.status)}")]
    try:
        document = exchange.object_in(received, what="discovery")
    except Unanswered:
        return None, [wrong(f"HTTP: what {address} answers is not a discovery document.")]
    return document, [ok("Its discovery document can be read."), *clock(received.date, now=time.time())]


def _hint(status: int) -> str:
    if status in {301, 302, 303, 307, 308}:
        return "The portal follows no redirect: OIDC_ISSUER must be where it leads."
    return "OIDC_ISSUER is everything before /.well-known/ of the provider's discovery address."


def clock(date: str, *, now: float) -> list[Finding]:
    """Nothing where the provider does not tell."""
    try:
        apart = round(parsedate_to_datetime(date).timestamp() - now)
    except (ValueError, TypeError):
        return []
    if abs(apart) > tokens.LEEWAY:
        return [wrong(f"Its clock and ours are {abs(apart)} seconds apart; {tokens.LEEWAY} are borne. Set up NTP.")]
    if abs(apart) > CLOCK_NOTE:
        return [note(f"Its clock and ours are {abs(apart)} seconds apart; {tokens.LEEWAY} are borne.")]
    return [ok("Its clock and ours agree.")]


def keys(about: provider.Metadata) -> Finding:
    try:
        document = exchange.get(about.jwks_uri, until=exchange.until(), what="keys")
    except Unanswered as away:
        return wrong(f"Its keys cannot be read ({away.reason}).")
    found = tokens.published_keys(document)
    if not found:
        return wrong("It publishes no key that the portal takes: RSA of 2048 bits or more, EC or Ed25519.")
    return ok(f"It publishes {len(found)} usable key{'s' if len(found) > 1 else ''}.")


def secret(about: provider.Metadata, *, redirect_uri: str) -> Finding:
    """A code that nobody was given: who gets as far as refusing it has accepted the client."""
    code, verifier = NO_SUCH_CODE + secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    try:
        provider.token_answer(about, code=code, verifier=verifier, redirect_uri=redirect_uri, until=exchange.until())
    except Refused as refused:
        return _of_refusal(refused.reason)
    except Unanswered as away:
        return wrong(f"Its token endpoint gave no usable answer ({away.reason}).")
    return wrong("It gave tokens for a code that does not exist: do not sign in with this provider.")


def _of_refusal(said: str) -> Finding:
    if said == "token_invalid_grant":
        return ok("It accepts OIDC_CLIENT_ID with OIDC_CLIENT_SECRET.")
    if said in {"token_invalid_client", "token_unauthorized_client"}:  # the latter is Keycloak's for a wrong secret
        return wrong(f"It does not accept OIDC_CLIENT_ID with OIDC_CLIENT_SECRET ({said.removeprefix('token_')}).")
    return note(f"Whether it accepts OIDC_CLIENT_ID with OIDC_CLIENT_SECRET cannot be told from its answer ({said}).")
