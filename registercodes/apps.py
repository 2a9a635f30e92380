from django.apps import AppConfig
from django.db.models.signals import post_migrate


class RegisterCodesConfig(AppConfig):
    name = "registercodes"
    verbose_name = "Register codes"

    def ready(self) -> None:
        from registercodes import installation

        # The one signal we use: a later migration that rebuilds a table drops its triggers silently (SQLite).
        post_migrate.connect(installation.complete, sender=self, dispatch_uid="registercodes.installation")
