"""Disabling, one code or several, and replacing: each asked for in words first, on record before the cloud is told."""

import logging
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from registercodes import access, closing, explaining, facts, hosts, lifecycle, replacing, rules
from registercodes.access import NotThere
from registercodes.database import DATABASE_AWAY
from registercodes.models import RegisterCode
from registercodes.views.requests import origin_of, page_and_form, was_interrupted

log = logging.getLogger("registercodes.views")


@page_and_form
def disable(request: HttpRequest, reference: str) -> HttpResponse:
    """Asked for in words first; says what it does not do."""
    code = access.code_to_close(request.user, reference)
    was_closed = bool(code.disabled_at)
    try:
        if request.method == "POST" and code.code_id and not was_closed:
            lifecycle.disable(code, actor=request.user, origin=origin_of(request))
    except DATABASE_AWAY:
        log.error("disable_not_recorded", extra={"reference": reference}, exc_info=True)
        return render(request, "registercodes/disable.html", {"code": code, "is_busy": True}, status=503)
    card = reverse("registercodes:card", args=[reference])
    if request.method == "POST":
        return redirect(f"{card}?said=already" if was_closed else card)
    if not code.can_be_disabled:
        return redirect(card)
    facts.attach([code])
    return render(request, "registercodes/disable.html", {"code": code, "was_interrupted": was_interrupted(request)})


@page_and_form
def replace(request: HttpRequest, reference: str) -> HttpResponse:
    """Puts the old one out of use, then offers the form with its entries; nothing is created here."""
    code = access.code_to_replace(request.user, reference)
    if not replacing.may_be_replaced(code):
        return _cannot_replace(request, code)
    form = reverse("registercodes:new", args=[code.team.key]) + f"?replaces={reference}"
    if not replacing.must_close_first(code):
        return redirect(form)
    try:
        if request.method == "POST":
            lifecycle.disable(code, actor=request.user, origin=origin_of(request))
            return redirect(form)
    except DATABASE_AWAY:
        log.error("disable_not_recorded", extra={"reference": reference}, exc_info=True)
        return _replace_page(request, code, status=503, is_busy=True)
    return _replace_page(request, code)


def _cannot_replace(request: HttpRequest, code: RegisterCode) -> HttpResponse:
    facts.attach([code])
    context = {"code": code, "successor": replacing.successor_of(code)}
    return render(request, "registercodes/not_replaced.html", context, status=409)


def _replace_page(request: HttpRequest, code: RegisterCode, *, status: int = 200, **more: Any) -> HttpResponse:
    facts.attach([code])
    context = {"code": code, "hosts": hosts.of(code) if code.code_id else None, **more}
    return render(request, "registercodes/replace.html", context, status=status)


# Several at once.


@page_and_form
def disable_several(request: HttpRequest) -> HttpResponse:
    """Those ticked on a list: named, asked for in words, then told one by one what became of each."""
    access.must_look_after_codes(request.user, asked="disable_several")
    ticked = list(dict.fromkeys((request.POST if request.method == "POST" else request.GET).getlist("code")))
    if len(ticked) > closing.MOST:
        return _several_page(request, [], status=422, too_many=True)
    if any(not rules.REFERENCE.fullmatch(reference) for reference in ticked):
        raise NotThere("code_not_found", asked=" ".join(ticked))
    codes = access.codes_to_close(request.user, ticked)
    if request.method != "POST" or not codes:
        return _several_page(request, codes)
    try:
        closed = closing.disable_several(codes, actor=request.user, origin=origin_of(request))
    except DATABASE_AWAY:
        log.error("disable_not_recorded", extra={"count": len(codes)}, exc_info=True)
        return _several_page(request, codes, status=503, is_busy=True)
    facts.attach(codes)
    told = [(one, explaining.left_open(one.why_not)) for one in closed]
    is_done = all(one.became != "left" for one in closed)
    return render(request, "registercodes/several_disabled.html", {"closed": told, "is_done": is_done})


def _several_page(request: HttpRequest, codes: list[RegisterCode], *, status: int = 200, **more: Any) -> HttpResponse:
    facts.attach(codes)
    live = [code for code in codes if code.can_be_disabled]
    context = {"codes": codes, "live": live, "most": closing.MOST, **more}
    return render(request, "registercodes/disable_several.html", context, status=status)
