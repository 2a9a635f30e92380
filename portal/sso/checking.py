"""Says in plain words what is right and wrong between the portal and its provider, step by step.

A step that makes the next ones pointless is the last. Changes nothing, and
never says a secret.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.http.request import validate_host
from django.urls import reverse

from portal.sso import provider, published, reaching
from portal.sso.finding import Finding, note, ok, wrong
from portal.sso.refusals import Away
from registercodes.models import Team


def findings(*, base_url: str) -> Iterator[Finding]:
    """``base_url``: the portal's own address, without a closing slash."""
    if not settings.SINGLE_SIGN_ON:
        yield note("Development without OIDC_ISSUER: sample people sign in with one click, and no provider is asked.")
        return
    yield from configuration()
    yield from teams()
    yield from addresses(base_url)
    yield from _provider(base_url)


def configuration() -> list[Finding]:
    found = [ok(f"The portal is {settings.OIDC_CLIENT_ID} at {settings.OIDC_ISSUER}, and has a secret.")]
    if urlsplit(settings.OIDC_ISSUER).scheme != "https":
        found.append(note("The provider is asked without TLS: whoever is on the way can sign in as anybody."))
    for name, groups in _roles().items():
        if not groups:
            found.append(note(f"{name} is empty: nobody has that role."))
    both = sorted(set(settings.OIDC_ADMIN_GROUPS) & set(settings.OIDC_AUDITOR_GROUPS))
    found += [note(f"The group {group} gives both roles.") for group in both]
    return found


def _roles() -> dict[str, list[str]]:
    return {"OIDC_ADMIN_GROUPS": settings.OIDC_ADMIN_GROUPS, "OIDC_AUDITOR_GROUPS": settings.OIDC_AUDITOR_GROUPS}


def teams() -> list[Finding]:
    """A role's group is never a team's: at sign-in it opens the role alone."""
    roles = {group for groups in _roles().values() for group in groups}
    try:
        known = list(Team.objects.values_list("key", "sso_group"))
    except DatabaseError:
        return [note("The database does not answer or is not migrated, so the teams' groups were not looked at.")]
    if not known:
        return [note("There is no team yet: manage.py team create.")]
    taken = [
        wrong(f"The team {key} has the group {group}, which gives a role: nobody gets into the team by it.")
        for key, group in known
        if group in roles
    ]
    return taken or [ok(f"No team's group gives a role ({len(known)} teams).")]


def addresses(base_url: str) -> list[Finding]:
    """Exactly as the provider has to know them."""
    host = urlsplit(base_url).hostname or ""
    found = [
        note(f"Register as redirect URI: {redirect_uri(base_url)}"),
        note(f"Register as post-logout redirect URI: {base_url}{reverse('sso:signed_out')}"),
        note(f"Register as back-channel logout URI: {base_url}{reverse('sso:backchannel_logout')}"),
    ]
    if not validate_host(f"[{host}]" if ":" in host else host, settings.ALLOWED_HOSTS):
        found.append(wrong(f"ALLOWED_HOSTS does not list {host}: the portal would not answer there."))
    return found


def redirect_uri(base_url: str) -> str:
    return base_url + reverse("sso:callback")


def _provider(base_url: str) -> Iterator[Finding]:
    reached = reaching.connection(settings.OIDC_ISSUER)
    yield reached
    if reached.kind == "wrong":
        return
    document, found = reaching.discovery()
    yield from found
    if document is None:
        return
    yield from published.all_of(
        document,
        issuer=settings.OIDC_ISSUER,
        asked=settings.OIDC_SCOPES,
        claim=settings.OIDC_GROUPS_CLAIM,
    )
    try:
        about = provider.read(document)
    except Away:
        return  # said above
    yield reaching.keys(about)
    yield reaching.secret(about, redirect_uri=redirect_uri(base_url))
