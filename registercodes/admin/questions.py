"""The questions that an auditor can put to the record, as a form sent by GET, so that an answer has an address."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from registercodes import history
from registercodes.history import Question
from registercodes.models import Action, Outcome, RegisterCode, Team

LAST = {"today": 1, "7": 7, "30": 30}  # UTC days, today included
YES_OR_NO = [("", _("any")), ("yes", _("yes")), ("no", _("no"))]
REGION = RegexValidator(r"\A[a-z0-9-]{1,40}\Z")
DAYS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2199, 12, 31))]
TEAMS_MAX = 1000
STATES = [("usable", _("Usable now")), *RegisterCode.State.choices]


def day() -> forms.DateField:
    picker = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(required=False, input_formats=["%Y-%m-%d"], validators=DAYS, widget=picker)


def choice(label: Any, choices: list[tuple[str, Any]], empty: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", empty), *choices], required=False)


class QuestionForm(forms.Form):
    q = forms.CharField(label=_("Search"), max_length=history.TEXT_MAX, required=False)
    when = choice(_("Time"), [("today", _("today")), ("7", _("7 days")), ("30", _("30 days"))], _("any time"))
    since = day()
    until = day()
    team = forms.ModelChoiceField(Team.objects.all(), to_field_name="key", required=False, empty_label=_("any team"))
    person = forms.CharField(label=_("Person"), max_length=history.TEXT_MAX, required=False)
    region = forms.CharField(label=_("Region"), validators=[REGION], required=False, widget=forms.Select)
    permanent = forms.ChoiceField(label=_("Permanent"), choices=YES_OR_NO, required=False)
    unrestricted = forms.ChoiceField(label=_("Unrestricted"), choices=YES_OR_NO, required=False)

    def __init__(self, asked: Any) -> None:
        super().__init__(asked, auto_id="q_%s")
        given = asked.get("region", "")
        regions = [*settings.TAT_REGIONS, *([given] if given and given not in settings.TAT_REGIONS else [])]
        self.fields["region"].widget.choices = [("", _("any region")), *((region, region) for region in regions)]
        self.fields["since"].label, self.fields["until"].label = _("From"), _("To")

    @property
    def address(self) -> str:
        """The address that codes are asked to allow, if that is what was typed."""
        text = self.cleaned_data.get("q", "") if self.is_valid() else ""
        return text if history.address_in(text) is not None else ""

    @property
    def question(self) -> Question:
        asked = self.cleaned_data
        since, until = self._times()
        return Question(
            text=asked["q"],
            since=since,
            until=until,
            team=asked["team"].pk if asked["team"] else None,
            person=asked["person"],
            region=asked["region"],
            permanent=_yes(asked["permanent"]),
            unrestricted=_yes(asked["unrestricted"]),
            **self.of_its_own(),
        )

    @property
    def filters(self) -> dict[str, str]:
        """What is asked, in words that stay true: a number of days is told by the day that they began with."""
        asked = {name: value for name, value in self.cleaned_data.items() if value}
        if asked.pop("when", "") and (since := self._times()[0]):
            asked["since"] = since.date()
        if "team" in asked:
            asked["team"] = asked["team"].key
        return {name: str(value) for name, value in asked.items()}

    @property
    def given(self) -> list[tuple[str, str]]:
        """As it was typed, to be asked once more."""
        return [(name, self.data[name]) for name in self.fields if self.data.get(name)]

    def of_its_own(self) -> dict[str, Any]:
        return {}

    def _times(self) -> tuple[datetime | None, datetime | None]:
        """Days of UTC, both included; days that were named win over a number of days."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if not since and not until and (days := LAST.get(self.cleaned_data["when"])):
            since = timezone.now().astimezone(UTC).date() - timedelta(days=days - 1)
        return _midnight(since), _midnight(until and until + timedelta(days=1))


class EventQuestionForm(QuestionForm):
    action = choice(_("Action"), Action.choices, _("any action"))
    outcome = choice(_("Outcome"), Outcome.choices, _("any outcome"))
    cause = forms.CharField(label=_("Cause"), max_length=history.TEXT_MAX, required=False)
    caused = choice(_("Cause given"), [("no", _("no"))], _("any"))
    other_than = forms.CharField(label=_("Any team but"), max_length=TEAMS_MAX, required=False)
    field_order = ("q", "when", "since", "until", "action", "outcome")

    def clean_other_than(self) -> str:
        """Keys of teams with commas between them."""
        keys = [key.strip() for key in self.cleaned_data["other_than"].split(",") if key.strip()]
        self._others = tuple(Team.objects.filter(key__in=keys).values_list("pk", flat=True)) if keys else ()
        if len(self._others) < len(set(keys)):
            raise ValidationError(_("One of these teams is not known here."))
        return ",".join(keys)

    def of_its_own(self) -> dict[str, Any]:
        asked = {name: self.cleaned_data[name] for name in ("action", "outcome", "cause")}
        return asked | {"causeless": self.cleaned_data["caused"] == "no", "other_than": self._others}


class CodeQuestionForm(QuestionForm):
    state = choice(_("State"), STATES, _("any state"))
    field_order = ("q", "when", "since", "until", "state")

    def of_its_own(self) -> dict[str, Any]:
        state = self.cleaned_data["state"]
        return {"usable": True} if state == "usable" else {"state": state}


def _yes(word: str) -> bool | None:
    return {"yes": True, "no": False}.get(word)


def _midnight(on: date | None) -> datetime | None:
    return datetime.combine(on, time(), tzinfo=UTC) if on else None
