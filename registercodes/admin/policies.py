"""Teams in the admin: administrators change what a team may ask for, with a reason. Never who is in it.

Every change goes through ``teams.change``, which records who, why, before and
after; a page that was drawn before another change is refused.
"""

import hashlib
import json
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from registercodes import teams, views, wording
from registercodes.admin.reading import RoleAdmin
from registercodes.models import Team
from registercodes.views.requests import kept_fields, was_interrupted

REASON_MAX = 500


class PolicyForm(forms.ModelForm):
    regions = forms.MultipleChoiceField(
        label=_("Regions"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None chosen means every region that the portal offers."),
    )
    allowed_networks = forms.CharField(
        label=_("Allowed networks"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "cols": 40}),
        help_text=_("IPv4 networks such as 203.0.113.0/24, one a line. None means any."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=REASON_MAX,
        widget=forms.TextInput(attrs={"class": "vLargeTextField"}),
        help_text=_("Why; it goes into the audit."),
    )
    drawn = forms.CharField(widget=forms.HiddenInput, required=False)
    kept: QueryDict | None = None  # what was typed before a check at the provider came in between

    class Meta:
        model = Team
        fields = teams.POLICY
        labels = {
            "active": _("Active: may codes be made?"),
            "max_register_limit": _("Most hosts per code"),
            "max_hours": _("Most hours"),
            "permanent_allowed": _("Permanent codes allowed"),
            "ip_range_required": _("IP range required"),
            "widest_prefix": _("Widest prefix"),
            "description_required": _("Description required"),
            "codes_per_day": _("Codes per day"),
        }
        help_texts = {
            "max_register_limit": _("That one code may enrol."),
            "max_hours": _("For which one code may be valid."),
            "widest_prefix": _("0 allows any; 16 means /16 or narrower."),
            "codes_per_day": _("Of the UTC day. Empty means no quota."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        gone = [region for region in self.instance.regions if region not in settings.TAT_REGIONS]
        self.fields["regions"].choices = [
            *((region, region) for region in settings.TAT_REGIONS),
            *((region, _("%(region)s (no longer offered)") % {"region": region}) for region in gone),
        ]
        self.initial["allowed_networks"] = "\n".join(self.instance.allowed_networks)
        self.before = teams.described(self.instance)
        self.initial["drawn"] = mark_of(self.before)
        if self.kept:
            for name, field in self.fields.items():
                self.initial[name] = field.widget.value_from_datadict(self.kept, {}, name)

    def clean_allowed_networks(self) -> list[str]:
        return self.cleaned_data["allowed_networks"].replace(",", " ").split()

    def clean(self) -> dict[str, Any]:
        """The rules are those of ``teams``; ``facts`` are what changes."""
        given = super().clean()
        if given.get("drawn") != mark_of(self.before):
            raise ValidationError(_("This policy was changed after the page was drawn. Look at it again."))
        self.facts = {name: given[name] for name in teams.POLICY if name in given and given[name] != self.before[name]}
        if not self.facts and not self.errors:
            raise ValidationError(_("Nothing is different from what it was."))
        return given

    def _post_clean(self) -> None:
        super()._post_clean()
        try:
            teams.check(self.instance, given=getattr(self, "facts", {}))
        except ValidationError as wrong:
            for name, said in wrong.error_dict.items():
                place = name if name in self.fields or name == NON_FIELD_ERRORS else None
                if place not in self.errors:
                    self.add_error(place, said)


def mark_of(policy: dict[str, Any]) -> str:
    """What tells one state of a policy from another."""
    return hashlib.sha256(json.dumps(policy, sort_keys=True).encode()).hexdigest()


@admin.register(Team)
class PolicyAdmin(RoleAdmin):
    form = PolicyForm
    list_display = ("name", "key", "provider_group", "active", "most_hosts", "most_hours", "codes_per_day")
    list_display_links = ("name",)
    sortable_by = ()
    readonly_fields = ("key", "name", "provider_group")
    fieldsets = (
        (None, {"fields": readonly_fields, "description": _("Set by the operator, with manage.py team.")}),
        (_("What the team may ask for"), {"fields": teams.POLICY}),
        (None, {"fields": ("reason", "drawn")}),
    )

    @admin.display(description=_("group at the identity provider"))
    def provider_group(self, team: Team) -> str:
        return team.sso_group

    @admin.display(description=_("most hosts per code"))
    def most_hosts(self, team: Team) -> str:
        return wording.grouped(team.max_register_limit)

    @admin.display(description=_("most hours"))
    def most_hours(self, team: Team) -> str:
        return wording.grouped(team.max_hours)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_administrator

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Whoever only looks is asked for no reason."""
        return self.fieldsets if self.has_change_permission(request, obj) else self.fieldsets[:2]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[PolicyForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"kept": kept_fields(request)})

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **more: Any) -> HttpResponse:
        own = {
            "was_interrupted": was_interrupted(request),
            "title": gettext("Policy of %(team)s") % {"team": more["obj"].name},
            "subtitle": None,
        }
        return super().render_change_form(request, context | own, **more)

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("", self.admin_site.admin_view(require_safe(self.changelist_view)), name=f"{name}_changelist"),
            path("<path:object_id>/change/", self.admin_site.admin_view(self.change_view), name=f"{name}_change"),
        ]

    def save_model(self, request: HttpRequest, obj: Team, form: PolicyForm, change: bool) -> None:
        teams.change(
            key=obj.key,
            facts=form.facts,
            reason=form.cleaned_data["reason"],
            by=request.user.get_username(),
            actor=request.user,
            origin=views.origin_of(request),
        )
