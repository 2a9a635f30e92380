"""A create that SIGKILL left pending ends as what it was, by the real command: found, and disabled in the cloud."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone
from server_process import Press, creates

pytestmark = pytest.mark.processes

SYNC = ("syncregistercodes", "--region", "ap-singapore")


def left_pending(portal) -> None:
    """The cloud made the code; the process was killed before it heard so."""
    alice = portal.sign_in("alice")
    portal.sandbox.fault("stall", seconds=30)
    press = Press(portal, alice, portal.form(alice))
    portal.sandbox.wait_for_calls(1)
    portal.kill()
    assert press.was_lost()
    portal.sandbox.clear_faults()


def make_older(portal, **time: float) -> None:
    """As if the kill was a while ago: the database's owner alone can do that, and migrate repairs it."""
    postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
    table = "registercodes_registercode"
    before = timezone.now() - timedelta(**time)
    portal.database.execute("DROP TRIGGER code_asked_fixed" + (f" ON {table}" if postgresql else ""))
    portal.database.execute(f"UPDATE {table} SET created_at = ?", before if postgresql else str(before)[:26])
    portal.manage("migrate")


def test_a_killed_create_ends_as_found_and_disabled(portal):
    left_pending(portal)
    early = portal.manage(*SYNC)
    [row] = portal.rows()
    assert (row.state, "complete; 1 codes" in early.stdout) == ("pending", True)  # an answer could still come

    make_older(portal, seconds=60)
    synced = portal.manage(*SYNC)

    assert "1 unknown, 1 found, 1 of 1 wanted disables agreed" in synced.stdout
    [row], [code] = portal.rows(), portal.sandbox.codes()
    assert (row.state, row.code_id, code.Enabled) == ("found", code.RegisterCodeId, False)
    assert portal.events(row.reference) == [
        *("code.requested", "code.unknown", "code.found", "code.disable_requested", "code.disabled")
    ]
    assert portal.chain_problem() == ""


def test_its_person_reads_what_became_of_it(portal):
    left_pending(portal)
    make_older(portal, seconds=60)
    portal.manage(*SYNC)
    portal.start()
    [row] = portal.rows()
    card = portal.sign_in("alice").get(f"/codes/{row.reference}/").text
    assert "Found and disabled" in card and "Found upstream" in card


# What must not happen.


def test_two_commands_at_once_find_it_once_and_make_nothing(portal):
    left_pending(portal)
    make_older(portal, seconds=60)
    both = [portal.begin(*SYNC) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]
    [row] = portal.rows()
    assert portal.events(row.reference).count("code.found") == 1
    assert portal.events(row.reference).count("code.disabled") == 1
    assert creates(portal) == 1
    assert portal.chain_problem() == ""
