"""What a portal in a browser has to show of codes from elsewhere: made in its sandbox, and seen by a real sync."""

import itertools
from datetime import UTC, datetime, timedelta

from sandbox_callers import CREATE, call
from server_process import Portal

_numbers = itertools.count(1)


def made_elsewhere(portal: Portal, description: str = "", **changes: object) -> str:
    """By somebody with a key of the account, and seen by a sync. Its id."""
    code_id = made_unseen(portal, description, **changes)
    synced(portal)
    return code_id


def made_unseen(portal: Portal, description: str = "", **changes: object) -> str:
    asked = {"Description": description or f"build agents {next(_numbers)}", "RegisterLimit": 10, "EffectiveTime": 48}
    return call(portal.sandbox, CREATE, asked | changes).response["RegisterCodeId"]


def synced(portal: Portal) -> None:
    portal.manage("syncregistercodes", "--region", "ap-singapore")


def long_dead(portal: Portal, *descriptions: str) -> list[str]:
    """Disabled in the cloud, and as if a sync had seen them end long ago; the next sync sees better."""
    code_ids = [made_unseen(portal, description) for description in descriptions]
    call(portal.sandbox, "DisableRegisterCodes", {"RegisterCodeIds": code_ids})
    synced(portal)
    long_ago = (datetime.now(UTC) - timedelta(days=90)).isoformat(sep=" ")
    for code_id in code_ids:
        portal.database.execute(
            "UPDATE registercodes_upstreamcode SET expires_at = ? WHERE code_id = ?", long_ago, code_id
        )
    return code_ids


def outside_path(portal: Portal, code_id: str, what: str) -> str:
    found = portal.database.query("SELECT id FROM registercodes_upstreamcode WHERE code_id = ?", code_id)
    return f"/outside/{found[0].id}/{what}/"
