"""An OpenID provider of our own on loopback: honest unless told otherwise, and then wrong in exactly one detail.

Each answer is planned as an honest provider would give it and then passes through the change of its stage, so that
a misbehaviour is a small function over the plan. Codes are single use; what was issued is kept, so that a test can
look for it where it must not be. Knows nothing of the portal.
"""

import base64
import contextlib
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import token_forge
from provider_wire import Answer, Server, as_json
from token_forge import Signing

CLIENT_ID = "register-codes"
CLIENT_SECRET = "a-secret-of-the-client-0123456789abcdef"
ALICE = {
    "sub": "subject-of-alice",
    "preferred_username": "alice",
    "name": "Alice Anders",
    "email": "alice@example.com",
    "groups": ["sample-web"],
}
STAGES = {
    *("discovery", "discovery_answer", "keys", "keys_answer", "callback"),
    *("person", "header", "claims", "signing", "id_token", "tokens", "tokens_answer", "userinfo", "userinfo_answer"),
}
Change = Callable[[Any, "Provider"], Any]


@dataclass
class Attempt:
    """One sign-in, from the authorization request on."""

    asked: dict[str, str]
    access_token: str
    used: bool = False


class Provider:
    def __init__(self) -> None:
        self._server = Server(self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.let_go = threading.Event()
        self.reset()
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def reset(self) -> None:
        """Honest again; silent answers are given up."""
        self.let_go.set()
        self.let_go = threading.Event()
        self.issuer = self.url
        self.person: dict[str, Any] = dict(ALICE)
        self.signing = Signing("RS256", "rsa")
        self.published = [token_forge.published(name) for name in ("rsa", "rsa-next", "ec")]
        self.client_auth = ("client_secret_basic", "client_secret_post")
        self.requests: list[str] = []
        self.attempts: dict[str, Attempt] = {}
        self.issued: list[str] = [CLIENT_SECRET]
        self.complaints: list[str] = []
        self._changes: dict[str, Change] = {}

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def misbehave(self, **changes: Change) -> None:
        """From now on; a change gets what was planned and the provider."""
        unknown = changes.keys() - STAGES
        if unknown:
            raise KeyError(unknown)
        self._changes |= changes

    def planned(self, stage: str, plan: Any) -> Any:
        change = self._changes.get(stage)
        return change(plan, self) if change else plan

    # What a browser asks for.

    def decide(self, address: str) -> str:
        """Where the authorization endpoint sends a browser back to: everyone is signed in here already."""
        asked = dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))
        self._check_request(asked)
        code, attempt = self.keep(secrets.token_urlsafe(24)), Attempt(asked, self.keep(secrets.token_urlsafe(24)))
        for name in ("state", "nonce", "code_challenge"):
            self.keep(asked.get(name, ""))
        self.attempts[code] = attempt
        pairs = self.planned("callback", [("code", code), ("state", asked.get("state", "")), ("iss", self.issuer)])
        return f"{asked.get('redirect_uri', '')}?{urlencode(pairs)}"

    def _check_request(self, asked: dict[str, str]) -> None:
        wanted = {"response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256"}
        self.complaints += [f"{name} is {asked.get(name)!r}" for name in wanted if asked.get(name) != wanted[name]]
        given = ("state", "nonce", "code_challenge", "redirect_uri")
        self.complaints += [f"{name} is missing" for name in given if not asked.get(name)]
        if "openid" not in asked.get("scope", "").split():
            self.complaints.append("scope lacks openid")

    def keep(self, secret: str) -> str:
        self.issued += [secret] if secret else []
        return secret

    # What the portal asks for.

    def discovery(self) -> Answer:
        base = self.issuer.rstrip("/")
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/keys",
            "end_session_endpoint": f"{base}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.signing.algorithm],
            "token_endpoint_auth_methods_supported": list(self.client_auth),
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
        return self.planned("discovery_answer", as_json(self.planned("discovery", document)))

    def keys(self) -> Answer:
        return self.planned("keys_answer", as_json(self.planned("keys", {"keys": list(self.published)})))

    def tokens(self, form: dict[str, str], authorization: str) -> Answer:
        """Each code is good once, for whoever began with its challenge."""
        self.keep(form.get("code_verifier", ""))
        if not self._is_client(form, authorization):
            return as_json({"error": "invalid_client"}, status=401)
        attempt = self.attempts.get(form.get("code", ""))
        if attempt is None or attempt.used or not _proves(attempt, form):
            return self.planned("tokens_answer", as_json({"error": "invalid_grant"}, status=400))
        attempt.used = True
        answer = {
            "access_token": attempt.access_token,
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self.id_token(attempt),
        }
        return self.planned("tokens_answer", as_json(self.planned("tokens", answer)))

    def _is_client(self, form: dict[str, str], authorization: str) -> bool:
        pair = f"{quote(CLIENT_ID, safe='')}:{quote(CLIENT_SECRET, safe='')}"
        basic = self.keep(base64.b64encode(pair.encode()).decode())
        if "client_secret_basic" in self.client_auth and authorization == f"Basic {basic}":
            return True
        posted = (form.get("client_id"), form.get("client_secret"))
        return "client_secret_post" in self.client_auth and posted == (CLIENT_ID, CLIENT_SECRET)

    def id_token(self, attempt: Attempt) -> Any:
        now = int(time.time())
        claims = self.planned("person", dict(self.person)) | {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "iat": now,
            "exp": now + 300,
            "nonce": attempt.asked.get("nonce"),
            "at_hash": token_forge.half_hash(attempt.access_token, algorithm=self.signing.algorithm),
        }
        signing = self.planned("signing", self.signing)
        header = {"alg": self.signing.algorithm, "kid": self.signing.key, "typ": "JWT"}
        parts = {"header": self.planned("header", header), "claims": self.planned("claims", claims)}
        token = self.planned("id_token", token_forge.compact(**parts, signing=signing))
        self.keep(token if isinstance(token, str) else "")
        return token

    def userinfo(self, authorization: str) -> Answer:
        known = {f"Bearer {attempt.access_token}" for attempt in self.attempts.values() if attempt.used}
        if authorization not in known:
            return as_json({"error": "invalid_token"}, status=401)
        told = self.planned("userinfo", self.planned("person", dict(self.person)))
        return self.planned("userinfo_answer", as_json(told))


def _proves(attempt: Attempt, form: dict[str, str]) -> bool:
    challenge = token_forge.encoded(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
    asked_for = (form.get("grant_type"), form.get("redirect_uri"))
    expected = ("authorization_code", attempt.asked.get("redirect_uri"))
    return asked_for == expected and challenge == attempt.asked.get("code_challenge")


@contextlib.contextmanager
def running() -> Iterator[Provider]:
    provider = Provider()
    try:
        yield provider
    finally:
        provider.close()
