"""People as auditors read them, with the sessions they have; administrators may end those, and shut somebody out.

Nothing of a person is edited here: who they are and what they may is the provider's to say.
"""

import time
from collections.abc import Callable
from datetime import UTC
from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import Max, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from portal.sso import people, sessions
from portal.sso.models import User
from registercodes import access
from registercodes.admin.reading import RoleAdmin
from registercodes.views import origin_of
from registercodes.views.requests import kept_fields, was_interrupted

SESSIONS_SHOWN = 50


class ReasonForm(forms.Form):
    use_required_attribute = False

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
        help_text=_("Why; it goes into the audit."),
    )


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


def _last_checked() -> Greatest:
    """When a team or a role was last confirmed. SQLite gives nothing as the greatest of a time and none."""
    team, role = Max("memberships__checked_at"), Max("grants__checked_at")
    return Greatest(Coalesce(team, role), Coalesce(role, team))


class AdmissionFilter(admin.BooleanFieldListFilter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = _("may sign in")


class PeopleAdmin(RoleAdmin):
    list_display = ("username", "display_name", "email", "role_words", "team_words", "checked", "may_sign_in")
    list_filter = (("is_active", AdmissionFilter), "grants__role")
    search_fields = ("username", "display_name", "email", "subject")
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        everyone = super().get_queryset(request).annotate(last_checked=_last_checked())
        return everyone.prefetch_related("grants", "memberships__team").order_by("username")

    @admin.display(description=_("roles"))
    def role_words(self, person: User) -> str:
        return ", ".join(grant.get_role_display() for grant in person.grants.all()) or "–"

    @admin.display(description=_("teams when last checked"))
    def team_words(self, person: User) -> str:
        return ", ".join(membership.team.name for membership in person.memberships.all()) or "–"

    @admin.display(description=_("last checked (UTC)"), ordering="last_checked")
    def checked(self, person: User) -> str:
        return f"{person.last_checked.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if person.last_checked else "–"

    @admin.display(description=_("may sign in"), boolean=True, ordering="is_active")
    def may_sign_in(self, person: User) -> bool:
        return person.is_active

    def get_urls(self) -> list[Any]:
        """A list, a page for each person, and the deeds: none of Django's own pages for editing."""
        guarded = self.admin_site.admin_view
        return [
            path("", guarded(require_safe(self.changelist_view)), name="sso_user_changelist"),
            path("<int:pk>/change/", guarded(require_safe(self.person_view)), name="sso_user_change"),
            *(
                path(f"<int:pk>/{deed.name}/", guarded(self.doing(deed)), name=f"sso_user_{deed.name}")
                for deed in DEEDS
            ),
        ]

    def person_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        person = get_object_or_404(self.get_queryset(request), pk=pk)
        context = {
            "title": person,
            "person": person,
            "roles": self.role_words(person),
            "teams": self.team_words(person),
            "sessions": [*islice(sessions.living(person, now=time.time()), SESSIONS_SHOWN)],
            "deeds": [deed for deed in DEEDS if deed.to_active == person.is_active],
            "may_do": request.user.is_administrator,
        }
        return self.page(request, "person.html", context)

    def doing(self, deed: Deed) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, pk: int) -> HttpResponse:
            return self.do(request, pk, deed)

        return view

    def do(self, request: HttpRequest, pk: int, deed: Deed) -> HttpResponse:
        """Asked for in words, with a reason, before it is done."""
        if not request.user.is_administrator:
            raise access.MayNot("person_may_not_change", asked=str(pk))
        person = get_object_or_404(User, pk=pk)
        kept = kept_fields(request)
        form = ReasonForm(request.POST if request.method == "POST" else None, initial=kept.dict() if kept else None)
        if not form.is_valid():
            return self.asked_for(request, person, deed, form)
        is_oneself = person.pk == request.user.pk
        if is_oneself and deed.name == "deactivate":
            form.add_error("reason", _("Nobody shuts themself out: another administrator has to."))
            return self.asked_for(request, person, deed, form)
        deed.does(person, by=request.user, reason=form.cleaned_data["reason"], origin=origin_of(request))
        if is_oneself:  # their session, and with it whatever could tell them more, has ended
            sessions.end(request)
            return redirect("sso:signed_out")
        messages.success(request, gettext("Done, and on record."))
        return redirect("admin:sso_user_change", pk)

    def asked_for(self, request: HttpRequest, person: User, deed: Deed, form: ReasonForm) -> HttpResponse:
        answer = self.page(
            request,
            "deed.html",
            {
                "title": f"{deed.title}: {person}",
                "person": person,
                "deed": deed,
                "form": form,
                "was_interrupted": was_interrupted(request),
            },
        )
        answer.status_code = 422 if form.is_bound else 200
        return answer


admin.site.register(User, PeopleAdmin)
