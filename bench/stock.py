"""The yardstick for the auditors' pages: Django's own admin, with the same columns, filters and searches."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import HttpRequest
from django.urls import include, path

from registercodes.models import AuditEvent


class StockSite(AdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated

    def get_urls(self) -> list[Any]:
        """The frame around its pages is ours, and has a link to this."""
        return [path("overview/", self.admin_view(self.index), name="overview"), *super().get_urls()]


class StockEvents(ModelAdmin):
    list_display = (
        *("at", "action", "outcome", "actor_name", "team_name", "description", "register_limit", "expires_at"),
        *("ip_address_range", "region", "reference", "code_id", "client_ip"),
    )
    list_filter = ("at", "action", "outcome", "team", "region", "permanent")
    search_fields = ("code_id", "reference", "actor_name", "request_id", "tencent_request_id")
    date_hierarchy = "at"
    list_per_page = 50

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


site = StockSite(name="stock")
site.register(AuditEvent, StockEvents)
urlpatterns = [path("stock/", site.urls), path("", include("portal.urls"))]
