"""Sign-in and sign-out. Development only, until single sign-on lands: in production nobody is admitted."""

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from portal.sso import signing_in
from registercodes.audit import USER_AGENT_MAX, Origin


@login_not_required
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _sign_in_sample(request)
    people = _sample_people() if settings.DEVELOPMENT else []
    return render(request, "sso/sign_in.html", {"people": people, "next": request.GET.get("next", "")})


def _sample_people():
    from portal.sso.development import PEOPLE

    return PEOPLE


def _sign_in_sample(request: HttpRequest) -> HttpResponse:
    if not settings.DEVELOPMENT:
        raise Http404
    from portal.sso.development import BY_NAME, ISSUER

    chosen = BY_NAME.get(request.POST.get("person", ""))
    if chosen is None:
        return redirect("sso:sign_in")
    signing_in.sign_in(
        request,
        issuer=ISSUER,
        subject=chosen.username,
        names={"username": chosen.username, "display_name": chosen.name},
        groups=set(chosen.groups),
        roles=set(chosen.roles),
        backend="portal.sso.development.SamplePeople",
        origin=origin_of(request),
    )
    return redirect(ours(request, request.POST.get("next", "")))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    signing_in.sign_out_event(request.user, origin=origin_of(request))
    logout(request)
    return redirect("sso:sign_in")


def ours(request: HttpRequest, wanted: str) -> str:
    """The page to go on to, only ever on this site."""
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else resolve_url(settings.LOGIN_REDIRECT_URL)


def origin_of(request: HttpRequest) -> Origin:
    return Origin(
        request_id=request.request_id,
        client_ip=request.client_ip,
        user_agent=request.headers.get("User-Agent", "")[:USER_AGENT_MAX],
    )
