"""People as auditors read them, with the sessions they have; administrators may end those, and shut somebody out.

Nothing of a person is edited here: who they are and what they may is the provider's to say.
"""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.sso import people
from portal.sso.models import LiveSession, User
from registercodes import access
from registercodes.views import origin_of


class ReasonForm(forms.Form):
    use_required_attribute = False

    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("Why; it goes into the audit."))


class Deed:
    """Something done to a person: its name in addresses, its words, and the service that does it."""

    def __init__(self, name: str, title: Any, explanation: Any, does: Callable[..., Any], *, to_active: bool) -> None:
        self.name, self.title, self.explanation, self.does, self.to_active = name, title, explanation, does, to_active


DEEDS = (
    Deed(
        "end-sessions",
        _("End all sessions"),
        _("Every browser in which they are signed in is signed out at its next page. They may sign in again."),
        people.end_sessions,
        to_active=True,
    ),
    Deed(
        "deactivate",
        _("Shut out"),
        _("Their sessions end and they cannot sign in, whatever the identity provider says. Codes stay as they are."),
        people.deactivate,
        to_active=True,
    ),
    Deed(
        "reactivate",
        _("Let in again"),
        _("They may sign in; their teams and roles are what the identity provider says then."),
        people.reactivate,
        to_active=False,
    ),
)


class PeopleAdmin(admin.ModelAdmin):
    list_display = ("username", "display_name", "email", "role_words", "team_words", "checked", "is_active")
    list_filter = ("is_active", "grants__role")
    search_fields = ("username", "display_name", "email", "subject")
    list_per_page = 50
    show_full_result_count = False
    actions = None
    change_form_template = "admin/sso/person.html"
    fields = (
        *("username", "display_name", "email", "issuer", "subject", "is_active", "role_words", "team_words"),
        *("checked", "created_at"),
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        everyone = super().get_queryset(request).annotate(last_checked=Max("memberships__checked_at"))
        return everyone.prefetch_related("grants", "memberships__team").order_by("username")

    @admin.display(description=_("roles"))
    def role_words(self, person: User) -> str:
        return ", ".join(grant.get_role_display() for grant in person.grants.all()) or "–"

    @admin.display(description=_("teams when last checked"))
    def team_words(self, person: User) -> str:
        return ", ".join(membership.team.name for membership in person.memberships.all()) or "–"

    @admin.display(description=_("last checked"), ordering="last_checked")
    def checked(self, person: User) -> Any:
        return getattr(person, "last_checked", None)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_staff

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_staff

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def history_view(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Django's own log is off; the audit record is the only one."""
        raise Http404

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        person = User.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        more = {
            "sessions": LiveSession.objects.filter(user=person) if person else [],
            "deeds": [deed for deed in DEEDS if person and deed.to_active == person.is_active],
            "may_do": request.user.is_administrator,
        }
        return super().change_view(request, object_id, form_url, more | (extra_context or {}))

    def get_urls(self) -> list[Any]:
        ours = [
            path(
                f"<int:pk>/{deed.name}/",
                self.admin_site.admin_view(self.doing(deed)),
                name=f"sso_user_{deed.name}",
            )
            for deed in DEEDS
        ]
        return [*ours, *super().get_urls()]

    def doing(self, deed: Deed) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            return self.do(request, pk, deed)

        return view

    def do(self, request: HttpRequest, pk: int, deed: Deed) -> HttpResponse:
        """Asked for in words, with a reason, before it is done."""
        if not request.user.is_administrator:
            raise access.MayNot("person_may_not_change", asked=str(pk))
        person = get_object_or_404(User, pk=pk)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if not form.is_valid():
            context = self.admin_site.each_context(request) | {"person": person, "deed": deed, "form": form}
            status = 422 if form.is_bound else 200
            return render(request, "admin/sso/deed.html", context, status=status)
        deed.does(person, by=request.user, reason=form.cleaned_data["reason"], origin=origin_of(request))
        messages.success(request, gettext("Done, and on record."))
        return redirect(reverse("admin:sso_user_change", args=[pk]))


admin.site.register(User, PeopleAdmin)
