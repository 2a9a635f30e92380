"""What this database is the record of."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Installation(models.Model):
    """One row, stamped at the first migrate: what this database is the record of."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    mode = models.CharField(max_length=16)
    endpoint_host = models.CharField(max_length=255)
    account = models.CharField(max_length=100)
    chain = models.CharField(max_length=32)
    created_at = models.DateTimeField(default=timezone.now)
    checked = models.BooleanField(default=False)  # /readyz writes it to prove that writing works

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="installation_one_row")]

    def __str__(self) -> str:
        return f"{self.mode} {self.account} at {self.endpoint_host}"
