"""How tests read a page: as a person does, by what stands beside which field, never by template names."""

import html
import re
from urllib.parse import urlencode

from django.http import HttpResponse
from django.test import Client

FORM = "application/x-www-form-urlencoded"
VALUE = re.compile(r'id="the-value"[^>]*>([^<]*)<')


def send(client: Client, path: str, fields, **extra) -> HttpResponse:
    """As a browser sends a form. ``fields`` may be a list of pairs, or the body itself."""
    body = fields if isinstance(fields, str | bytes) else urlencode(fields)
    return client.post(path, body, content_type=FORM, **extra)


def text(response: HttpResponse) -> str:
    return response.content.decode()


def errors_beside(response: HttpResponse) -> dict[str, list[str]]:
    """Messages by the field they stand beside; only of fields that say so to assistive technology too."""
    page = text(response)
    found: dict[str, list[str]] = {}
    for name, message in re.findall(r'id="error_\d+_id_(\w+)"[^>]*><strong>(.*?)</strong>', page, re.DOTALL):
        if is_marked_invalid(page, name):
            found.setdefault(name, []).append(html.unescape(message))
    return found


def is_marked_invalid(page: str, name: str) -> bool:
    """The control is invalid, and it (or the group it belongs to) is described by the message."""
    controls = re.findall(rf'<(?:input|select)[^>]*\bname="{name}"[^>]*>', page)
    described = re.search(rf'<(?:input|select|fieldset)[^>]*aria-describedby="[^"]*\bid_{name}_error\b', page)
    return bool(described) and all('aria-invalid="true"' in control for control in controls)


def summary(response: HttpResponse) -> list[str]:
    """The messages listed above the form."""
    box = re.search(r'id="problems".*?</div>', text(response), re.DOTALL)
    items = re.findall(r"<li>(.*?)</li>", box.group(0), re.DOTALL) if box else []
    return [html.unescape(re.sub(r"<[^>]+>", "", item)).strip() for item in items]


def typed_in(response: HttpResponse, name: str) -> str:
    """What a field holds when the page is shown."""
    control = re.search(rf'<input[^>]*\bname="{name}"[^>]*>', text(response), re.DOTALL).group(0)
    held = re.search(r'\bvalue="([^"]*)"', control)
    return html.unescape(held.group(1)) if held else ""


def picked_in(response: HttpResponse, name: str) -> str:
    """The radio button that is on."""
    buttons = re.findall(rf'<input[^>]*type="radio"[^>]*\bname="{name}"[^>]*>', text(response))
    return next((re.search(r'value="(\w+)"', button).group(1) for button in buttons if "checked" in button), "")


def chosen_in(response: HttpResponse, name: str) -> str:
    select = re.search(rf'<select[^>]*\bname="{name}".*?</select>', text(response), re.DOTALL).group(0)
    chosen = re.search(r'<option value="([^"]*)"[^>]*\bselected\b', select)
    return chosen.group(1) if chosen else ""


def heading(response: HttpResponse) -> str:
    return html.unescape(
        re.sub(r"<[^>]+>", "", re.search(r"<h1[^>]*>(.*?)</h1>", text(response), re.DOTALL).group(1))
    ).strip()


def value_in(response: HttpResponse) -> str:
    """The register code's value, where the page shows one."""
    shown = VALUE.search(text(response))
    return shown.group(1) if shown else ""
