"""The form for a new code and the page of each outcome. Only ``_issued_page`` ever shows a value."""

import logging
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from registercodes import access, enrolling, explaining, facts, issuing, policies, queries, replacing, rules, wording
from registercodes.database import DATABASE_AWAY
from registercodes.forms import RegisterCodeForm, told
from registercodes.models import RegisterCode, Team
from registercodes.views.cards import again_url, card_context
from registercodes.views.requests import origin_of, page_and_form, was_interrupted

log = logging.getLogger("registercodes.views")

State = RegisterCode.State


@page_and_form
def new(request: HttpRequest, team_key: str) -> HttpResponse:
    """Ask for a code. The value, if any, is in this POST's own answer (DECISIONS 5)."""
    team = access.team_to_issue_for(request.user, team_key)
    if was_interrupted(request):
        return _kept_page(request, team)
    if request.method != "POST":
        return _empty_form(request, team)
    form = RegisterCodeForm(request.POST, team=team, person=request.user)
    try:
        beside, result = _asked_for(request, team, form)
    except DATABASE_AWAY:
        log.error("request_not_recorded", exc_info=True)
        return _busy_page(request, team, form, _("The portal's record cannot be written at the moment."))
    if isinstance(result, issuing.Issued):
        return _issued_page(request, result, beside=beside)
    return _result_page(request, team, form, result)


@page_and_form
def plan(request: HttpRequest, team_key: str) -> HttpResponse:
    """The plan for what is typed so far: a fragment for the form's script, the whole form without it."""
    if request.method != "POST":
        return redirect("registercodes:new", team_key)
    team = access.team_to_issue_for(request.user, team_key)
    form = RegisterCodeForm(request.POST, team=team, person=request.user)
    if request.headers.get("X-Requested-With") != "fetch":
        return _form_page(request, team, form)
    return render(request, "registercodes/_plan.html", {"plan": plan_for(form, left=policies.left_today(team))})


def new_once_more(request: HttpRequest, team_key: str, *, status: int, note: str) -> HttpResponse:
    """Instead of ``new``, when a press may not be acted upon: the same words, and why."""
    team = access.team_to_issue_for(request.user, team_key)
    form = RegisterCodeForm(request.POST, team=team, person=request.user)
    return _form_page(request, team, form, status=status, note=note)


def _kept_page(request: HttpRequest, team: Team) -> HttpResponse:
    """What was typed before a sign-in or re-check came between."""
    form = RegisterCodeForm(request.typed_before, team=team, person=request.user)
    note = _("Your sign-in was checked in between. Nothing was sent yet: look it over, then press again.")
    typing = request.typed_before.get("typing", "")
    return _form_page(request, team, form, note=note, resume=typing if typing in form.fields else "")


def _empty_form(request: HttpRequest, team: Team) -> HttpResponse:
    """With the entries of an earlier code, to create another like it or one in its place."""
    old = _named(request, "replaces")
    if old is None:
        like = _named(request, "like")
        form = RegisterCodeForm(team=team, person=request.user, initial=_entries_of(like))
    elif old.team_id != team.pk:
        raise access.NotThere("code_not_found", asked=old.reference)
    elif not replacing.may_be_replaced(old) or replacing.must_close_first(old):
        return redirect("registercodes:replace", old.reference)
    else:
        form = RegisterCodeForm(team=team, person=request.user, initial=_entries_of(old), replaces=old)
    return _form_page(request, team, form, note=_region_note(form))


@dataclass(frozen=True)
class Beside:
    """What stands beside a new code: looked up before it is made, since nothing may fail beside its value."""

    twin: str | None = None  # its reference
    replaced: RegisterCode | None = None


def _asked_for(request: HttpRequest, team: Team, form: RegisterCodeForm) -> tuple[Beside, issuing.Result]:
    """What became of the press, and what stands beside its code."""
    who = {"actor": request.user, "team": team, "origin": origin_of(request)}
    if form.is_valid():
        facts.attach([form.replaces] if form.replaces else [])
        beside = Beside(queries.twin_of(form.asked, user=request.user, team=team), form.replaces)
        result = issuing.issue(asked=form.asked, submission=form.submission_id, replaces=form.replaces, **who)
        return beside, result
    if form.policy_problems:
        return Beside(), issuing.deny(form.policy_problems, **who)
    return Beside(), issuing.Denied(())


# The form's page.


@dataclass(frozen=True)
class Plan:
    """What would happen now, in words; or what has to be mended first."""

    sentence: str
    expires_at: Any
    warnings: list[str]
    problems: list[str]


def plan_for(form: RegisterCodeForm, *, left: int | None) -> Plan:
    asked, problems = form.considered()
    used_up = policies.quota_problem(form.team, left=left)
    problems += [told(used_up)] if used_up else []
    if asked is None or problems:
        return Plan("", None, [], problems)
    until = wording.expiry(asked)
    return Plan(wording.sentence(asked, until=until), until, wording.warnings(asked), [])


