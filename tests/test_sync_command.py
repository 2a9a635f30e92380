"""manage.py syncregistercodes: what it says, how it exits, how it goes on; and the schedules that call it."""

import contextlib
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from reading_pages import send
from records import a_code
from syncs import made_elsewhere
from test_database_away import Unwritable

from registercodes.management.commands import syncregistercodes
from registercodes.models import RegisterCode, SyncRun, UpstreamCode
from registercodes.stopping import Stop

ROOT = Path(__file__).resolve().parent.parent
NEW = "/teams/web/codes/new/"
DESCRIBE = "DescribeRegisterCodes"


@pytest.fixture
def own(sandbox, point_at, settings):
    """A cloud of its own, two regions."""
    sandbox.set_limits(rate=0)
    point_at(sandbox.url)
    settings.TAT_RATE = 1000
    settings.TAT_REGIONS = ["ap-singapore", "eu-frankfurt"]
    return sandbox


def lines(capsys) -> list[str]:
    return [line for line in capsys.readouterr().out.splitlines() if not line.startswith("{")]


@pytest.mark.django_db
def test_it_says_one_line_for_each_region_and_exits_0(as_alice, typed, own, capsys):
    send(as_alice, NEW, typed())
    capsys.readouterr()
    call_command("syncregistercodes")
    assert lines(capsys) == [
        "ap-singapore: complete; 1 seen, 1 changed",
        "eu-frankfurt: complete; 0 seen, 0 changed",
    ]
    assert UpstreamCode.objects.get().code_id == RegisterCode.objects.get().code_id
    assert SyncRun.objects.filter(complete=True).count() == 2


@pytest.mark.django_db
def test_it_says_what_it_settled(alice, web, own, capsys):
    row = a_code(team=web, person=alice, state="unknown")
    made_elsewhere(Description=f"~{row.reference}")
    capsys.readouterr()
    call_command("syncregistercodes", "--region", "ap-singapore")
    assert lines(capsys) == ["ap-singapore: complete; 1 seen, 1 changed, 1 found, 1 of 1 wanted disables agreed"]


@pytest.mark.django_db
def test_only_the_regions_named_are_synced(own, capsys):
    call_command("syncregistercodes", "--region", "ap-seoul", "--region", "sa-saopaulo")
    assert [line.partition(":")[0] for line in lines(capsys)] == ["ap-seoul", "sa-saopaulo"]


@pytest.mark.django_db
def test_it_exits_1_when_a_region_failed_and_names_it(own, capsys):
    own.fault("error", code="UnauthorizedOperation", action=DESCRIBE)
    with pytest.raises(CommandError) as stopped:
        call_command("syncregistercodes")
    assert stopped.value.returncode == 1
    assert lines(capsys) == [
        "ap-singapore: not complete (UnauthorizedOperation); 0 seen, 0 changed",
        "eu-frankfurt: complete; 0 seen, 0 changed",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_is_said_in_one_line_and_exits_1(own, capsys):
    with connection.execute_wrapper(Unwritable(OperationalError)), pytest.raises(CommandError):
        call_command("syncregistercodes", "--region", "ap-seoul")
    assert lines(capsys) == ["ap-seoul: not complete (database); 0 seen, 0 changed"]


@pytest.mark.processes
def test_it_goes_on_through_an_outage_until_it_is_told_to_stop(portal):
    words = [sys.executable, "manage.py", "syncregistercodes", "--region", "ap-seoul", "--every", "1"]
    portal.sandbox.fault("error", code="InternalError", action=DESCRIBE, times=None)
    loop = subprocess.Popen(words, cwd=ROOT, env=portal.environment, stdout=subprocess.PIPE, text=True)
    portal.sandbox.wait_for_calls(2, DESCRIBE, seconds=30)
    portal.sandbox.clear_faults()
    portal.database.wait_for("SELECT * FROM registercodes_syncrun WHERE complete")
    loop.send_signal(signal.SIGTERM)
    said, _ = loop.communicate(timeout=20)
    assert loop.returncode == 0
    [lease] = portal.database.query("SELECT * FROM registercodes_synclease")
    assert str(lease.expires_at)[:19] <= time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    told = [line for line in said.splitlines() if not line.startswith("{")]
    assert told and set(told) == {"ap-seoul: not complete (InternalError); 0 seen, 0 changed"}  # no news, no line


def test_a_stop_whose_interrupt_is_lost_ends_it_after_the_pass(monkeypatch):
    """Python drops what is raised while an object is deleted, and so dropped a TERM in one stop of six."""
    stop, command, passes = Stop(), syncregistercodes.Command(), []
    monkeypatch.setattr(syncregistercodes, "Stop", lambda: stop)
    monkeypatch.setattr(stop, "listen", lambda: None)

    def told_to_stop(regions, *, news_only):
        passes.append(regions)
        with contextlib.suppress(KeyboardInterrupt):
            stop.tell(signal.SIGTERM, None)

    monkeypatch.setattr(command, "sync_once", told_to_stop)
    command.go_on(["ap-seoul"], pause=1)
    assert passes == [["ap-seoul"]]


# What must not happen.


@pytest.mark.parametrize("words", [["--region", "Mars!"], ["--every", "0"], ["--every", "soon"], ["--region"]])
def test_words_it_cannot_mean_are_refused_before_anything_is_asked(words):
    with pytest.raises(CommandError):
        call_command("syncregistercodes", *words)


def test_every_schedule_calls_a_command_that_exists():
    files = sorted((ROOT / "deploy").glob("register-code-sync.*"))
    assert {path.suffix for path in files} >= {".service", ".timer", ".cron", ".yaml"}
    calling = [path for path in files if path.suffix != ".timer"]
    pattern = re.compile(r'manage\.py"?,? "?syncregistercodes\b')
    assert [path.name for path in calling if not pattern.search(path.read_text())] == []
    assert syncregistercodes.Command.help


@pytest.mark.django_db
def test_nothing_is_said_of_a_value(as_alice, typed, own, capsys):
    page = send(as_alice, NEW, typed()).content.decode()
    value = re.search(r'id="the-value"[^>]*>([^<]*)<', page).group(1)
    capsys.readouterr()
    call_command("syncregistercodes")
    assert value not in capsys.readouterr().out
