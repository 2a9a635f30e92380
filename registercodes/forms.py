"""The form for a new code: mirrors rules and policy beside each field, keeps what was typed, decides nothing."""

import uuid
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from registercodes import policies, rules, submissions, wording
from registercodes.models import RegisterCode, Team
from registercodes.rules import Asked, Problem
from registercodes.tat.regions import name_of

HOURS = "hours"
PERMANENT = "permanent"


NOT_FIELDS = ("csrfmiddlewaretoken", "typing")  # the second: where somebody was typing when a sign-in came between


class RegisterCodeForm(forms.Form):
    """``asked`` holds the typed parameters once the fields can be read; ``policy_problems`` what policy refused."""

    use_required_attribute = False

    region = forms.CharField(label=_("Region"), required=False, widget=forms.Select)  # the policy says what may not be
    description = forms.CharField(label=_("Description"), required=False)
    instance_name_prefix = forms.CharField(label=_("Instance name prefix"), required=False)
    register_limit = forms.CharField(label=_("How many hosts"), required=False)
    validity = forms.ChoiceField(
        label=_("Valid"),
        required=False,
        choices=[(HOURS, _("For a number of hours")), (PERMANENT, _("Permanently"))],
        widget=forms.RadioSelect,
    )
    effective_time = forms.CharField(label=_("Hours"), required=False)
    ip_address_range = forms.CharField(label=_("IP range"), required=False)
    submission = forms.Field(required=False, widget=forms.HiddenInput)  # a CharField refuses NUL before we renew it

    def __init__(
        self,
        typed: QueryDict | None = None,
        *,
        team: Team,
        person: Any,
        initial: dict[str, Any] | None = None,
        replaces: RegisterCode | None = None,
    ) -> None:
        self.team = team
        self.person = person
        self.asked: Asked | None = None
        self.submission_id: uuid.UUID | None = None
        self.policy_problems: list[Problem] = []
        self.replaces = replaces or self.replaced_by_typed(typed)
        defaults = {
            "register_limit": min(rules.LIMIT_DEFAULT, team.max_register_limit),
            "effective_time": self.default_hours(team),
            "validity": HOURS,
            "submission": submissions.new_token(person=person, team=team, replaces=self.replaces),
        }
        super().__init__(typed, initial=defaults | (initial or {}), label_suffix="")
        self.region_gone = ""
        self.offer_regions()
        if not team.permanent_allowed:
            self.initial["validity"] = HOURS
        self.explain_fields()

    def replaced_by_typed(self, typed: QueryDict | None) -> RegisterCode | None:
        """The code that the signed submission says it stands in for, with its own successor."""
        token = typed.get("submission", "") if typed else ""
        key = submissions.replaced_in(str(token), person=self.person, team=self.team)
        codes = RegisterCode.objects.select_related("team", "replaced_by")
        return codes.filter(pk=key, team=self.team).first() if key else None

    @staticmethod
    def default_hours(team: Team) -> int:
        return min(rules.HOURS_DEFAULT, team.max_hours)

    def offer_regions(self) -> None:
        """``region_gone``: what an earlier code was made in, no longer offered; a browser then holds the first."""
        regions = policies.regions_of(self.team)
        self.fields["region"].widget.choices = [(region, f"{region} · {name_of(region)}") for region in regions]
        wanted = self.initial.get("region", "")
        if wanted not in regions:
            self.region_gone = wanted
            self.initial["region"] = regions[0] if regions else ""

    def explain_fields(self) -> None:
        """Limits beside the fields, the team's where it is narrower than the API's, and the same as attributes."""
        texts = help_texts(self.team)
        for name in self.fields.keys() & texts.keys():
            self.fields[name].widget.attrs.update(FIELD_ATTRIBUTES[name])
            self.fields[name].help_text = texts[name]

    @property
    def offers_permanent(self) -> bool:
        """The choice is left out for a team that may not; who made it already has to see it to mend it."""
        return self.team.permanent_allowed or "validity" in self.errors

    def renewed(self) -> "RegisterCodeForm":
        """The same words as a new submission, and one of its own, to offer after the first one was used."""
        typed = self.data.copy()
        typed["submission"] = submissions.new_token(person=self.person, team=self.team)
        return RegisterCodeForm(typed, team=self.team, person=self.person)

    def considered(self) -> tuple[Asked | None, list[str]]:
        """What would be asked for now, and what has to be mended in the fields first, in their order."""
        if self.is_bound:
            messages = {name: list(self.errors.get(name, [])) for name in self.fields}
            asked = self.asked
        else:
            asked = self.untouched()
            problems = rules.check(asked, regions=tuple(settings.TAT_REGIONS)) or policies.check(asked, self.team)
            messages = {name: [told(problem) for problem in problems if problem.field == name] for name in self.fields}
        return asked, [f"{self.fields[name].label}: {message}" for name in self.fields for message in messages[name]]

    def untouched(self) -> Asked:
        """What a browser sends of the form as it is first shown."""
        permanent = self.initial["validity"] == PERMANENT
        return Asked(
            region=self.initial["region"],
            description=self.initial.get("description", ""),
            instance_name_prefix=self.initial.get("instance_name_prefix", ""),
            register_limit=self.initial["register_limit"],
            effective_time=rules.PERMANENT_HOURS if permanent else self.initial["effective_time"],
            ip_address_range=self.initial.get("ip_address_range", ""),
        )

    def clean_submission(self) -> str:
        token = str(self.cleaned_data["submission"] or "")
        self.submission_id = submissions.opened(token, person=self.person, team=self.team)
        if self.submission_id is None:
            self.data = self.data.copy()
            self.data["submission"] = submissions.new_token(person=self.person, team=self.team, replaces=self.replaces)
            self.add_error(
                None,
                gettext("This form was open for too long or was not yours. Nothing was sent; please press again."),
            )
        return token

    def clean(self) -> None:
        """Numbers are read by the rules: Django's IntegerField takes ``1_0``, ``010``, ``+10`` and ``10.0``."""
        self.refuse_unexpected()
        limit = self.read_number("register_limit", default=min(rules.LIMIT_DEFAULT, self.team.max_register_limit))
        hours = self.read_hours()
        asked = self.assumed(limit, hours)
        self.add_problems(rules.check(asked, regions=tuple(settings.TAT_REGIONS)))
        if not set(self.errors) - {NON_FIELD_ERRORS}:
            self.asked = asked
            self.policy_problems = policies.check(asked, self.team)
            self.add_problems(self.policy_problems)

    def typed_text(self, name: str) -> str:
        """The field's stripped text; empty where Django's own cleaning has complained already."""
        return str(self.cleaned_data.get(name, ""))

    def read_number(self, name: str, *, default: int) -> int | None:
        if not self.typed_text(name):
            return default
        number = rules.parse_number(name, self.typed_text(name))
        if isinstance(number, Problem):
            self.add_problems([number])
            return None
        return number

    def read_hours(self) -> int | None:
        if self.typed_text("validity") == PERMANENT:
            return rules.PERMANENT_HOURS
        return self.read_number("effective_time", default=self.default_hours(self.team))

    def assumed(self, limit: int | None, hours: int | None) -> Asked:
        """What was asked, with defaults where a number could not be read, so that the rest is checked too."""
        return Asked(
            region=self.typed_text("region"),
            description=self.typed_text("description"),
            instance_name_prefix=self.typed_text("instance_name_prefix"),
            register_limit=rules.LIMIT_DEFAULT if limit is None else limit,
            effective_time=rules.HOURS_DEFAULT if hours is None else hours,
            ip_address_range=self.typed_text("ip_address_range"),
        )

    def refuse_unexpected(self) -> None:
        """A field sent twice, or one this page does not have, is nobody's honest click."""
        for name in self.data:
            if name not in self.fields and name not in NOT_FIELDS:
                self.add_error(None, gettext("This form has no field “%(name)s”.") % {"name": name[:40]})
            elif name in self.fields and len(self.data.getlist(name)) > 1:
                self.add_error(name, gettext("This was sent more than once."))

    def add_problems(self, problems: list[Problem]) -> None:
        for problem in problems:
            name = self.field_of(problem)
            if name not in self.errors:
                self.add_error(name or None, told(problem))

    def field_of(self, problem: Problem) -> str:
        """What was chosen, where the hours were not typed: beside ``validity`` a person can mend it."""
        chose_permanent = self.data.get("validity") == PERMANENT
        return "validity" if problem.field == "effective_time" and chose_permanent else problem.field


