"""Reads a form out of a page as a browser without scripts would send it."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._fields: dict[str, str] | None = None
        self._select = self._textarea = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        if tag == "form":
            self._fields = self.forms.setdefault(found.get("action", ""), {})
        elif self._fields is not None and tag == "input" and found.get("name"):
            if found.get("type") not in ("radio", "checkbox") or "checked" in found:
                self._fields[found["name"]] = found.get("value", "")
        elif tag == "select":
            self._select = found.get("name", "")
        elif tag == "option" and self._select and self._fields is not None:
            if "selected" in found or self._select not in self._fields:
                self._fields[self._select] = found.get("value", "")
        elif tag == "textarea" and self._fields is not None:
            self._textarea = found.get("name", "")
            self._fields[self._textarea] = ""

    def handle_data(self, text: str) -> None:
        if self._textarea and self._fields is not None:
            self._fields[self._textarea] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea":
            self._textarea = ""


def form_on(page: str, *, action: str) -> dict[str, str]:
    """Names and values, the CSRF token and hidden fields included; KeyError when the page has no such form."""
    reader = _Reader()
    reader.feed(page)
    return dict(reader.forms[action])
