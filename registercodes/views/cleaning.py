"""The page of long-dead codes: which would be deleted in the cloud, and what became of those that were."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from registercodes import access, cleaning
from registercodes.batches import MOST as BATCH
from registercodes.views.requests import origin_of, page_and_form

DAYS_MOST = 3650
NUMBERS = r"\A[0-9]{1,18}(,[0-9]{1,18})*\Z"
NONE_CHOSEN = _("No code was chosen.")


class DaysForm(forms.Form):
    days = forms.IntegerField(label=_("Dead for at least (days)"), min_value=1, max_value=DAYS_MOST)


class CleanForm(DaysForm):
    """The codes are those that the person saw listed, in one field: a form may have few. ``sure`` is said in words."""

    codes = forms.RegexField(
        NUMBERS, max_length=20 * cleaning.MOST, error_messages=dict.fromkeys(("required", "invalid"), NONE_CHOSEN)
    )
    sure = forms.BooleanField(error_messages={"required": _("Tick the box to say that you want this.")})

    def clean_codes(self) -> list[int]:
        return [int(key) for key in self.cleaned_data["codes"].split(",")]


@page_and_form
def clean_up(request: HttpRequest) -> HttpResponse:
    access.must_administer(request.user, asked="clean_up")
    if request.method != "POST":
        return _preview(request, DaysForm({"days": request.GET.get("days", cleaning.DAYS)}))
    form = CleanForm(request.POST)
    if not form.is_valid():
        return _preview(request, DaysForm({"days": request.POST.get("days", "")}), refused=form, status=422)
    chosen, days = form.cleaned_data["codes"], form.cleaned_data["days"]
    cleaned = cleaning.clean(chosen, days=days, actor=request.user, origin=origin_of(request))
    context = {
        "gone": [one.code for one in cleaned if not one.why_not],
        "kept": [one for one in cleaned if one.why_not],
        "days": days,
        "left": cleaning.dead(days=days).count(),
    }
    return render(request, "registercodes/cleaned.html", context)


def _preview(
    request: HttpRequest, form: DaysForm, *, refused: CleanForm | None = None, status: int = 200
) -> HttpResponse:
    days = form.cleaned_data["days"] if form.is_valid() else cleaning.DAYS
    rows = cleaning.dead(days=days)
    codes = list(rows[: cleaning.MOST])
    total = rows.count() if len(codes) == cleaning.MOST else len(codes)
    context = {
        "form": form,
        "refused": refused,
        "codes": codes,
        "keys": ",".join(str(code.pk) for code in codes),
        "days": days,
        "total": total,
        "more": total - len(codes),
        "batch": BATCH,
        "was_interrupted": bool(getattr(request, "typed_before", None)),
    }
    return render(request, "registercodes/clean_up.html", context, status=status)
