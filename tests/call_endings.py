"""How a press ended, told alike by row, events and page: what every test of the call fault table asks."""

import hashlib
import re

from reading_pages import heading, text, value_in

from registercodes.models import AuditEvent, RegisterCode

NEW = "/teams/web/codes/new/"
CREATE = "CreateRegisterCode"
HEADINGS = {
    "unknown": "The cloud’s answer never arrived",
    "refused": "The cloud refused this code",
    "not_sent": "The request never reached the cloud",
    "withheld": "The code was made, but its value is withheld",
}
CREATED = {"unknown": "Perhaps.", "refused": "No.", "not_sent": "No.", "withheld": "Yes, but nobody can use it"}


def was_anything_created(page) -> str:
    return re.search(r"Was anything created\?</dt>\s*<dd>(.*?)</dd>", text(page), re.DOTALL)[1].strip()


def ended(page, state: str, *, reason: str = "", error_code: str = "") -> RegisterCode:
    """Row, events and page tell the same story, and none of them a value. Returns the row."""
    code = RegisterCode.objects.get()
    assert (code.state, code.reason, code.error_code) == (state, reason, error_code)
    assert actions()[:2] == ["code.requested", f"code.{state}"]
    assert (page.status_code, heading(page)) == (200, HEADINGS[state])
    assert was_anything_created(page).startswith(CREATED[state])
    assert code.reference in text(page)
    assert value_in(page) == ""
    assert code.value_fingerprint == "" or state == "issued"
    return code


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


def shows_a_value(page, cloud) -> bool:
    known = {code.ValueSha256 for code in cloud.codes()}
    return any(hashlib.sha256(word.encode()).hexdigest() in known for word in re.findall(r"[0-9a-f]{64}", text(page)))


def posts(server) -> int:
    """Calls; the page's own question whether this is the sandbox is a GET."""
    return sum(request.startswith(b"POST ") for request in server.requests)
