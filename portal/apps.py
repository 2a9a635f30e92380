from importlib import import_module

from django.contrib.admin.apps import SimpleAdminConfig


class PortalAdminConfig(SimpleAdminConfig):
    """Only our own pages are registered: autodiscovery would offer other apps' groups for editing too."""

    default_site = "portal.admin.PortalAdminSite"

    def ready(self) -> None:
        super().ready()
        for ours in ("registercodes.admin", "portal.sso.admin"):
            import_module(ours)
