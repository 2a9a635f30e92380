"""Decides who reaches the admin: people with a role, through single sign-on. It never asks for a password.

Written out rather than inherited: Django's own list of addresses has a login
form, password changes and look-ups that this portal does not offer.
"""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.urls import include, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from registercodes import access

View = Callable[..., HttpResponse]


class PortalAdminSite(AdminSite):
    site_header = _("Audit")
    site_title = _("Audit")
    index_title = _("Audit")
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """``is_staff`` is derived from the roles of an active person, and never stored."""
        return request.user.is_authenticated and request.user.is_staff

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        """A person without a role is refused, and not sent to sign in again: that would lead back here for ever."""
        inner = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request.get_full_path())
            if not self.has_permission(request):
                raise access.MayNot("admin_may_not_open", asked=request.path)
            return inner(request, *args, **kwargs)

        return update_wrapper(guarded, view)

    def get_urls(self) -> list[Any]:
        from registercodes.admin import overview  # which registers its pages here, so needs this module first

        site_wide = [
            path("", self.admin_view(require_safe(self.index)), name="index"),
            path("overview/", self.admin_view(overview.page), name="overview"),
            path("login/", self.login, name="login"),
        ]
        models = [
            path(f"{model._meta.app_label}/{model._meta.model_name}/", include(model_admin.urls))
            for model, model_admin in self._registry.items()
        ]
        return [
            *site_wide,
            *models,
            path("<str:app_label>/", self.admin_view(require_safe(self.app_index)), name="app_list"),
        ]

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """No form: whoever is signed in goes on, anybody else goes to single sign-on."""
        wanted = request.GET.get("next", "")
        safe = url_has_allowed_host_and_scheme(
            wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )
        return to_sign_in(wanted if safe else reverse("admin:index"))


def to_sign_in(wanted: str) -> HttpResponse:
    return redirect_to_login(wanted, resolve_url(settings.LOGIN_URL))
