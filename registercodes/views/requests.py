"""Small readings of the request that several pages need; decides nothing."""

from django.http import HttpRequest, QueryDict
from django.views.decorators.http import require_http_methods

from registercodes.audit import USER_AGENT_MAX, Origin

page_and_form = require_http_methods(["GET", "HEAD", "POST"])


def was_interrupted(request: HttpRequest) -> bool:
    """A press that a sign-in or re-check came before."""
    return bool(kept_fields(request))


def kept_fields(request: HttpRequest) -> QueryDict | None:
    """What was typed into this page before. Asked by the page that shows it: only then is it forgotten."""
    kept = getattr(request, "typed_before", None)
    request.shows_typed = bool(kept)
    return kept


def origin_of(request: HttpRequest) -> Origin:
    return Origin(
        request_id=request.request_id,
        client_ip=request.client_ip,
        user_agent=request.headers.get("User-Agent", "")[:USER_AGENT_MAX],
    )
