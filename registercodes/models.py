"""What is on record. Reads and writes go through the services; history is guarded by triggers too."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from registercodes import rules, wording

CODE_ID_MAX = 128  # opaque text; the vendor's sample is 36 characters and not a UUID


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


class Team(models.Model):
    """People whom one group of the identity provider names, and what they may ask for.

    ``key`` and ``sso_group`` are the operator's (``manage.py team``): pointing a
    team at another group is granting rights. The policy starts at the API's limits.
    """

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    sso_group = models.CharField(max_length=255, unique=True)
    active = models.BooleanField(default=True)
    regions = models.JSONField(default=list, blank=True)  # none = every configured region
    max_register_limit = models.PositiveIntegerField(default=rules.LIMIT_MAX)
    max_hours = models.PositiveIntegerField(default=rules.HOURS_MAX)
    permanent_allowed = models.BooleanField(default=True)
    ip_range_required = models.BooleanField(default=False)
    allowed_networks = models.JSONField(default=list, blank=True)  # none = any
    widest_prefix = models.PositiveSmallIntegerField(default=0)  # /0 is the widest there is
    description_required = models.BooleanField(default=False)
    codes_per_day = models.PositiveIntegerField(null=True, blank=True)  # of the UTC day; null = no quota
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(sso_group="") & ~Q(key=""), name="team_identified"),
            models.CheckConstraint(
                condition=Q(max_register_limit__range=(rules.LIMIT_MIN, rules.LIMIT_MAX)), name="team_limit_in_rules"
            ),
            models.CheckConstraint(
                condition=Q(max_hours__range=(rules.HOURS_MIN, rules.HOURS_MAX)), name="team_hours_in_rules"
            ),
            models.CheckConstraint(condition=Q(widest_prefix__range=(0, 32)), name="team_prefix_in_rules"),
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person was in the team's group when the provider was last asked; written by sign-in and re-check only."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.team}"


class RegisterCode(models.Model):
    """One request for a register code, whatever became of it. Never its value.

    What was asked never changes after insert, rows are never deleted, and
    ``state`` moves along ``MOVES`` only: triggers hold all three.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("Still working")
        ISSUED = "issued", _("Issued")
        REFUSED = "refused", _("Refused")
        NOT_SENT = "not_sent", _("Not sent")
        UNKNOWN = "unknown", _("Unknown")
        WITHHELD = "withheld", _("Withheld")
        FOUND = "found", _("Found and disabled")
        ABSENT = "absent", _("Never made")

    MOVES = {
        "pending": ("issued", "refused", "not_sent", "unknown", "withheld"),
        "unknown": ("found", "absent"),
        "absent": ("found",),
    }
    COUNTED = ("pending", "issued", "withheld", "unknown", "found")  # against the day's quota

    reference = models.CharField(max_length=7, unique=True)
    account = models.CharField(max_length=100)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="codes")
    team_name = models.CharField(max_length=80)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="codes")
    created_by_name = models.CharField(max_length=200)
    submission = models.UUIDField(unique=True)
    replaces = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by"
    )

    # What was asked.
    region = models.CharField(max_length=40)
    description = models.CharField(max_length=rules.DESCRIPTION_MAX, blank=True)
    description_sent = models.CharField(max_length=rules.DESCRIPTION_MAX, blank=True)
    instance_name_prefix = models.CharField(max_length=rules.PREFIX_MAX, blank=True)
    register_limit = models.PositiveIntegerField()
    effective_time = models.BigIntegerField()  # hours; above rules.HOURS_MAX the code is permanent
    permanent = models.BooleanField()
    ip_address_range = models.CharField(max_length=rules.RANGE_MAX, blank=True)
    ip_first = models.BigIntegerField(null=True, blank=True)  # null, null = unrestricted
    ip_last = models.BigIntegerField(null=True, blank=True)
    client_ip = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField()

    # What became of it.
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    reason = models.CharField(max_length=40, blank=True)  # ours: why it was not sent, is unknown or was withheld
    code_id = models.CharField(max_length=CODE_ID_MAX, blank=True)
    tencent_request_id = models.CharField(max_length=64, blank=True)
    error_code = models.CharField(max_length=100, blank=True)  # the vendor's
    settled_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # null while permanent or not issued
    value_fingerprint = models.CharField(max_length=64, blank=True)
    fingerprint_key = models.CharField(max_length=16, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    disable_wanted_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["team", "-id"], name="code_team_newest"),
            models.Index(fields=["team", "created_at"], name="code_team_day"),
            models.Index(fields=["state", "created_at"], name="code_state"),
            models.Index(fields=["value_fingerprint"], name="code_fingerprint"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "region", "code_id"], condition=~Q(code_id=""), name="code_id_once"
            ),
            models.CheckConstraint(
                condition=Q(register_limit__range=(rules.LIMIT_MIN, rules.LIMIT_MAX)), name="code_limit_in_rules"
            ),
            models.CheckConstraint(condition=Q(effective_time__gte=rules.HOURS_MIN), name="code_hours_in_rules"),
            models.CheckConstraint(
                condition=Q(permanent=True, effective_time__gt=rules.HOURS_MAX)
                | Q(permanent=False, effective_time__lte=rules.HOURS_MAX),
                name="code_permanent_as_rules",
            ),
            models.CheckConstraint(
                condition=Q(ip_first__isnull=True, ip_last__isnull=True) | Q(ip_first__lte=F("ip_last")),
                name="code_bounds_ordered",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["issued", "withheld", "found"]) | ~Q(code_id=""), name="code_made_has_id"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def asked(self) -> rules.Asked:
        return rules.Asked(
            region=self.region,
            description=self.description,
            instance_name_prefix=self.instance_name_prefix,
            register_limit=self.register_limit,
            effective_time=self.effective_time,
            ip_address_range=self.ip_address_range,
        )

    @property
    def shown_state(self) -> wording.ShownState:
        return wording.shown_state(self, now=timezone.now())

    @property
    def is_settling(self) -> bool:
        return wording.is_settling(self, now=timezone.now())

    @property
    def sentence(self) -> str:
        """What the code was asked to be good for, in words."""
        return wording.sentence(self.asked, until=self.expires_at)

    @property
    def network_words(self) -> str:
        return wording.network(self.ip_address_range)

    # Facts that were fixed by the insert; the update trigger compares each of them.
    ASKED_COLUMNS = (
        *("id", "reference", "account", "team_id", "team_name", "created_by_id", "created_by_name", "submission"),
        *("replaces_id", "region", "description", "description_sent", "instance_name_prefix", "register_limit"),
        *("effective_time", "permanent", "ip_address_range", "ip_first", "ip_last", "client_ip", "user_agent"),
        *("request_id", "created_at"),
    )


