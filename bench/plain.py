"""The yardstick for the new-code page: the same fields by Django and crispy-forms alone, in the same frame.

Session and signed-in person as everywhere; no team, policy, rules, submission or plan, no middleware of ours.
"""

from crispy_forms.helper import FormHelper
from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path


class PlainForm(forms.Form):
    region = forms.ChoiceField(required=False)
    description = forms.CharField(
        required=False,
        help_text="Up to 128 characters, one line. The portal adds “~” and a reference at its end where that fits.",
    )
    instance_name_prefix = forms.CharField(
        required=False, help_text="Up to 32 characters; the hosts' names begin with it."
    )
    register_limit = forms.CharField(
        label="How many hosts", required=False, help_text="From 1 to 10 000; 10 if left empty."
    )
    validity = forms.ChoiceField(
        label="Valid",
        required=False,
        choices=[("hours", "For a number of hours"), ("permanent", "Permanently")],
        widget=forms.RadioSelect,
    )
    effective_time = forms.CharField(
        label="Hours", required=False, help_text="From 1 to 99 999 hours. A number above 99999 means permanent."
    )
    ip_address_range = forms.CharField(
        label="IP range",
        required=False,
        help_text="One IPv4 address or CIDR block that the hosts' public address must lie in. Empty means any address.",
    )
    submission = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self) -> None:
        super().__init__(initial={"register_limit": 10, "effective_time": 4, "validity": "hours", "submission": "x"})
        self.fields["region"].choices = [(region, region) for region in settings.TAT_REGIONS]
        self.helper = FormHelper()
        self.helper.form_tag = False
        self.helper.disable_csrf = True


def plain(request: HttpRequest) -> HttpResponse:
    return render(request, "bench/plain.html", {"form": PlainForm()}, using="plain")


urlpatterns = [path("plain/", plain), path("", include("portal.urls"))]
