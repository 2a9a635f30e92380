"""The one thing that is typed to sign in, and only while the provider is dead."""

from django import forms
from django.utils.translation import gettext_lazy as _

CODE_LENGTH = 40  # with the blanks and dashes people type


class BreakGlassForm(forms.Form):
    """What is wrong with a code is not told: it stands beside the field that it was refused, and no more."""

    use_required_attribute = False

    code = forms.CharField(
        label=_("One-time code"),
        max_length=CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "characters"}),
        help_text=_("From manage.py breakglass. It works once, for ten minutes, and dies after five wrong tries."),
    )

    def refuse(self) -> None:
        self.add_error("code", _("This code does not work: it is wrong, was used, or has expired."))
        self.data = {}  # never sent back in a form control
