"""Sessions that live, by person, so that all of them can be ended at once; and what was spent to begin or end one."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from portal.sso.claims import SUBJECT_LENGTH


class LiveSession(models.Model):
    """One browser in which somebody is signed in. ``key`` is that of Django's session, which holds the rest."""

    class Kind(models.TextChoices):
        SINGLE_SIGN_ON = "sso", _("single sign-on")
        SAMPLE = "sample", _("sample person")
        BREAK_GLASS = "break_glass", _("break-glass")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="live_sessions")
    key = models.CharField(max_length=40, unique=True)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    sid = models.CharField(max_length=SUBJECT_LENGTH, blank=True, db_index=True)  # the provider's name for its session
    started_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    client_ip = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_kind_display()}"


class SpentToken(models.Model):
    """A logout token that was acted upon; by digest, since a token is nobody's to read."""

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest[:8]


class BreakGlassCode(models.Model):
    """A one-time code for a person while the provider is dead: ``digest`` of it, never itself."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    lookup = models.CharField(max_length=8, unique=True)  # its first letters, so that a wrong rest is counted
    digest = models.CharField(max_length=64)
    reason = models.CharField(max_length=300)
    made_by = models.CharField(max_length=100)  # the operating system's user
    expires_at = models.DateTimeField()
    tries_left = models.PositiveSmallIntegerField()
    used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.lookup} for {self.user}"
