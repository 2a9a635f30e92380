"""Pages of the record in Django's admin: a list with its questions, and one row with its story. Reading only.

Django's own list counts all rows, pages by offset and offers any column as a
filter; a list of history does none of it.
"""

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from registercodes import history
from registercodes.admin.questions import QuestionForm
from registercodes.admin.unreadable import told_in_words
from registercodes.history import Ledger, Page

PLACES = ("before", "after")  # of a page in the list, in its address


class RoleAdmin(admin.ModelAdmin):
    """Whoever reached the site may look; nothing is added, changed or deleted, and Django's log gets no row."""

    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Its heading says what is listed; Django's asks to select one."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The audit record is the only one."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """As above."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """As above."""

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shown = {**self.admin_site.each_context(request), "opts": self.opts, **context}
        return TemplateResponse(request, f"admin/{self.opts.app_label}/{template}", shown)

    def address(self, page: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}", args=args)


class HistoryAdmin(RoleAdmin):
    ledger: Ledger
    question_form: type[QuestionForm]
    list_template: str
    story_template = "story.html"

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("", self.admin_site.admin_view(require_safe(self.changelist_view)), name=f"{name}_changelist"),
            path("<int:pk>/change/", self.admin_site.admin_view(require_safe(self.story_view)), name=f"{name}_change"),
        ]

    @told_in_words
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        form = self.question_form(request.GET)
        places = {name: place(request.GET.get(name, "")) for name in PLACES}
        found = history.page_of(self.ledger, form.question, **places) if form.is_valid() else Page([], None, None)
        asked = {name: value for name, value in request.GET.items() if value and name not in PLACES}
        context = {
            "title": self.opts.verbose_name_plural.capitalize(),
            "form": form,
            "rows": self.completed(found.rows),
            "older_url": found.older and f"?{urlencode(asked | {'before': found.older})}",
            "newer_url": found.newer and f"?{urlencode(asked | {'after': found.newer})}",
            "newest_url": found.newer and f"?{urlencode(asked)}",
            "question": urlencode(asked),
            "address": form.address,
        }
        return self.page(request, self.list_template, context | (extra_context or {}))

    @told_in_words
    def story_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.model.objects.select_related("team", self.ledger.person).filter(pk=pk).first()
        if row is None:
            raise Http404
        return self.page(request, self.story_template, self.story_of(row))

    def completed(self, rows: list[Any]) -> list[Any]:
        return rows

    def story_of(self, row: Any) -> dict[str, Any]:
        raise NotImplementedError


def place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
