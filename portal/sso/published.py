"""Decides from the discovery document alone whether sign-in can work with this provider. Pure: asks nobody.

OpenID Connect Discovery 1.0, section 3; what a list leaves out there may still
work, so only what the portal cannot do without is wrong.
"""

from collections.abc import Callable, Mapping
from typing import Any

from portal.sso import provider, tokens
from portal.sso.finding import Finding, note, ok, quoted, words_in, wrong
from portal.sso.refusals import Away

Document = Mapping[str, Any]

NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
CLIENT_METHODS = ("client_secret_basic", "client_secret_post")


def issuer_named(document: Document, *, configured: str) -> Finding:
    """Tokens carry it to the letter, so a closing slash decides."""
    said = document.get("issuer")
    if said == configured:
        return ok(f"The provider calls itself {configured}, as OIDC_ISSUER does.")
    if isinstance(said, str) and said.rstrip("/") == configured.rstrip("/"):
        return wrong(f"OIDC_ISSUER differs from the provider's own name by its closing slash: write {quoted(said)}")
    return wrong(f"The provider calls itself {quoted(said)}, not {configured}: OIDC_ISSUER must be the same text.")


def endpoints(document: Document) -> list[Finding]:
    found = [_endpoint(document, name) for name in NEEDED]
    return [finding for finding in found if finding] or [
        ok("Its addresses for signing in, tokens and keys are usable.")
    ]


def _endpoint(document: Document, name: str) -> Finding | None:
    try:
        provider.address_in(dict(document), name)
    except Away:
        return wrong(f"{name} is {quoted(document.get(name))}: it must be an https address.")
    return None


def flow(document: Document) -> Finding:
    kinds = words_in(document.get("response_types_supported"))
    grants = words_in(document.get("grant_types_supported"))
    modes = words_in(document.get("response_modes_supported"))
    if kinds is not None and "code" not in kinds:
        return wrong("It does not offer the authorization code flow (response_types_supported lacks code).")
    if grants is not None and "authorization_code" not in grants:
        return wrong("It does not offer the authorization code flow (grant_types_supported lacks authorization_code).")
    if modes is not None and "query" not in modes:
        return wrong("It does not answer in the address (response_modes_supported lacks query).")
    return ok("It offers the authorization code flow.")


def pkce(document: Document) -> Finding:
    methods = words_in(document.get("code_challenge_methods_supported"))
    if methods is None:
        return note(
            "It does not say that it knows PKCE (Microsoft Entra ID does not say it either); it is sent anyway."
        )
    if "S256" not in methods:
        return wrong("It knows PKCE, but not with S256.")
    return ok("It knows PKCE with S256.")


def client_method(document: Document) -> Finding:
    methods = words_in(document.get("token_endpoint_auth_methods_supported"))
    offered = ["client_secret_basic"] if methods is None else methods
    used = next((method for method in CLIENT_METHODS if method in offered), "")
    if not used:
        return wrong(f"It takes no client secret: the portal knows {' and '.join(CLIENT_METHODS)} only.")
    return ok(f"The portal proves itself with {used}.")


def algorithms(document: Document) -> Finding:
    offered = words_in(document.get("id_token_signing_alg_values_supported"))
    if offered is None:
        return note("It does not say how it signs ID tokens.")
    taken = [name for name in tokens.KEY_TYPES if name in offered]
    if not taken:
        return wrong(f"It signs ID tokens in no way the portal takes: {', '.join(tokens.KEY_TYPES)}.")
    return ok(f"It signs ID tokens with {', '.join(taken)}.")


def scopes(document: Document, *, asked: list[str]) -> list[Finding]:
    offered = words_in(document.get("scopes_supported"))
    if offered is None:
        return [note("It does not list its scopes.")]
    missing = [scope for scope in asked if scope not in offered]
    if not missing:
        return [ok(f"It knows every scope asked for: {' '.join(asked)}.")]
    return [
        wrong(
            f"OIDC_SCOPES asks for {scope}, which it does not list. Most providers refuse the whole sign-in for that: "
            "define the scope there, or take it out of OIDC_SCOPES."
        )
        for scope in missing
    ]


def groups_claim(document: Document, *, claim: str) -> Finding:
    offered = words_in(document.get("claims_supported"))
    if offered is not None and {claim, claim.split(".")[0]} & set(offered):
        return ok(f"It lists the claim {claim}.")
    return note(
        f"It does not list the claim {claim}, as many do not. Only a sign-in tells whether it is sent: "
        "who comes without it reads that they are in no team, and the log says groups_missing."
    )


def extras(document: Document) -> list[Finding]:
    """What sign-in is safer or signing out more thorough with."""
    return [
        _extra(
            document.get("authorization_response_iss_parameter_supported") is True,
            "It names itself in its answers (RFC 9207), and the portal insists on that.",
            "It does not name itself in its answers (RFC 9207), so these cannot be told from another provider's.",
        ),
        _extra(
            _is_there(document, "userinfo_endpoint"),
            "It has a userinfo endpoint: groups are read from there first.",
            "It has no userinfo endpoint: groups have to be in the ID token.",
        ),
        _extra(
            _is_there(document, "end_session_endpoint"),
            "Signing out of the portal can end the session there as well.",
            "It has no end_session_endpoint: signing out ends the portal's session alone.",
        ),
        _extra(
            document.get("backchannel_logout_supported") is True,
            "It tells the portal when a session ends there (back-channel logout).",
            "It does not say that it tells of sessions that end there (back-channel logout): "
            "the portal finds out at the next check, after OIDC_RECHECK_SECONDS.",
        ),
    ]


def _extra(has_it: bool, good: str, bad: str) -> Finding:
    return ok(good) if has_it else note(bad)


def _is_there(document: Document, name: str) -> bool:
    return bool(provider.address_in(dict(document), name, needed=False))


def all_of(document: Document, *, issuer: str, asked: list[str], claim: str) -> list[Finding]:
    plain: tuple[Callable[[Document], Finding], ...] = (flow, pkce, client_method, algorithms)
    return [
        issuer_named(document, configured=issuer),
        *endpoints(document),
        *(step(document) for step in plain),
        *scopes(document, asked=asked),
        groups_claim(document, claim=claim),
        *extras(document),
    ]
