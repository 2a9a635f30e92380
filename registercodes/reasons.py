"""Forms of decisions about codes from outside: each wants a reason, for the record."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from registercodes import rules
from registercodes.models import Team
from registercodes.models.outside import REASON_MAX


class ReasonForm(forms.Form):
    """Nothing typed before is a reason of now, so no browser is to offer one."""

    why = forms.CharField(
        label=_("Reason"),
        max_length=REASON_MAX,
        help_text=_("For the record: what you know of this code, or a ticket."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "dir": "auto"}),
    )

    def clean_why(self) -> str:
        why = self.cleaned_data["why"]
        if problem := rules.check_text("why", why, longest=REASON_MAX):
            raise ValidationError(problem.message, code=problem.code, params=dict(problem.params))
        return why


class AdoptForm(ReasonForm):
    team = forms.ModelChoiceField(
        Team.objects.filter(active=True), label=_("Team"), to_field_name="key", empty_label=_("choose a team")
    )
    field_order = ("team", "why")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["team"].error_messages["invalid_choice"] = _("Choose one of the teams listed.")
