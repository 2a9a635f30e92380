"""The generator of long histories: what it writes is a record like any other, and never into somebody's own."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import transaction
from django.utils import timezone
from million_events import STAMP, NotForBenching, fill
from records import a_code, break_in_chain
from tampering import verify

from registercodes import admitting, audit, overview, triggers
from registercodes.models import Action, AuditEvent, Installation, Outcome, RegisterCode, Team, UpstreamCode

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def for_benching(settings):
    settings.TAT_ACCOUNT = STAMP
    Installation.objects.update(account=STAMP)


@pytest.mark.django_db(transaction=True)
def test_a_filled_record_is_whole_guarded_and_goes_on(for_benching, alice, web):
    fill(500)

    assert AuditEvent.objects.count() >= 500
    assert break_in_chain() == ""
    assert verify()[0] == 0
    code = a_code(team=web, person=alice)
    with transaction.atomic():
        audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, actor=alice, team=web)
    fill(100, seed=2)
    assert verify()[0] == 0


@pytest.mark.django_db(transaction=True)
def test_codes_stand_beside_their_events(for_benching):
    fill(500)

    told = AuditEvent.objects.exclude(register_code=None).select_related("register_code")
    assert told.count() > 200
    assert {event.reference == event.register_code.reference for event in told} == {True}
    assert {"issued", "refused"} < set(RegisterCode.objects.values_list("state", flat=True))
    assert {event.team_name for event in told} <= set(Team.objects.values_list("name", flat=True))


@pytest.mark.django_db(transaction=True)
def test_the_cloud_has_told_of_each_code_once(for_benching):
    fill(300)
    fill(300, seed=2)

    made = RegisterCode.objects.exclude(code_id="")
    assert 0 < UpstreamCode.objects.count() == made.count()
    assert made.filter(in_cloud__isnull=True).count() == 0
    assert UpstreamCode.objects.exclude(gone_at=None).exists()
    assert 0 < sum(line.codes for line in overview.still_open(admitting.at(timezone.now()))) < made.count()


# What must not happen.


def test_a_database_that_is_not_for_benching_is_left_alone():
    with pytest.raises(NotForBenching, match="stamped 'default', not 'bench'"):
        fill(10)

    assert not AuditEvent.objects.exists()
    assert triggers.missing(transaction.get_connection()) == []


def test_the_script_refuses_it_too(tmp_path):
    variables = {
        "PATH": "/usr/bin",
        "PORTAL_MODE": "development",
        "DATABASE_URL": f"sqlite:///{tmp_path}/portal.sqlite3",
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=variables, check=True, capture_output=True
    )

    ended = subprocess.run(
        [sys.executable, "tests/million_events.py", "--events", "5"],
        cwd=ROOT, env=variables, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert ended.returncode == 2 and "nothing was written" in ended.stderr
