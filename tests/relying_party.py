"""A portal's side of OpenID Connect in a few lines, to drive a provider with: takes answers, hears logout tokens."""

import hashlib
import secrets
import threading
from base64 import urlsafe_b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet
from oidc_provider import OidcProvider, choose

CALLBACK, SIGNED_OUT = "/sso/callback/", "/sso/signed-out/"


class Ears:
    """Listens where the portal would; `heard` are logout tokens, `answer` the status given to each."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.answer = 200
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        ears = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(200)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                ears.heard += dict(parse_qsl(body)).get("logout_token", "").split()
                self.reply(ears.answer)

            def reply(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words: object) -> None:
                pass

        return Handler


class RelyingParty:
    """One browser of one person at one portal."""

    def __init__(self, provider: OidcProvider, ears: Ears) -> None:
        self.provider, self.ears = provider, ears
        self.known = provider.discovery()
        self.variables = provider.environment()
        self.browser = requests.Session()
        self.browser.trust_env = False
        self.verifier = secrets.token_urlsafe(48)

    def ask(self, **changes: str | None) -> requests.Response:
        """The authorization request; ends at the callback or at one of the provider's pages."""
        challenge = urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        question = {
            "response_type": "code",
            "client_id": self.variables["OIDC_CLIENT_ID"],
            "redirect_uri": self.ears.url + CALLBACK,
            "scope": self.variables["OIDC_SCOPES"],
            "state": "a-state",
            "nonce": "a-nonce",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return self.browser.get(self.known["authorization_endpoint"], params=question | changes, timeout=10)

    def ask_silently(self, id_token: str | None = None) -> dict[str, str]:
        return answer_in(self.ask(prompt="none", id_token_hint=id_token))

    def sign_in(self, name: str) -> dict[str, str]:
        """Tokens, after a click on somebody."""
        return self.redeem(answer_in(choose(self.browser, self.ask(), name))["code"])

    def redeem(self, code: str, **changes: str) -> dict[str, str]:
        facts = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.ears.url + CALLBACK,
            "code_verifier": self.verifier,
        }
        proof = (self.variables["OIDC_CLIENT_ID"], self.variables["OIDC_CLIENT_SECRET"])
        return requests.post(self.known["token_endpoint"], facts | changes, auth=proof, timeout=10).json()

    def verified(self, token: str) -> dict:
        """Its claims, if one of the keys the provider publishes now signed it."""
        keys = KeySet.import_key_set(requests.get(self.known["jwks_uri"], timeout=10).json())
        return jwt.decode(token, keys, algorithms=["RS256"]).claims

    def userinfo(self, access_token: str) -> requests.Response:
        bearer = {"Authorization": f"Bearer {access_token}"}
        return requests.get(self.known["userinfo_endpoint"], headers=bearer, timeout=10)


def answer_in(response: requests.Response) -> dict[str, str]:
    """What the provider sent the browser back to the portal with."""
    parts = urlsplit(response.url)
    assert parts.path in (CALLBACK, SIGNED_OUT), response.text
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


@pytest.fixture(scope="module")
def standing_provider():
    """One for a whole module; `provider` is this one with its people as at the start."""
    with Ears() as ears, OidcProvider(ears.url) as provider:
        yield provider, ears


@pytest.fixture
def ears(standing_provider):
    standing_provider[1].heard.clear()
    standing_provider[1].answer = 200
    return standing_provider[1]


@pytest.fixture
def provider(standing_provider):
    standing_provider[0].reset()
    return standing_provider[0]


@pytest.fixture
def party(provider, ears):
    return RelyingParty(provider, ears)
