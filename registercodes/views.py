"""The pages. Each opens with its guard; behaviour lives in the services below."""

import logging
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registercodes import access, enrolling, explaining, facts, issuing, lifecycle, policies, queries, rules, wording
from registercodes.audit import USER_AGENT_MAX, Origin
from registercodes.database import DATABASE_AWAY
from registercodes.forms import RegisterCodeForm, told
from registercodes.models import RegisterCode, Team

log = logging.getLogger("registercodes.views")

PENDING_REFRESH_SECONDS = 2
State = RegisterCode.State
page_and_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The codes of one's teams; a role without a team lands on what the role is for."""
    team_key = request.GET.get("team", "")
    sections = queries.sections_for(request.user, team_key=team_key, before=_whole(request.GET.get("before", "")))
    if team_key and not sections:
        raise Http404
    if not sections and not request.user.roles:
        problem = {"groups_problem": getattr(request, "groups_problem", "")}
        return render(request, "registercodes/no_team.html", problem, status=403)
    return render(request, "registercodes/home.html", {"sections": sections, "roles": sorted(request.user.roles)})


@page_and_form
def new(request: HttpRequest, team_key: str) -> HttpResponse:
    """Ask for a code. The value, if any, is in this POST's own answer (DECISIONS 5)."""
    team = access.team_to_issue_for(request.user, team_key)
    if getattr(request, "typed_before", None):
        return _kept_page(request, team)
    if request.method != "POST":
        form = RegisterCodeForm(team=team, person=request.user, initial=_prefilled(request))
        return _form_page(request, team, form, note=_region_note(form))
    form = RegisterCodeForm(request.POST, team=team, person=request.user)
    try:
        twin, result = _asked_for(request, team, form)
    except DATABASE_AWAY:
        log.error("request_not_recorded", exc_info=True)
        return _busy_page(request, team, form, _("The portal's record cannot be written at the moment."))
    if isinstance(result, issuing.Issued):
        return _issued_page(request, result, twin=twin)
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


@require_safe
def card(request: HttpRequest, reference: str) -> HttpResponse:
    code = access.code_to_see(request.user, reference)
    return render(request, "registercodes/card.html", _card_context(request, code))


@page_and_form
def stored(request: HttpRequest, reference: str) -> HttpResponse:
    """Sign-in leads back here with a GET: the card asks once more."""
    if request.method != "POST":
        return redirect("registercodes:card", reference)
    code = access.code_to_confirm(request.user, reference)
    lifecycle.confirm_stored(code, actor=request.user, origin=origin_of(request))
    return redirect("registercodes:card", reference=reference)


@page_and_form
def disable(request: HttpRequest, reference: str) -> HttpResponse:
    """Asked for in words first; says what it does not do."""
    code = access.code_to_close(request.user, reference)
    try:
        if request.method == "POST" and code.code_id:
            lifecycle.disable(code, actor=request.user, origin=origin_of(request))
    except DATABASE_AWAY:
        log.error("disable_not_recorded", extra={"reference": reference}, exc_info=True)
        return render(request, "registercodes/disable.html", {"code": code, "is_busy": True}, status=503)
    if request.method == "POST" or not _may_disable(request, code):
        return redirect("registercodes:card", reference=reference)
    facts.attach([code])
    return render(request, "registercodes/disable.html", {"code": code})


def new_once_more(request: HttpRequest, team_key: str, *, status: int, note: str) -> HttpResponse:
    """Instead of ``new``, when a press may not be acted upon: the same words, and why."""
    team = access.team_to_issue_for(request.user, team_key)
    form = RegisterCodeForm(request.POST, team=team, person=request.user)
    return _form_page(request, team, form, status=status, note=note)


def _kept_page(request: HttpRequest, team: Team) -> HttpResponse:
    """What was typed before a sign-in or re-check came between."""
    form = RegisterCodeForm(request.typed_before, team=team, person=request.user)
    note = _("Your sign-in was checked in between. Nothing was sent yet: look it over, then press again.")
    return _form_page(request, team, form, note=note)


def _asked_for(request: HttpRequest, team: Team, form: RegisterCodeForm) -> tuple[RegisterCode | None, issuing.Result]:
    """What became of the press, and the twin of its code: looked up before, since nothing may fail beside a value."""
    who = {"actor": request.user, "team": team, "origin": origin_of(request)}
    if form.is_valid():
        twin = queries.twin_of(form.asked, user=request.user, team=team)
        return twin, issuing.issue(asked=form.asked, submission=form.submission_id, **who)
    if form.policy_problems:
        return None, issuing.deny(form.policy_problems, **who)
    return None, issuing.Denied(())


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
    request: HttpRequest, team: Team, form: RegisterCodeForm, *, status: int = 200, note: str = ""
) -> HttpResponse:
    context = _form_context(team, form) | {"status_note": note}
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


def _prefilled(request: HttpRequest) -> dict[str, Any]:
    """The parameters of an earlier code of one's own teams, to create another like it."""
    like = request.GET.get("like", "")
    if not rules.REFERENCE.fullmatch(like):
        return {}
    asked = access.code_to_see(request.user, like).asked
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


def _issued_page(request: HttpRequest, issued: issuing.Issued, *, twin: RegisterCode | None) -> HttpResponse:
    """The one page that shows a value; ``no-store`` and never compressed (BREACH)."""
    code, value = issued.code, issued.value.reveal()
    context = {
        "code": code,
        "value": value,
        "commands": enrolling.commands(region=code.region, code_id=code.code_id, value=value),
        "sentence": code.sentence,
        "twin": twin,
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
        "again_url": _again_url(request, code),
    }
    return render(request, f"registercodes/{state}.html", context)


def _replayed_page(request: HttpRequest, code: RegisterCode) -> HttpResponse:
    """The same button pressed again: never a second code, never the value."""
    if code.is_settling:
        return render(request, "registercodes/pending.html", {"code": code})
    if code.state == State.ISSUED:
        return render(request, "registercodes/already_issued.html", _card_context(request, code))
    return _outcome_page(request, code)


def _already_used_page(request: HttpRequest, team: Team, form: RegisterCodeForm, code: RegisterCode) -> HttpResponse:
    context = _form_context(team, form.renewed()) | {"code": code}
    return render(request, "registercodes/already_used.html", context, status=409)


# The card.


def _card_context(request: HttpRequest, code: RegisterCode) -> dict[str, Any]:
    facts.attach([code])
    code.may_disable = _may_disable(request, code)
    code.may_confirm = code.state == State.ISSUED and not code.confirmed_at and code.created_by_id == request.user.pk
    events = queries.timeline(code)
    return {
        "code": code,
        "events": [explaining.told(event) for event in events],
        "not_disabled": explaining.not_disabled(code, events),
        "again_url": _again_url(request, code),
        "refresh_seconds": PENDING_REFRESH_SECONDS if code.is_settling else None,
    }


def _may_disable(request: HttpRequest, code: RegisterCode) -> bool:
    return bool(code.code_id) and not code.disabled_at and access.may_close(request.user, code)


def _again_url(request: HttpRequest, code: RegisterCode) -> str | None:
    """None without the right; and without a database, so that the page still says what happened."""
    try:
        if not access.may_issue(request.user, code.team):
            return None
    except DATABASE_AWAY:
        return None
    return reverse("registercodes:new", args=[code.team.key]) + f"?like={code.reference}"


# Small readings of the request.


def origin_of(request: HttpRequest) -> Origin:
    return Origin(
        request_id=request.request_id,
        client_ip=request.client_ip,
        user_agent=request.headers.get("User-Agent", "")[:USER_AGENT_MAX],
    )


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
