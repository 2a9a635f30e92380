"""Writes codes as a file that spreadsheets open; never a cell that one of them would run."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from registercodes.models import RegisterCode

BOM = "\ufeff"  # else Excel reads UTF-8 as something else
# How a formula begins, also after a blank and in the full-width spellings that some turn into plain ones.
RUNS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def as_csv(codes: Sequence[RegisterCode], *, most: int) -> str:
    """The first ``most`` of ``codes``; when there are more, a last line says so."""
    file = io.StringIO()
    writer = csv.writer(file)
    columns = _columns()
    writer.writerow(columns)
    writer.writerows([[safe(cell) for cell in _cells(code)] for code in codes[:most]])
    if len(codes) > most:
        more = _("More than %(most)d codes match; these are the first. Narrow the filters.") % {"most": most}
        writer.writerow([more] + [""] * (len(columns) - 1))
    return BOM + file.getvalue()


def safe(text: str) -> str:
    """An apostrophe before what would run; the text itself stays."""
    return f"'{text}" if text.lstrip(" \u00a0").startswith(RUNS) or text.startswith(RUNS) else text


def _columns() -> list[str]:
    return [
        *(_("Reference"), _("Team"), _("State"), _("As of"), _("Description"), _("Made by"), _("Asked for")),
        *(_("Region"), _("Code id"), _("Hosts, up to"), _("Hosts registered"), _("Until"), _("IP range")),
        *(_("Instance name prefix"), _("Confirmed stored"), _("Disabling asked for"), _("Disabled")),
    ]


def _cells(code: RegisterCode) -> list[str]:
    shown, told = code.shown_state, code.upstream
    used = "" if told is None or told.registered_count is None else str(told.registered_count)
    return [
        *(code.reference, code.team.name, shown.label, _at(shown.as_of), code.description, code.created_by_name),
        *(_at(code.created_at), code.region, code.code_id, str(code.register_limit), used),
        *(_("permanent") if code.permanent else _at(code.ends_at), code.ip_address_range, code.instance_name_prefix),
        *(_at(code.confirmed_at), _at(code.disable_wanted_at), _at(code.disabled_at)),
    ]


def _at(moment: datetime | None) -> str:
    """ISO 8601, whose order is the order of time, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if moment else ""
