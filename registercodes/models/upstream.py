"""What is shared about the cloud: when the next call may leave, and what it last said of its codes."""

from django.db import models

from registercodes.models.codes import CODE_ID_MAX


class CallBudget(models.Model):
    """When the next call of an action may leave, in microseconds of the epoch: one row per account and action."""

    account = models.CharField(max_length=100)
    action = models.CharField(max_length=60)
    next_at = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "action"], name="budget_once")]

    def __str__(self) -> str:
        return self.action


class UpstreamCode(models.Model):
    """What the cloud last said of one code, ours or not; a row changes only when its facts do."""

    account = models.CharField(max_length=100)
    region = models.CharField(max_length=40)
    code_id = models.CharField(max_length=CODE_ID_MAX)
    description = models.TextField(blank=True)
    instance_name_prefix = models.TextField(blank=True)
    register_limit = models.BigIntegerField(null=True)
    registered_count = models.BigIntegerField(null=True)
    ip_address_range = models.TextField(blank=True)
    enabled = models.BooleanField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)  # a complete pass did not see it any more
    mark = models.CharField(max_length=7, blank=True)  # the reference at the end of its description, whoever wrote it

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "code_id"], name="upstream_code_once"),
        ]
        indexes = [
            models.Index(fields=["account", "region", "mark"], name="upstream_mark"),
            # What the cloud still has, with all that is counted of it: most rows of a long record are gone.
            models.Index(
                fields=[
                    *("code_id", "region", "account", "register_limit", "registered_count", "enabled", "expires_at"),
                    *("changed_at", "gone_at"),
                ],
                condition=models.Q(gone_at__isnull=True),
                name="upstream_there",
            ),
        ]

    def __str__(self) -> str:
        return self.code_id


class SyncRun(models.Model):
    """One pass over a region's codes: the "as of" of everything it saw.

    ``known``: how many of the codes it saw are rows of ours; an empty or foreign account proves nothing.
    """

    account = models.CharField(max_length=100)
    region = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    complete = models.BooleanField(default=False)
    total = models.BigIntegerField(null=True)
    known = models.BigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["account", "region", "-started_at"], name="sync_latest")]

    def __str__(self) -> str:
        return f"{self.region} {self.started_at:%Y-%m-%d %H:%M}"


class SyncLease(models.Model):
    """Who syncs a region at present, until when; claimed by compare-and-set, so that no lock spans a call."""

    account = models.CharField(max_length=100)
    region = models.CharField(max_length=40)
    holder = models.CharField(max_length=32, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region"], name="sync_lease_once")]

    def __str__(self) -> str:
        return f"{self.region} until {self.expires_at:%Y-%m-%d %H:%M}"