def told(problem: Problem) -> str:
    """The problem in the reader's language."""
    return gettext(problem.message) % problem.params


# No maxlength attribute: browsers count UTF-16 units, so an emoji would count twice.
FIELD_ATTRIBUTES: dict[str, dict[str, Any]] = {
    "description": {"data-maxlength": rules.DESCRIPTION_MAX, "autocomplete": "off"},
    "instance_name_prefix": {"data-maxlength": rules.PREFIX_MAX, "autocomplete": "off", "spellcheck": "false"},
    "register_limit": {"inputmode": "numeric", "autocomplete": "off"},
    "effective_time": {"inputmode": "numeric", "autocomplete": "off"},
    "ip_address_range": {"autocomplete": "off", "spellcheck": "false", "placeholder": "203.0.113.0/24"},
}


def help_texts(team: Team) -> dict[str, str]:
    """What each field takes, in words: the API's rule or the team's narrower one."""
    return {
        "description": _description_help(team),
        "instance_name_prefix": gettext("Up to %(most)d characters; the hosts' names begin with it.")
        % {"most": rules.PREFIX_MAX},
        "register_limit": gettext("From %(least)d to %(most)s; %(default)d if left empty.")
        % {
            "least": rules.LIMIT_MIN,
            "most": wording.grouped(team.max_register_limit),
            "default": min(rules.LIMIT_DEFAULT, team.max_register_limit),
        },
        "effective_time": _hours_help(team),
        "ip_address_range": _range_help(team),
    }


def _description_help(team: Team) -> str:
    said = [gettext("Up to %(most)d characters, one line.") % {"most": rules.DESCRIPTION_MAX}]
    if team.description_required:
        said.append(gettext("Your team asks for one."))
    said.append(gettext("The portal adds “~” and a reference at its end where that fits."))
    return " ".join(said)


def _hours_help(team: Team) -> str:
    words = ngettext("From %(least)d to %(most)s hour.", "From %(least)d to %(most)s hours.", team.max_hours)
    said = [words % {"least": rules.HOURS_MIN, "most": wording.grouped(team.max_hours)}]
    if team.permanent_allowed:
        said.append(gettext("A number above %(most)s means permanent.") % {"most": wording.grouped(rules.HOURS_MAX)})
    else:
        said.append(gettext("Your team may not make permanent codes."))
    return " ".join(said)


def _range_help(team: Team) -> str:
    said = [gettext("One IPv4 address or CIDR block that the hosts' public address must lie in.")]
    if team.allowed_networks:
        said.append(gettext("Your team may use %(networks)s.") % {"networks": ", ".join(team.allowed_networks)})
    if team.widest_prefix:
        said.append(gettext("At the widest /%(widest)d.") % {"widest": team.widest_prefix})
    if not (team.allowed_networks or team.widest_prefix or team.ip_range_required):
        said.append(gettext("Empty means any address."))
    elif team.ip_range_required:
        said.append(gettext("Your team asks for one."))
    return " ".join(said)
