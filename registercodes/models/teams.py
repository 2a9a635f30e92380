"""Teams with what they may ask for, and who was last seen in them."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from registercodes import rules


class Team(models.Model):
    """People whom one group of the identity provider names, and what they may ask for.

    ``key`` and ``sso_group`` are the operator's (``manage.py team``): pointing a
    team at another group is granting rights. The policy starts at the API's limits.
    """

    key = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    sso_group = models.CharField(max_length=255)
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
            # A condition, though no group is empty: PostgreSQL locks a row against references while a column of a
            # plain unique index changes, and events refer to teams while they hold the audit head (deadlocks).
            models.UniqueConstraint(
                fields=["sso_group"],
                condition=~Q(sso_group=""),
                name="team_group_once",
                violation_error_message=_("A team with this group already exists."),
            ),
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
