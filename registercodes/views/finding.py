"""The pages that name whose a code is and that take reports of leaks; what was pasted is in no answer or log."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from registercodes import access, facts, finding, hosts, reporting, standing
from registercodes.finding import Found
from registercodes.pasted import Kind
from registercodes.secret import OneTimeValue
from registercodes.views.requests import origin_of, page_and_form

NOT_TYPED_AGAIN = {
    "rows": 3,
    "autocomplete": "off",
    "autocapitalize": "off",
    "spellcheck": "false",
    "translate": "no",
    "class": "mono",
}


class PastedForm(forms.Form):
    """Drawn empty every time: what was pasted never comes back."""

    leaked = forms.CharField(
        label=_("Value, id, host or address"),
        max_length=finding.LONGEST,
        error_messages={"required": _("Paste the value first.")},
        help_text=_(
            "A value alone, or inside its command or log line; a code’s id or reference; "
            "a host’s id, name or local address; or the public address that a host would come from."
        ),
        widget=forms.Textarea(attrs=NOT_TYPED_AGAIN),
    )


class ReportForm(forms.Form):
    leaked = forms.CharField(
        label=_("Leaked value"),
        max_length=finding.LONGEST,
        error_messages={"required": _("Paste the value first.")},
        help_text=_("Alone, or inside its command or log line. It is compared, and then forgotten."),
        widget=forms.Textarea(attrs=NOT_TYPED_AGAIN),
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
        return _page(request, problems=_problems(pasted), status=422)
    value = OneTimeValue(pasted.cleaned_data["leaked"])
    return _page(request, found=finding.find(value, user=request.user, origin=origin_of(request)))


@sensitive_post_parameters("leaked")
@sensitive_variables("pasted")
@page_and_form
def report(request: HttpRequest) -> HttpResponse:
    """For whoever is signed in, of no team too; the answer is the same whatever was pasted."""
    pasted = ReportForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and pasted.is_valid():
        value = OneTimeValue(pasted.cleaned_data["leaked"])
        reporting.report(value, user=request.user, origin=origin_of(request))
        return render(request, "registercodes/report.html", {"is_reported": True})
    problems = _problems(pasted)
    context = {"form": ReportForm(), "problems": problems}
    return render(request, "registercodes/report.html", context, status=422 if problems else 200)


def _problems(pasted: forms.Form) -> list[str]:
    return [message for messages in pasted.errors.values() for message in messages]


def _page(
    request: HttpRequest, *, found: Found | None = None, problems: list[str] | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "form": PastedForm(),
        "found": found,
        "problems": problems or [],
        "sees_all": bool(request.user.roles),
        **(_shown(request, found) if found else {}),
    }
    return render(request, "registercodes/find.html", context, status=status)


def _shown(request: HttpRequest, found: Found) -> dict[str, Any]:
    """Of one code, which hosts used it; of several, each with what may be done."""
    codes = list(found.every)
    facts.attach(codes)
    mine = {team.pk for team in access.teams_of(request.user)}
    for code in codes:
        may_close = request.user.is_administrator or code.team_id in mine
        code.may_disable = code.can_be_disabled and may_close
    one = found.codes[0] if len(codes) == 1 and found.codes and found.kind != Kind.ADDRESS else None
    return {
        "one": one,
        "used_by": hosts.of(one) if one and one.code_id else None,
        "standings": standing.of(found.outside),
        "is_address": found.kind == Kind.ADDRESS,
        "is_value": found.kind == Kind.VALUE,
    }
