"""The one thing that is typed to sign in, and only while the provider is dead."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

CODE_LENGTH = 40  # with the blanks and dashes people type


class NeverSentBack(forms.TextInput):
    """A page that holds a code is one more place it can be read from."""

    def format_value(self, value: Any) -> None:
        return None


class BreakGlassForm(forms.Form):
    """What is wrong with a code is not told: it stands beside the field that it was refused, and no more."""

    use_required_attribute = False

    code = forms.CharField(
        label=_("One-time code"),
        max_length=CODE_LENGTH,
        widget=NeverSentBack(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        help_text=_("From manage.py breakglass. It works once, for ten minutes, and dies after five wrong tries."),
    )

    def refuse(self) -> None:
        self.add_error("code", _("This code does not work: it is wrong, was used, or has expired."))
