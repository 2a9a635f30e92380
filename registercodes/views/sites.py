"""Several sites: the list is checked whole, then each line is a press of its own. Only ``_issued`` shows a value."""

import json
import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from registercodes import access, enrolling, explaining, issuing, policies, submissions, wording
from registercodes.database import DATABASE_AWAY
from registercodes.forms import told
from registercodes.models import RegisterCode, Team
from registercodes.siteforms import SitesForm
from registercodes.states import State as Shown
from registercodes.views.requests import origin_of, page_and_form, was_interrupted

log = logging.getLogger("registercodes.views")

State = RegisterCode.State
RETRY_SECONDS = 1
TONES = {State.REFUSED: "bad", State.NOT_SENT: "warn", State.UNKNOWN: "bad", State.WITHHELD: "bad"}


@page_and_form
def sites(request: HttpRequest, team_key: str) -> HttpResponse:
    """The list and, once every line of it is right, the page whose script sends them. Makes nothing itself."""
    team = access.team_to_issue_for(request.user, team_key)
    if was_interrupted(request):
        note = _("Your sign-in was checked in between. Nothing was sent yet: look it over, then press again.")
        return _form_page(request, team, SitesForm(request.typed_before, team=team, person=request.user), note=note)
    if request.method != "POST":
        return _form_page(request, team, SitesForm(team=team, person=request.user))
    form = SitesForm(request.POST, team=team, person=request.user)
    if form.is_valid():
        context = {"team": team, "lines": form.lines_to_send()}
        return render(request, "registercodes/sites_checked.html", context)
    if form.policy_problems:
        issuing.deny(form.policy_problems, actor=request.user, team=team, origin=origin_of(request))
    return _form_page(request, team, form, status=422)


def sites_once_more(request: HttpRequest, team_key: str, *, status: int, note: str) -> HttpResponse:
    """Instead of ``sites``, when a press may not be acted upon: the same words, and why."""
    team = access.team_to_issue_for(request.user, team_key)
    form = SitesForm(request.POST, team=team, person=request.user)
    return _form_page(request, team, form, status=status, note=note)


def _form_page(
    request: HttpRequest, team: Team, form: SitesForm, *, status: int = 200, note: str = ""
) -> HttpResponse:
    notes = policies.notes(team, left=policies.left_today(team))
    context = {"team": team, "form": form, "policy_notes": notes, "status_note": note}
    return render(request, "registercodes/sites.html", context, status=status)


@page_and_form
def one(request: HttpRequest, team_key: str) -> HttpResponse:
    """One line's press, by the page's script alone: an answer shown as a page of its own could come back with Back."""
    if request.method != "POST":
        return redirect("registercodes:sites", team_key)
    team = access.team_to_issue_for(request.user, team_key)
    if request.headers.get("X-Requested-With") != "fetch":
        return redirect("registercodes:sites", team_key)
    line = submissions.line_in(request.POST.get("submission", ""), person=request.user, team=team)
    if line is None:
        said = _("This page was open for too long or was not yours. Nothing was sent.")
        return _answer({"outcome": "denied", "label": _("Not sent"), "tone": "bad", "said": said}, status=422)
    who = {"actor": request.user, "team": team, "origin": origin_of(request)}
    try:
        result = issuing.issue(asked=line.asked, submission=line.submission, **who)
    except DATABASE_AWAY:
        log.error("request_not_recorded", exc_info=True)
        return _busy(_("The portal's record cannot be written at the moment."))
    return _issued(result) if isinstance(result, issuing.Issued) else _without_value(result)


def not_now(request: HttpRequest) -> HttpResponse:
    """While nobody can vouch for the person."""
    said = _("Your company’s sign-in does not answer. Nothing was sent and nothing was created.")
    return _answer({"outcome": "away", "label": _("Not sent"), "tone": "warn", "said": said}, status=503)


# Answers. 200 for every outcome with a row.


def _answer(facts: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return HttpResponse(json.dumps(facts), content_type="application/json", status=status)


def _without_value(result: issuing.Result) -> HttpResponse:
    match result:
        case issuing.NotIssued(code=code):
            return _answer(_outcome_of(code))
        case issuing.Replayed(code=code):
            return _answer(_replayed(code))
        case issuing.Denied(problems=problems):
            said = " ".join(told(problem) for problem in problems)
            return _answer({"outcome": "denied", "label": _("Not sent"), "tone": "bad", "said": said}, status=422)
        case _:
            return _busy(_("Too many requests wait for the cloud at the moment."))


def _busy(why: str) -> HttpResponse:
    """No row and no call: the same line may be sent again."""
    response = _answer({"outcome": "busy", "label": _("Waiting"), "tone": "busy", "said": why}, status=503)
    response["Retry-After"] = str(RETRY_SECONDS)
    return response


def _facts_of(code: RegisterCode, *, outcome: str, label: str, tone: str, said: str) -> dict[str, Any]:
    facts = {"outcome": outcome, "label": label, "tone": tone, "said": said}
    return facts | {"reference": code.reference, "card": reverse("registercodes:card", args=[code.reference])}


def _outcome_of(code: RegisterCode) -> dict[str, Any]:
    state = State.UNKNOWN if code.state == State.PENDING else code.state
    said, label = explaining.outcome(code).text, wording.state_label(Shown(state))
    return _facts_of(code, outcome=str(state), label=label, tone=TONES.get(state, "idle"), said=said)


def _replayed(code: RegisterCode) -> dict[str, Any]:
    """The same line again: never a second code, never the value."""
    facts = {"outcome": "replayed", "label": _("Sent before"), "tone": "warn"}
    if code.is_settling:
        return _facts_of(code, **facts, said=_("This line is being worked on. Look at its record in a moment."))
    if code.state == State.ISSUED:
        said = _(
            "This line’s code was made before, and its value was shown that once. If it was not stored, replace it."
        )
        return _facts_of(code, **facts, said=said)
    return _outcome_of(code) | facts


def _issued(issued: issuing.Issued) -> HttpResponse:
    """The one answer that holds a value; ``no-store`` and never compressed (BREACH)."""
    code, value = issued.code, issued.value.reveal()
    facts = _facts_of(code, outcome="issued", label=_("Created"), tone="ok", said="")
    commands = enrolling.commands(region=code.region, code_id=code.code_id, value=value)
    ready = {"quiet": commands.linux_quiet, "linux": commands.linux, "windows": commands.windows} if commands else {}
    return _answer(facts | {"code_id": code.code_id, "value": value, "commands": ready})
