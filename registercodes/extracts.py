"""Decides whether an export or an archive is still what was written: from the file, its manifest and the keys alone.

JSON Lines carry all that each digest covers, so every row proves itself. CSV is
for spreadsheets and does not (cells are made formula-safe): there the sealed
manifest proves the bytes. Neither asks the database.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registercodes import keys, sealing, verifying
from registercodes.exporting import FIELDS, KIND
from registercodes.models import AuditEvent
from registercodes.proving import CannotVerify
from registercodes.verifying import Break, Place

COLUMN_OF = {name: column for column, name in FIELDS.items()}
EMPTY: dict[str, Any] = {
    field.attname: {} if field.attname == "detail" else None if field.null else ""
    for field in AuditEvent._meta.concrete_fields
    if field.attname in FIELDS
}
CSV_SAID = (
    "CSV: its bytes are those that the portal wrote, by the manifest's seal. The cells themselves prove nothing, and"
    " the database was not asked; export JSON Lines where each row has to prove itself."
)
JSONL_SAID = "JSON Lines: each row was proven by its own digest, under the key. The database was not asked."


@dataclass(frozen=True)
class Checked:
    """``found``: what is wrong, or empty; ``said``: what was proven, in words."""

    found: str
    said: tuple[str, ...] = ()


class _Wrong(Exception):
    pass


def manifest_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")


def check(path: Path) -> Checked:
    """Raises ``CannotVerify`` without a manifest to go by."""
    try:
        facts = sealing.opened(KIND, manifest_of(path).read_text())
    except FileNotFoundError:
        raise CannotVerify(f"{manifest_of(path)} is missing: without it nothing says what {path} held") from None
    except sealing.NotSealed as wrong:
        raise CannotVerify(f"{manifest_of(path)} is no manifest to go by: {wrong}") from None
    jsonl = facts["format"] == "jsonl"
    try:
        _check_rows(path, facts) if jsonl else None
    except _Wrong as wrong:
        return Checked(str(wrong))
    if _sha256_of(path) != facts["file_sha256"]:
        return Checked(f"{path} was changed: its SHA-256 is not the manifest's.")
    rows = f"whole: {facts['count']} rows, events {facts['first_sequence']} to {facts['last_sequence']}"
    filtered = f"Filters: {json.dumps(facts['filters'])}." if facts["filters"] else "No filter: nothing was left out."
    return Checked("", (rows, filtered, JSONL_SAID if jsonl else CSV_SAID))


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_rows(path: Path, facts: dict[str, Any]) -> None:
    digests = hashlib.sha256()
    rows = _noted(rows_in(path), digests)
    first, last, count = (facts[name] for name in ("first_sequence", "last_sequence", "count"))
    if count and last - first + 1 == count:
        place = Place(first, None)
        found = verifying.walk(rows, place=place, keys=keys.by_id())
        if found is None and place.last != last:
            found = Break(place.expected, f"missing: the manifest says that the file ends with event {last}")
    else:
        found = _each_proven(rows)
    if found:
        raise _Wrong(str(found))
    if digests.hexdigest() != facts["digests_sha256"]:
        raise _Wrong(f"{path}: rows were added or removed: their digests are not those of the manifest.")


def _noted(rows: Iterator[verifying.Row], digests: Any) -> Iterator[verifying.Row]:
    for row in rows:
        digests.update(f"{row[verifying.DIGEST]}\n".encode())
        yield row


def _each_proven(rows: Iterator[verifying.Row]) -> Break | None:
    """A filter left rows out between them, so each stands alone; only their order can be checked."""
    before = 0
    for row in rows:
        columns = dict(zip(verifying.COLUMNS, row, strict=True))
        number = columns["sequence"]
        wrong = verifying.forgery(columns, columns.pop("digest"), keys=keys.by_id())
        if wrong:
            return Break(number, wrong)
        if number <= before:
            return Break(number, "out of order, or there twice")
        before = number
    return None


def rows_in(path: Path) -> Iterator[verifying.Row]:
    """The events in a JSON Lines file, as ``verifying`` takes them; a time stays text, which is its canonical form."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                fields = json.loads(line)
                columns = EMPTY | {COLUMN_OF[name]: fields[name] for name in fields if name != "ecs.version"}
                row = tuple(columns[name] for name in verifying.COLUMNS)
            except (ValueError, TypeError, KeyError, RecursionError):
                raise _Wrong(f"{path}, line {number}: not an event of this portal.") from None
            if [type(columns[name]) for name in ("sequence", "form_version", "key_id")] != [int, int, str]:
                raise _Wrong(f"{path}, line {number}: not an event of this portal.")
            yield row
