"""One request for a register code, whatever became of it; never its value."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from registercodes import rules, states, wording
from registercodes.models.cloud_link import CloudLink
from registercodes.models.teams import Team
from registercodes.tat.answers import CODE_MAX

CODE_ID_MAX = 128  # opaque text; the vendor's sample is 36 characters and not a UUID


class RegisterCode(models.Model):
    """One request for a register code, whatever became of it. Never its value.

    What was asked never changes after insert, rows are never deleted, and
    ``state`` moves along ``MOVES`` only, and what ``WRITTEN_ONCE`` names gets one
    value: triggers hold all of it.
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
    # Indexes of Meta begin with these columns; people and teams are not deleted, so nobody looks for the last one.
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="codes", db_index=False)
    team_name = models.CharField(max_length=80)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="codes", db_index=False
    )
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
    error_code = models.CharField(max_length=CODE_MAX, blank=True)  # the vendor's
    settled_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # null while permanent or not issued
    value_fingerprint = models.CharField(max_length=64, blank=True)
    fingerprint_key = models.CharField(max_length=16, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    disable_wanted_at = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    told_at = models.DateTimeField(null=True, blank=True)  # when who asked put the note about it away; no history

    # No column: the way to what the cloud last said of it, for statements that judge many codes at once.
    in_cloud = models.ForeignObject(
        "UpstreamCode",
        on_delete=models.DO_NOTHING,
        from_fields=["account", "region", "code_id"],
        to_fields=["account", "region", "code_id"],
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    in_cloud_to_count = CloudLink("UpstreamCode")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["team", "-id"], name="code_team_newest"),
            models.Index(fields=["team", "created_at"], name="code_team_day"),
            models.Index(fields=["value_fingerprint"], name="code_fingerprint"),
            # Auditors' questions.
            models.Index(fields=["created_at"], name="code_created"),
            models.Index(fields=["state", "-id"], name="code_state_newest"),
            models.Index(fields=["created_by", "-id"], name="code_person_newest"),
            models.Index(fields=["region", "-id"], name="code_region_newest"),
            models.Index(fields=["-id"], condition=Q(permanent=True), name="code_permanent"),
            models.Index(fields=["-id"], condition=Q(ip_first__isnull=True), name="code_unrestricted"),
            models.Index(fields=["ip_first", "ip_last", "id"], condition=Q(ip_first__isnull=False), name="code_range"),
            models.Index(fields=["tencent_request_id"], name="code_tencent_request"),
            # Down to what is counted of usable codes: read from their rows it costs several times as much.
            models.Index(
                fields=[
                    *("state", "expires_at", "id", "team", "register_limit", "account", "region", "code_id"),
                    *("disable_wanted_at", "settled_at", "disabled_at"),  # SQLite wants its condition's column too
                ],
                condition=Q(disabled_at__isnull=True),
                name="code_usable",
            ),
            models.Index(fields=["created_by", "state", "confirmed_at"], name="code_to_tell"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["code_id", "region", "account"], condition=~Q(code_id=""), name="code_id_once"
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

    unrecorded = False  # not a column: true of an object that tells an outcome which could not be written down

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

    # Not columns: what facts.attach found the cloud to have said last, and when.
    upstream = None
    as_of = None

    @property
    def honest_state(self) -> states.Honest:
        return states.state_of(self, upstream=self.upstream, as_of=self.as_of, now=timezone.now())

    @property
    def shown_state(self) -> wording.ShownState:
        return wording.shown_state(self.honest_state, disabled=bool(self.disabled_at))

    @property
    def can_be_disabled(self) -> bool:
        """There is something in the cloud, and it has not agreed yet."""
        return bool(self.code_id) and not self.disabled_at

    @property
    def ends_at(self) -> datetime | None:
        """By the cloud's word where it has one."""
        return None if self.permanent else states.expiry_of(self, self.upstream)

    @property
    def left_words(self) -> str:
        return wording.countdown(self.ends_at, now=timezone.now()) if self.ends_at else ""

    @property
    def as_of_words(self) -> str:
        """Short, for a list."""
        return wording.short_moment(self.as_of, now=timezone.now()) if self.as_of else ""

    @property
    def used(self) -> int | None:
        """How many hosts registered, as the cloud last said."""
        return self.upstream.registered_count if self.upstream else None

    @property
    def used_words(self) -> str:
        return "" if self.used is None else wording.grouped(self.used)

    @property
    def is_settling(self) -> bool:
        return states.is_settling(self, now=timezone.now())

    @property
    def sentence(self) -> str:
        """What the code was asked to be good for, in words."""
        return wording.sentence(self.asked, until=self.expires_at)

    @property
    def mark(self) -> str:
        """How its description ends in the cloud's own console; empty where the mark did not fit."""
        return f"~{self.reference}" if rules.mark_in(self.description_sent) else ""

    @property
    def limit_words(self) -> str:
        return wording.grouped(self.register_limit)

    @property
    def duration_words(self) -> str:
        return wording.duration(self.effective_time)

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
    # Facts of the outcome that get one value; another trigger refuses a second.
    WRITTEN_ONCE = (
        *("value_fingerprint", "fingerprint_key", "expires_at", "confirmed_at"),
        *("disable_wanted_at", "disabled_at", "disabled_by_id"),
    )
