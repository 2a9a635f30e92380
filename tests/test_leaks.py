"""The canary: after a run at DEBUG, no issued value, key or Authorization header is in any place that lasts."""

import base64
import os
import re
import subprocess
from pathlib import Path

import pytest
from django.db import connection
from server_process import Portal

from registercodes.sandbox import SECRET_KEY

pytestmark = pytest.mark.processes

VALUE = re.compile(r'id="the-value"[^>]*>([0-9a-f]{64})<')
FAULTS = ("error", "html", "not_json", "truncated", "no_value", "error_and_data", "reset", "wrong_shape")


def places(portal: Portal, directory: Path) -> dict[str, bytes]:
    """Everything written to disk (database, WAL, logs, sandbox state), every row, and the process list."""
    found = {path.name: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    for table in ("registercodes_registercode", "registercodes_auditevent", "django_session", "sso_user"):
        found[table] = repr(portal.database.query(f"SELECT * FROM {table}")).encode()
    found["processes"] = subprocess.run(["ps", "-efww"], capture_output=True, check=True).stdout
    return found


def spellings(secret: str) -> list[bytes]:
    raw = secret.encode()
    shapes = [raw, raw[:40], raw.hex().encode(), base64.b64encode(raw).rstrip(b"="), raw[::-1]]
    return shapes + ([bytes.fromhex(secret)] if re.fullmatch("[0-9a-f]{64}", secret) else [])


def leaks(found: dict[str, bytes], secrets: list[str]) -> list[str]:
    return [place for place, content in found.items() for s in secrets for shape in spellings(s) if shape in content]


def test_after_a_run_at_debug_no_value_is_anywhere(tmp_path, sandbox):
    database = os.environ.get("DATABASE_URL", "") if connection.vendor == "postgresql" else ""
    with Portal(tmp_path, sandbox, database=database, LOG_LEVEL="DEBUG", TAT_DEADLINE="2") as portal:
        alice = portal.sign_in("alice")
        values = [VALUE.search(portal.post_new(alice).text)[1] for _ in range(3)]
        pages = []
        for fault in FAULTS:
            sandbox.fault(fault, **({"code": "InternalError"} if fault == "error" else {}))
            pages.append(portal.post_new(alice).text)
        pages += [alice.get("/").text, alice.get(f"/codes/{portal.rows()[0].reference}/").text]
        found = places(portal, tmp_path)
        found |= {f"page {number}": page.encode() for number, page in enumerate(pages)}
        cookies = " ".join(f"{name}={value}" for name, value in alice.cookies.items())

    assert len(found["portal.out"]) > 10_000
    assert leaks(found | {"cookies": cookies.encode()}, values) == []
    written = {place: content for place, content in found.items() if place != "processes"}
    assert leaks(written, [SECRET_KEY]) == []
    assert [place for place, content in written.items() if b"TC3-HMAC-SHA256 Credential" in content] == []
    # The scanner is not blind: what it was given is found in each place.
    planted = {place: content + values[0].encode() for place, content in found.items()}
    assert set(leaks(planted, values)) == set(found)
