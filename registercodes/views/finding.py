"""The page that names the owner of a leaked value; what was pasted is in no answer, log, session or error report."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from registercodes import access, facts, finding
from registercodes.secret import OneTimeValue
from registercodes.views.requests import origin_of, page_and_form


class PastedForm(forms.Form):
    """Drawn empty every time: what was pasted never comes back."""

    leaked = forms.CharField(
        label=_("Leaked value"),
        max_length=finding.LONGEST,
        error_messages={"required": _("Paste the value first.")},
        help_text=_("Alone, or inside its command or log line. It is compared, and then forgotten."),
        widget=forms.Textarea(
            attrs={
                "rows": 3,
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
                "translate": "no",
                "class": "mono",
            }
        ),
    )


@sensitive_post_parameters("leaked")
@sensitive_variables("pasted")
@page_and_form
def find(request: HttpRequest) -> HttpResponse:
    access.must_look_after_codes(request.user, asked="find")
    if request.method != "POST":
        return _page(request)
    pasted = PastedForm(request.POST)
    if not pasted.is_valid():
        problems = [message for messages in pasted.errors.values() for message in messages]
        return _page(request, problems=problems, status=422)
    value = OneTimeValue(pasted.cleaned_data["leaked"])
    found = finding.find(value, user=request.user, origin=origin_of(request))
    if found.code:
        facts.attach([found.code])
        closable = found.code.code_id and not found.code.disabled_at
        found.code.may_disable = bool(closable) and access.may_close(request.user, found.code)
    return _page(request, found=found)


def _page(
    request: HttpRequest,
    *,
    found: finding.Found | None = None,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": PastedForm(),
        "found": found,
        "problems": problems or [],
        "sees_all": bool(request.user.roles),
    }
    return render(request, "registercodes/find.html", context, status=status)
