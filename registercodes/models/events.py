"""The audit record: what may be said in it, its rows, and where its chain ends."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from registercodes import rules
from registercodes.models.codes import CODE_ID_MAX, RegisterCode
from registercodes.models.teams import Team
from registercodes.tat.answers import CODE_MAX


class Action(models.TextChoices):
    """What an audit event says happened. A retired name stays here as a comment, never reused."""

    CODE_REQUESTED = "code.requested", _("asked for a code")
    CODE_ISSUED = "code.issued", _("code issued")
    CODE_REFUSED = "code.refused", _("refused by the cloud")
    CODE_NOT_SENT = "code.not_sent", _("not sent")
    CODE_UNKNOWN = "code.unknown", _("outcome unknown")
    CODE_FOUND = "code.found", _("found upstream")
    CODE_ALARM = "code.alarm", _("hosts enrolled with a code nobody was shown")
    CODE_ABSENT = "code.absent", _("never made")
    CODE_WITHHELD = "code.withheld", _("value withheld")
    CODE_DENIED = "code.denied", _("denied by policy")
    CODE_REPLAYED = "code.replayed", _("same submission sent again")
    CODE_CONFIRMED = "code.confirmed", _("value stored")
    CODE_DISABLE_REQUESTED = "code.disable_requested", _("disabling asked for")
    CODE_DISABLED = "code.disabled", _("disabled")
    OUTSIDE_ADOPTED = "outside.adopted", _("adopted from outside the portal")
    OUTSIDE_DISABLE_REQUESTED = "outside.disable_requested", _("disabling asked for, made outside the portal")
    OUTSIDE_DISABLED = "outside.disabled", _("disabled, made outside the portal")
    CODES_DELETE_REQUESTED = "codes.delete_requested", _("deleting dead codes asked for")
    CODES_DELETED = "codes.deleted", _("dead codes deleted")
    TEAM_CREATED = "team.created", _("team made")
    TEAM_CHANGED = "team.changed", _("team changed")
    USER_SIGNED_IN = "user.signed_in", _("signed in")
    USER_SIGNED_OUT = "user.signed_out", _("signed out")
    USER_DENIED = "user.denied", _("access denied")
    USER_TEAMS_CHANGED = "user.teams_changed", _("teams or roles changed")
    USER_BREAK_GLASS = "user.break_glass", _("break-glass sign-in")
    USER_SESSIONS_ENDED = "user.sessions_ended", _("sessions ended by an administrator")
    USER_DEACTIVATED = "user.deactivated", _("person deactivated")
    USER_REACTIVATED = "user.reactivated", _("person reactivated")
    VALUE_LOOKED_UP = "value.looked_up", _("value looked up")
    VALUE_REPORTED = "value.reported", _("value reported as leaked")
    AUDIT_EXPORTED = "audit.exported", _("audit exported")
    AUDIT_HANDED_OUT = "audit.handed_out", _("export handed out whole")
    AUDIT_ARCHIVED = "audit.archived", _("audit archived")
    CHAIN_RESTORED = "chain.restored", _("record restored from a backup")


class Outcome(models.TextChoices):
    """The words ECS has for event.outcome."""

    SUCCESS = "success", _("success")
    FAILURE = "failure", _("failure")
    UNKNOWN = "unknown", _("unknown")


class AuditEvent(models.Model):
    """One thing that happened, chained to the one before. Insert only, by ``audit.record`` alone."""

    sequence = models.BigIntegerField(unique=True)  # 1, 2, 3 … without gaps
    chain = models.CharField(max_length=32)
    at = models.DateTimeField()
    action = models.CharField(max_length=32, choices=Action.choices)
    outcome = models.CharField(max_length=8, choices=Outcome.choices)
    account = models.CharField(max_length=100)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,  # here and below: an index of Meta begins with the column
    )
    actor_name = models.CharField(max_length=200, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    team_name = models.CharField(max_length=80, blank=True)

    register_code = models.ForeignKey(
        RegisterCode, on_delete=models.PROTECT, null=True, blank=True, related_name="events", db_index=False
    )
    reference = models.CharField(max_length=7, blank=True)
    code_id = models.CharField(max_length=CODE_ID_MAX, blank=True)
    region = models.CharField(max_length=40, blank=True)
    description = models.CharField(max_length=rules.DESCRIPTION_MAX, blank=True)
    instance_name_prefix = models.CharField(max_length=rules.PREFIX_MAX, blank=True)
    register_limit = models.PositiveIntegerField(null=True, blank=True)
    effective_time = models.BigIntegerField(null=True, blank=True)
    permanent = models.BooleanField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    ip_address_range = models.CharField(max_length=rules.RANGE_MAX, blank=True)
    ip_first = models.BigIntegerField(null=True, blank=True)
    ip_last = models.BigIntegerField(null=True, blank=True)
    error_code = models.CharField(max_length=CODE_MAX, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    tencent_request_id = models.CharField(max_length=64, blank=True)
    client_ip = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    key_id = models.CharField(max_length=16)
    form_version = models.PositiveSmallIntegerField()
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-sequence"]
        indexes = [
            models.Index(fields=["register_code", "sequence"], name="event_of_code"),
            # Auditors' questions, each served without counting or sorting the history. Every event pays for every
            # index, an issue for two events: what is common is found by walking back, what a code alone has, by it.
            models.Index(fields=["at", "action", "team"], name="event_day"),
            models.Index(fields=["action", "sequence"], name="event_action"),
            models.Index(fields=["sequence"], condition=Q(outcome=Outcome.FAILURE), name="event_failure"),
            models.Index(fields=["team", "sequence"], name="event_team"),
            models.Index(fields=["actor", "sequence"], name="event_actor"),
            models.Index(fields=["region", "sequence"], name="event_region"),
            models.Index(fields=["sequence"], condition=Q(permanent=True), name="event_permanent"),
            models.Index(
                fields=["sequence"],
                condition=Q(ip_first__isnull=True, register_limit__isnull=False),
                name="event_unrestricted",
            ),
            models.Index(fields=["request_id"], name="event_request"),
            models.Index(fields=["actor_name", "actor"], name="event_actor_name"),  # who was called so: few entries
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action}"


class AuditHead(models.Model):
    """Where the chain ends: the row every writer locks, always last."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    chain = models.CharField(max_length=32)
    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="audit_head_one_row")]

    def __str__(self) -> str:
        return f"{self.chain}:{self.sequence}"


class Fold(models.Model):
    """Counts repeats of one denial, so that nobody can flood an append-only history."""

    key = models.CharField(max_length=200, unique=True)
    since = models.DateTimeField()
    repeats = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.key