def _form_page(
    request: HttpRequest, team: Team, form: RegisterCodeForm, *, status: int = 200, note: str = "", resume: str = ""
) -> HttpResponse:
    """``resume`` names the field in which somebody was interrupted."""
    facts.attach([form.replaces] if form.replaces else [])
    context = _form_context(team, form) | {"status_note": note, "resume": resume}
    return render(request, "registercodes/new.html", context, status=status)


def _form_context(team: Team, form: RegisterCodeForm) -> dict[str, Any]:
    left = policies.left_today(team)
    return {
        "team": team,
        "form": form,
        "plan": plan_for(form, left=left),
        "policy_notes": policies.notes(team, left=left),
    }


def _region_note(form: RegisterCodeForm) -> str:
    if not form.region_gone:
        return ""
    return _("The earlier code was made in %(region)s, which is not offered to this team any more.") % {
        "region": form.region_gone
    }


def _named(request: HttpRequest, name: str) -> RegisterCode | None:
    """An earlier code of one's own teams that the address names."""
    reference = request.GET.get(name, "")
    return access.code_to_see(request.user, reference) if rules.REFERENCE.fullmatch(reference) else None


def _entries_of(code: RegisterCode | None) -> dict[str, Any]:
    if code is None:
        return {}
    asked = code.asked
    typed = {
        "region": asked.region,
        "description": asked.description,
        "instance_name_prefix": asked.instance_name_prefix,
        "register_limit": asked.register_limit,
        "ip_address_range": asked.ip_address_range,
    }
    return typed | ({"validity": "permanent"} if asked.permanent else {"effective_time": asked.effective_time})


# Pages of outcomes: 200 for every outcome with a row, never 502 or 504, which proxies replace or retry.


def _result_page(request: HttpRequest, team: Team, form: RegisterCodeForm, result: issuing.Result) -> HttpResponse:
    match result:
        case issuing.NotIssued():
            return _outcome_page(request, result.code)
        case issuing.Replayed(code=code, same=True):
            return _replayed_page(request, code)
        case issuing.Replayed(code=code):
            return _already_used_page(request, team, form, code)
        case issuing.Denied(problems=problems) if replacing.ALREADY in {problem.code for problem in problems}:
            form = form.renewed()
            form.add_problems(list(problems))
            return _form_page(request, team, form, status=422)
        case issuing.Denied(problems=problems):
            form.add_problems(list(problems))
            return _form_page(request, team, form, status=422)
        case _:
            return _busy_page(request, team, form, _("Too many requests wait for the cloud at the moment."))


def _busy_page(request: HttpRequest, team: Team, form: RegisterCodeForm, why: str) -> HttpResponse:
    """No row and no call: what was typed stays, and so does the submission."""
    note = " ".join([why, _("This press sent nothing and created nothing. Wait a moment, then press again.")])
    response = _form_page(request, team, form, status=503, note=note)
    response["Retry-After"] = "5"
    return response


def _issued_page(request: HttpRequest, issued: issuing.Issued, *, beside: Beside) -> HttpResponse:
    """The one page that shows a value; ``no-store`` and never compressed (BREACH)."""
    code, value = issued.code, issued.value.reveal()
    context = {
        "code": code,
        "value": value,
        "commands": enrolling.commands(region=code.region, code_id=code.code_id, value=value),
        "sentence": code.sentence,
        "twin": beside.twin,
        "replaced": beside.replaced,
    }
    return render(request, "registercodes/issued.html", context)


def _outcome_page(request: HttpRequest, code: RegisterCode) -> HttpResponse:
    """Refused, not sent, unknown (as is what nobody settled) or withheld, each with a page that says what to do."""
    state = State.UNKNOWN if code.state == State.PENDING else code.state
    explained = explaining.outcome(code)
    context = {
        "code": code,
        "explanation": explained.text,
        "who": explained.who,
        "again_url": again_url(request, code),
    }
    return render(request, f"registercodes/{state}.html", context)


def _replayed_page(request: HttpRequest, code: RegisterCode) -> HttpResponse:
    """The same button pressed again: never a second code, never the value."""
    if code.is_settling:
        return render(request, "registercodes/pending.html", {"code": code})
    if code.state == State.ISSUED:
        return render(request, "registercodes/already_issued.html", card_context(request, code))
    return _outcome_page(request, code)


def _already_used_page(request: HttpRequest, team: Team, form: RegisterCodeForm, code: RegisterCode) -> HttpResponse:
    context = _form_context(team, form.renewed()) | {"code": code}
    return render(request, "registercodes/already_used.html", context, status=409)
