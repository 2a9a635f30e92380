"""Who people are: an identity of the company's provider, never a password, and the roles it gives."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import make_password
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from registercodes.prepared import Given, Prepared


def _lapsed_before() -> datetime:
    """Roles that no check confirmed since have lapsed, as memberships do."""
    return timezone.now() - timedelta(days=settings.MEMBERSHIP_DAYS)


class UserManager(BaseUserManager["User"]):
    def create_user(self, *, issuer: str, subject: str, username: str, **names: str) -> "User":
        user = self.model(issuer=issuer, subject=subject, username=username, password=make_password(None), **names)
        user.save(using=self._db)
        return user

    def seated(self, pk: int) -> "User":
        """An active person and the roles in one statement, a row for each role: every page asks for both."""
        rows = _seated(pk=pk)
        if not rows:
            raise self.model.DoesNotExist
        lapsed_before = _lapsed_before()
        person = rows[0]
        person._roles = frozenset(row.role for row in rows if row.role and row.role_checked_at >= lapsed_before)
        return person

    def locked(self) -> models.QuerySet["User"]:
        """Rows as they are now, until commit, before sessions and the audit head: who is being shut out stays out.

        Not against events that refer to the person.
        """
        return self.select_for_update(no_key=True)

    def create_superuser(self, *args: object, **kwargs: object) -> None:
        raise NotImplementedError("Nobody is a superuser here: roles come from the identity provider's groups.")


class User(AbstractBaseUser):
    """A person is (issuer, subject). Names and e-mail are labels and may change or repeat."""

    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    username = models.CharField(max_length=150, unique=True)
    display_name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: list[str] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(fields=["issuer", "subject"], name="sso_user_identity"),
            models.CheckConstraint(
                condition=~models.Q(issuer="") & ~models.Q(subject=""), name="sso_user_identity_given"
            ),
            # Django marks an unusable password with "!": no other can be stored, by any path.
            models.CheckConstraint(
                condition=models.Q(password__startswith="!"),  # noqa: S106 (a mark, not a password)
                name="sso_user_no_password",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def is_superuser(self) -> bool:
        return False

    @property
    def is_staff(self) -> bool:
        """Derived from the roles, never stored."""
        return self.is_active and bool(self.roles)

    @property
    def roles(self) -> frozenset[str]:
        if not hasattr(self, "_roles"):
            held = self.grants.filter(checked_at__gte=_lapsed_before())
            self._roles = frozenset(held.values_list("role", flat=True))
        return self._roles

    @property
    def is_auditor(self) -> bool:
        return RoleGrant.Role.AUDITOR in self.roles

    @property
    def is_administrator(self) -> bool:
        return RoleGrant.Role.ADMINISTRATOR in self.roles

    def has_perm(self, permission: str, obj: object = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


@Prepared
def _seated() -> models.QuerySet[User]:
    granted = {"role": models.F("grants__role"), "role_checked_at": models.F("grants__checked_at")}
    return User.objects.annotate(**granted).filter(pk=Given("pk", models.BigIntegerField()), is_active=True)


class RoleGrant(models.Model):
    """A role a person had when the provider was last asked; written by sign-in and re-check only."""

    class Role(models.TextChoices):
        AUDITOR = "auditor", _("auditor")
        ADMINISTRATOR = "administrator", _("administrator")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role.choices)
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="sso_role_once"),
            models.CheckConstraint(condition=models.Q(role__in=["auditor", "administrator"]), name="sso_role_known"),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.role}"
