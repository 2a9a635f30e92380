"""The audit record in the admin: every event, and each with the whole story of its code."""

from typing import Any

from django.contrib import admin

from registercodes import history, queries
from registercodes.admin.questions import EventQuestionForm
from registercodes.admin.reading import HistoryAdmin
from registercodes.models import AuditEvent, RegisterCode


@admin.register(AuditEvent)
class AuditEventAdmin(HistoryAdmin):
    ledger = history.EVENTS
    question_form = EventQuestionForm
    list_template = "events.html"

    def story_of(self, row: AuditEvent) -> dict[str, Any]:
        code = RegisterCode.objects.select_related("team").filter(pk=row.register_code_id).first()
        return {
            "title": row.get_action_display().capitalize(),
            "event": row,
            "code": code,
            "story": queries.timeline(code) if code else [row],
            "list_url": self.address("changelist"),
        }