class Action(models.TextChoices):
    """What an audit event says happened. A retired name stays here as a comment, never reused."""

    CODE_REQUESTED = "code.requested", _("asked for a code")
    CODE_ISSUED = "code.issued", _("code issued")
    CODE_REFUSED = "code.refused", _("refused by the cloud")
    CODE_NOT_SENT = "code.not_sent", _("not sent")
    CODE_UNKNOWN = "code.unknown", _("outcome unknown")
    CODE_FOUND = "code.found", _("found upstream")
    CODE_ABSENT = "code.absent", _("never made")
    CODE_WITHHELD = "code.withheld", _("value withheld")
    CODE_DENIED = "code.denied", _("denied by policy")
    CODE_REPLAYED = "code.replayed", _("same submission sent again")
    CODE_CONFIRMED = "code.confirmed", _("value stored")
    CODE_DISABLE_REQUESTED = "code.disable_requested", _("disabling asked for")
    CODE_DISABLED = "code.disabled", _("disabled")
    TEAM_CREATED = "team.created", _("team made")
    TEAM_CHANGED = "team.changed", _("team changed")
    USER_SIGNED_IN = "user.signed_in", _("signed in")
    USER_SIGNED_OUT = "user.signed_out", _("signed out")
    USER_DENIED = "user.denied", _("access denied")
    USER_TEAMS_CHANGED = "user.teams_changed", _("teams or roles changed")
    VALUE_LOOKED_UP = "value.looked_up", _("value looked up")
    AUDIT_EXPORTED = "audit.exported", _("audit exported")
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
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    actor_name = models.CharField(max_length=200, blank=True)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    team_name = models.CharField(max_length=80, blank=True)

    register_code = models.ForeignKey(
        RegisterCode, on_delete=models.PROTECT, null=True, blank=True, related_name="events"
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
    error_code = models.CharField(max_length=100, blank=True)
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
        indexes = [models.Index(fields=["register_code", "sequence"], name="event_of_code")]

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
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "region", "code_id"], name="upstream_code_once"),
        ]

    def __str__(self) -> str:
        return self.code_id


class SyncRun(models.Model):
    """One pass over a region's codes: the "as of" of everything it saw."""

    account = models.CharField(max_length=100)
    region = models.CharField(max_length=40)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    complete = models.BooleanField(default=False)
    total = models.BigIntegerField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "region", "-started_at"], name="sync_latest")]

    def __str__(self) -> str:
        return f"{self.region} {self.started_at:%Y-%m-%d %H:%M}"
