"""The form for several sites: the new-code form's fields that are common to all, and a list; decides nothing."""

from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from registercodes import policies, rules, sites, submissions, wording
from registercodes.forms import RegisterCodeForm, told
from registercodes.rules import Asked, Problem
from registercodes.sites import Site

LABELS = {
    "ip_address_range": _("IP range"),
    "instance_name_prefix": _("Instance name prefix"),
    "description": _("Description"),
}


@dataclass(frozen=True)
class Line:
    """One site that passed: what is asked for, and what an attentive colleague would say."""

    site: Site
    asked: Asked
    submission: str
    warnings: tuple[str, ...]

    @property
    def network(self) -> str:
        return wording.network(self.asked.ip_address_range)


class SitesForm(RegisterCodeForm):
    """``checked`` holds the lines once all of them passed; until then nothing of any can be sent."""

    description = None
    instance_name_prefix = None
    ip_address_range = None
    lines = forms.CharField(
        label=_("Sites, one a line"),
        required=False,
        strip=False,  # or the numbers of the lines would not be those a person counts
        widget=forms.Textarea(
            attrs={
                "rows": 12,
                "wrap": "off",
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "203.0.113.0/24, par-, Paris\n198.51.100.7, , Lyon, second floor",
            }
        ),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        self.checked: list[tuple[Site, Asked]] = []
        super().__init__(*args, **options)
        self.fields["lines"].help_text = gettext(
            "IP range, then name prefix and description if you like, with commas between. Up to %(most)d lines."
        ) % {"most": sites.MOST}

    def clean(self) -> None:
        self.refuse_unexpected()
        limit = self.read_number("register_limit", default=min(rules.LIMIT_DEFAULT, self.team.max_register_limit))
        common = self.assumed(limit, self.read_hours())
        self.add_problems([problem for problem in self.problems_of(common) if problem.field not in sites.FIELDS])
        found = sites.read(self.typed_text("lines"))
        whole = sites.problem_of(found)
        if whole:
            self.add_problems([whole])
            return
        asked = [(site, asked_of(site, common)) for site in found]
        for site, one in asked:
            self.add_line_problems(site, one)
        self.refuse_over_quota(len(found))
        if not set(self.errors) - {NON_FIELD_ERRORS}:
            self.checked = asked

    def problems_of(self, asked: Asked) -> list[Problem]:
        """Of the rules, else of policy, which are noted for the record as those of a single code are."""
        problems = rules.check(asked, regions=tuple(settings.TAT_REGIONS))
        if problems:
            return problems
        refused = policies.check(asked, self.team)
        if asked.ip_address_range:
            self.policy_problems += refused
        return refused

    def add_line_problems(self, site: Site, asked: Asked) -> None:
        missing = sites.missing_range(site)
        for problem in [missing] if missing else self.problems_of(asked):
            if problem.field in sites.FIELDS:
                words = gettext("Line %(number)d, %(field)s: %(problem)s")
                said = {"number": site.number, "field": LABELS[problem.field], "problem": told(problem)}
                self.add_error("lines", words % said)

    def refuse_over_quota(self, count: int) -> None:
        """A hint that spares half a list; what binds is counted for each line under the team's lock."""
        left = policies.left_today(self.team)
        if left is None or left >= count:
            return
        words = gettext(
            "Your team may make %(left)d more today, and this asks for %(count)d. The day changes at 00:00 UTC."
        )
        self.add_error(None, words % {"left": left, "count": count})
        self.policy_problems.append(Problem("", "quota", words, {"left": left, "count": count}))

    def lines_to_send(self) -> list[Line]:
        """Each with a submission of its own, the same whenever the same form is sent with the same words."""
        again = sites.repeated(site for site, _ in self.checked)
        return [self.line_of(site, asked, again=again.get(site.number)) for site, asked in self.checked]

    def line_of(self, site: Site, asked: Asked, *, again: int | None) -> Line:
        token = submissions.line_token(
            person=self.person, team=self.team, form=self.submission_id, number=site.number, asked=asked
        )
        repeats = [gettext("The same range as in line %(number)d.") % {"number": again}] if again else []
        return Line(site, asked, token, (*repeats, *wording.warnings(asked)))


def asked_of(site: Site, common: Asked) -> Asked:
    return replace(common, **{name: getattr(site, name) for name in sites.FIELDS})
