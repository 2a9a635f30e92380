"""What people here decided about a code that the portal did not make; what the cloud says of it is UpstreamCode's."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from registercodes.models.codes import CODE_ID_MAX
from registercodes.models.teams import Team

REASON_MAX = 200


class OutsideCode(models.Model):
    """Whose it is by now, and that it be disabled. No RegisterCode: nobody here asked for it, or saw its value."""

    account = models.CharField(max_length=100)
    region = models.CharField(max_length=40)
    code_id = models.CharField(max_length=CODE_ID_MAX)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="adopted")
    adopted_at = models.DateTimeField(null=True, blank=True)
    adopted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    adopted_why = models.CharField(max_length=REASON_MAX, blank=True)
    disable_wanted_at = models.DateTimeField(null=True, blank=True)
    disable_wanted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    disable_why = models.CharField(max_length=REASON_MAX, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "code_id"], name="outside_code_once"),
            models.CheckConstraint(
                condition=Q(disabled_at=None) | Q(disable_wanted_at__isnull=False), name="outside_disabled_as_wanted"
            ),
        ]

    def __str__(self) -> str:
        return self.code_id
