"""Keeps what somebody typed while their browser is away at the provider: in a cookie of their own, for that page only.

Typed fields, never a value: no page that shows one has a form to send it back, and nothing is kept of the two
forms that a value is pasted into.
"""

from dataclasses import asdict, dataclass

from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict

from portal.sso import cookies

NAME = "portal-typed"
SALT = "portal.sso.kept"
SECONDS = 900
LENGTH = 3800  # browsers drop a cookie of more than 4096 bytes, name and attributes included
NEVER_KEPT = frozenset({"registercodes:find", "registercodes:report", "registercodes:sites_one"})
NOT_TYPED = "csrfmiddlewaretoken"


@dataclass(frozen=True, repr=False)
class Kept:
    """``path`` is the page that will show the fields again, to ``person`` alone."""

    path: str
    person: int
    fields: dict[str, list[str]]


def keep(request: HttpRequest, response: HttpResponse, *, path: str, person: int) -> None:
    """What a cookie does not hold loses its longest field first: of an honest form that is what the rules refuse."""
    if request.resolver_match is None or request.resolver_match.view_name in NEVER_KEPT:
        return
    fields = {name: values for name, values in request.POST.lists() if name != NOT_TYPED}
    text = _signed(Kept(path, person, fields))
    while fields and len(text) > LENGTH:
        del fields[max(fields, key=lambda name: sum(map(len, fields[name])))]
        text = _signed(Kept(path, person, fields))
    if fields:
        cookies.keep(response, cookies.named(NAME), text, seconds=SECONDS)


def fields_for(request: HttpRequest, *, person: int) -> QueryDict | None:
    """What this person typed into this page; nobody else's, and no other page's."""
    try:
        kept = Kept(**signing.loads(request.COOKIES.get(cookies.named(NAME), ""), salt=SALT, max_age=SECONDS))
    except (signing.BadSignature, TypeError):
        return None
    if kept.person != person or kept.path != request.path:
        return None
    fields = QueryDict(mutable=True)
    for name, values in kept.fields.items():
        fields.setlist(name, values)
    return fields


def drop(response: HttpResponse) -> None:
    cookies.drop(response, cookies.named(NAME))


def _signed(kept: Kept) -> str:
    return signing.dumps(asdict(kept), salt=SALT, compress=True)
