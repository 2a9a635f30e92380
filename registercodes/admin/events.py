"""The audit record in the admin: every event, each with the whole story of its code, and all of them as a file."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registercodes import exporting, facts, history, queries
from registercodes.admin import exports
from registercodes.admin.questions import EventQuestionForm
from registercodes.admin.reading import HistoryAdmin
from registercodes.models import Action, AuditEvent, RegisterCode
from registercodes.views.requests import kept_fields


@admin.register(AuditEvent)
class AuditEventAdmin(HistoryAdmin):
    ledger = history.EVENTS
    question_form = EventQuestionForm
    list_template = "events.html"

    def get_urls(self) -> list[Any]:
        name, guarded = f"{self.opts.app_label}_{self.opts.model_name}", self.admin_site.admin_view
        page_and_press = require_http_methods(["GET", "HEAD", "POST"])(self.export_view)
        return [
            *super().get_urls(),
            path("export/", guarded(page_and_press), name=f"{name}_export"),
            path("<int:pk>/manifest/", guarded(require_safe(self.manifest_view)), name=f"{name}_manifest"),
        ]

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """A press sends the file; the page is where one comes back to after a check at the provider in between."""
        typed = kept_fields(request) or request.GET
        form = self.question_form(request.POST if request.method == "POST" else typed)
        if request.method != "POST":
            return self.export_page(request, form)
        style = request.POST.get("format", "")
        if not form.is_valid() or style not in exporting.STYLES:
            return self.export_page(request, form, status=422)
        leaving = exports.leave(request, form, style=style)
        if leaving is None:
            busy = _("Other exports are leaving at present. Nothing was exported. Press again in a while.")
            return self.export_page(request, form, status=503, note=busy)
        return leaving

    def export_page(
        self, request: HttpRequest, form: EventQuestionForm, *, status: int = 200, note: str = ""
    ) -> HttpResponse:
        filters = form.filters if form.is_valid() else {}
        named = [(form[name].label, value) for name, value in filters.items()]
        context = {"title": _("Export"), "form": form, "filters": named, "note": note}
        answer = self.page(request, "export.html", context | {"list_url": self.address("changelist")})
        answer.status_code = status
        return answer

    def manifest_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        sealed = exports.manifest(get_object_or_404(AuditEvent, pk=pk))
        if sealed is None:
            raise Http404
        return sealed

    def story_of(self, row: AuditEvent) -> dict[str, Any]:
        code = RegisterCode.objects.select_related("team").filter(pk=row.register_code_id).first()
        facts.attach([code] if code else [])
        left = row.action == Action.AUDIT_HANDED_OUT
        return {
            "title": row.get_action_display().capitalize(),
            "event": row,
            "code": code,
            "story": queries.timeline(code) if code else [row],
            "list_url": self.address("changelist"),
            "manifest_url": self.address("manifest", row.pk) if left else "",
        }
