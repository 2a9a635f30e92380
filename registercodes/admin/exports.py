"""The audit record as a file, from its page: who takes what is on record first, then rows leave as they are read.

Nothing grows in memory, and no transaction stays open while a browser reads
slowly: events never change, so reading them in chunks up to the number that the
record ended with is reading them at once.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone

from registercodes import exporting, history, places
from registercodes.admin.questions import QuestionForm
from registercodes.audit import Origin
from registercodes.exporting import Export
from registercodes.views import origin_of

TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
MANIFEST_TYPE = "application/json"


class Leaving:
    """An export on its way to one browser. It holds a place until its last byte, or until the browser goes away."""

    def __init__(self, export: Export, *, place: ExitStack, actor: Any, origin: Origin, file: str) -> None:
        self._export, self._place = export, place
        self._whose: dict[str, Any] = {"actor": actor, "origin": origin, "file": file}

    def __iter__(self) -> Iterator[bytes]:
        yield from self._export
        self._export.note_end(**self._whose)

    def close(self) -> None:
        self._place.close()


def leave(request: HttpRequest, form: QuestionForm, *, style: str) -> StreamingHttpResponse | None:
    """None when as many exports as may are leaving already: nothing was taken, and nothing is on record."""
    export = Export(history.selected(history.EVENTS, form.question), style=style, filters=form.filters)
    whose: dict[str, Any] = {"actor": request.user, "origin": origin_of(request), "file": name_of(style)}
    with ExitStack() as place:
        if not place.enter_context(places.place("export")):
            return None
        export.announce(**whose)
        leaving = Leaving(export, place=place.pop_all(), **whose)
    return StreamingHttpResponse(leaving, content_type=TYPES[style], headers=as_file(whose["file"]))


def name_of(style: str) -> str:
    return f"audit-events-{timezone.now():%Y%m%dT%H%M%SZ}.{style}"


def manifest(event: Any) -> HttpResponse | None:
    """Beside the file that it is of, under the name that ``verifyaudit --export`` looks for."""
    found = exporting.manifest_on_record(event)
    if found is None:
        return None
    file, sealed = found
    return HttpResponse(sealed, content_type=MANIFEST_TYPE, headers=as_file(f"{file}.manifest.json"))


def as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
