"""The register codes in the admin: what was asked, what became of it, and the whole story of each."""

from typing import Any

from django.contrib import admin

from registercodes import facts, history, queries
from registercodes.admin.questions import CodeQuestionForm
from registercodes.admin.reading import HistoryAdmin
from registercodes.models import RegisterCode


@admin.register(RegisterCode)
class RegisterCodeAdmin(HistoryAdmin):
    ledger = history.CODES
    question_form = CodeQuestionForm
    list_template = "codes.html"

    def completed(self, rows: list[RegisterCode]) -> list[RegisterCode]:
        """With what the cloud said, as the card shows them."""
        facts.attach(rows)
        return rows

    def story_of(self, row: RegisterCode) -> dict[str, Any]:
        facts.attach([row])
        return {
            "title": row.description or row.reference,
            "code": row,
            "story": queries.timeline(row),
            "list_url": self.address("changelist"),
        }
