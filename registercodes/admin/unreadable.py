"""Tells an auditor in words that the record holds a time that nobody can read, where a page would only fail."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from registercodes import spelling

View = Callable[..., HttpResponse]


def told_in_words(view: View) -> View:
    """A failure that is none of the stored times' stays a failure. They are looked through after a failure alone."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> HttpResponse:
        try:
            answer = view(*args, **kwargs)
            return answer.render() if isinstance(answer, TemplateResponse) else answer
        except (ValueError, OverflowError):
            found = spelling.unreadable_times()
            if not found:
                raise
            request = next(given for given in args if isinstance(given, HttpRequest))
            return _page(request, found)

    return guarded


def _page(request: HttpRequest, found: list[spelling.Unreadable]) -> HttpResponse:
    title = _("The record holds a time that cannot be read")
    context = {**admin.site.each_context(request), "title": title, "found": found}
    return TemplateResponse(request, "admin/registercodes/unreadable.html", context)
