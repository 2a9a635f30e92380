"""gunicorn stops, names the reason and serves nothing when the portal must not run; it waits for a database that is away."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from django.core.management import call_command
from django.db import OperationalError, connection
from records import a_code
from server_database import new_database
from server_process import Visitor, free_port
from test_configuration import GOOD

from portal import assets, startup
from portal.startup import problems_at_start
from registercodes import audit, keys
from registercodes.models import Action, AuditHead, Installation, Outcome

ROOT = Path(__file__).resolve().parent.parent
ENDPOINT = "127.0.0.1:8001"
DEVELOPMENT = {"PORTAL_MODE": "development"}
OTHER_KEY = "LEAK-other-audit-key-0123456789abcdef"
names_its_own_database = pytest.mark.same_on_any_database(
    "gunicorn is given an address of its own, of a database that is not there"
)
HALTED = 3  # gunicorn's own exit status for "worker failed to boot"


def start(environment) -> subprocess.CompletedProcess[str]:
    """gunicorn as deployments start it; it has to end by itself."""
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{free_port()}", "portal.wsgi"]
    variables = {"PATH": os.environ["PATH"], "WEB_CONCURRENCY": "1"} | environment
    return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=30, check=False)


def stops(environment, named: str) -> bool:
    done = start(environment)

    said = done.stderr[done.stderr.index("The portal does not start:") :].splitlines()
    assert done.returncode == HALTED
    assert named in said[1]
    assert "LEAK" not in done.stdout + done.stderr
    assert "Traceback" not in "\n".join(said[:2])
    return True


@pytest.fixture
def database(tmp_path):
    made = new_database(tmp_path, endpoint=ENDPOINT)
    yield made
    made.remove()


CONFIGURED_WRONG = {
    "a required variable missing": ({"SECRET_KEY": None}, "SECRET_KEY is not set."),
    "no such log level": ({"LOG_LEVEL": "LEAK"}, "LOG_LEVEL must be one of"),
    "a file unreadable": ({"AUDIT_KEY": None, "AUDIT_KEY_FILE": "/LEAK/none"}, "AUDIT_KEY_FILE names a file"),
    "the sandbox in production": ({"TAT_ENDPOINT": f"http://{ENDPOINT}"}, "TAT_ENDPOINT must be https"),
}


@pytest.mark.processes
@names_its_own_database
@pytest.mark.parametrize(("changes", "named"), CONFIGURED_WRONG.values(), ids=CONFIGURED_WRONG)
def test_gunicorn_stops_for_a_bad_configuration(tmp_path, changes, named):
    environment = GOOD | {"DATABASE_URL": f"sqlite:///{tmp_path}/none"} | changes

    assert stops({name: value for name, value in environment.items() if value}, named)
    assert not list(tmp_path.iterdir())


@pytest.mark.processes
@names_its_own_database
def test_gunicorn_stops_for_a_database_that_was_never_migrated(tmp_path):
    assert stops(DEVELOPMENT | {"DATABASE_URL": f"sqlite:///{tmp_path}/new"}, "DATABASE_URL: the tables are missing")


STAMPED_WRONG = {
    "PORTAL_MODE": GOOD | {"TAT_ENDPOINT": f"http://{ENDPOINT}", "ALLOW_INSECURE_ENDPOINTS": "yes"},
    "TAT_ENDPOINT": DEVELOPMENT | {"TAT_ENDPOINT": "http://127.0.0.1:8002"},
}


@pytest.mark.processes
@pytest.mark.parametrize("variable", STAMPED_WRONG)
def test_gunicorn_stops_for_the_record_of_another_portal(database, variable):
    environment = STAMPED_WRONG[variable] | {"DATABASE_URL": database.url}

    assert stops(environment, f"{variable}: this database is the record of another one")


@pytest.mark.processes
def test_gunicorn_stops_when_a_trigger_is_missing(database):
    dropped = "DROP TRIGGER audit_no_update"
    database.execute(dropped if database.url.startswith("sqlite") else f"{dropped} ON registercodes_auditevent")

    assert stops(DEVELOPMENT | {"DATABASE_URL": database.url}, "audit_no_update")


@pytest.mark.processes
def test_gunicorn_stops_when_a_key_of_the_record_is_gone(database):
    environment = DEVELOPMENT | {"DATABASE_URL": database.url, "AUDIT_KEY": OTHER_KEY}

    assert stops(environment, "AUDIT_KEY_FALLBACKS lacks the retired keys")  # the sample teams are on record


# A database that does not answer is no misconfiguration.


@pytest.mark.processes
@names_its_own_database
@pytest.mark.parametrize(
    "url", ["sqlite:////LEAK/none/here", "postgres://LEAK:LEAK@127.0.0.1:1/LEAK"], ids=["file", "server"]
)
def test_gunicorn_waits_for_a_database_that_does_not_answer_and_serves_nothing_meanwhile(tmp_path, url):
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "portal.wsgi"]
    variables = {"PATH": os.environ["PATH"], "WEB_CONCURRENCY": "1", "DATABASE_URL": url} | DEVELOPMENT
    with (tmp_path / "said").open("w+") as said:
        running = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=said, stderr=said)
        try:
            visitor = Visitor(f"http://127.0.0.1:{port}")
            assert answers_in_time(visitor, "/healthz", 200)
            assert [visitor.get(path).status_code for path in ("/readyz", "/", "/sso/sign-in/")] == [503] * 3
            assert running.poll() is None
        finally:
            running.terminate()
            running.wait(20)
        said.seek(0)
        assert "LEAK" not in said.read()


def answers_in_time(visitor, path, status, *, seconds=30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(requests.ConnectionError):
            if visitor.get(path).status_code == status:
                return True
        time.sleep(0.05)
    return False


@pytest.mark.processes
def test_a_worker_that_is_respawned_while_the_database_is_away_stops_nothing(portal):
    alice = portal.sign_in("alice")
    killed, _ = portal.worker_pids
    with portal.database.away():
        os.kill(killed, signal.SIGKILL)
        time.sleep(3)  # the new worker has looked for its database
        assert portal.process.poll() is None
    portal.wait_for_log("database_does_not_answer")
    assert answers_in_time(alice, "/readyz", 200)
    assert [alice.get("/").status_code for _ in range(20)] == [200] * 20  # of both workers


def test_a_database_that_comes_back_as_another_portals_is_never_served(stamped, client):
    with connection.execute_wrapper(gone):
        assert problems_at_start() == []
        assert client.get("/sso/sign-in/").status_code == 503
    Installation.objects.update(account="another")
    assert [client.get(path).status_code for path in ("/sso/sign-in/", "/readyz", "/healthz")] == [503, 503, 200]

    Installation.objects.update(account=stamped.account)
    assert [client.get(path).status_code for path in ("/sso/sign-in/", "/readyz")] == [200, 200]


def gone(execute, sql, params, many, context):
    raise OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def elsewhere(tmp_path, database):
    """A portal whose static files are collected into a folder of their own, where there are none yet."""
    folder = tmp_path / "static"
    settings = {"DJANGO_SETTINGS_MODULE": "settings_elsewhere", "PYTHONPATH": "tests", "STATIC_ROOT": str(folder)}
    return folder, DEVELOPMENT | settings | {"DATABASE_URL": database.url}


@pytest.mark.processes
def test_gunicorn_stops_when_static_files_were_never_collected(elsewhere):
    assert stops(elsewhere[1], "The collected static files lack admin/")


@pytest.mark.processes
def test_gunicorn_stops_when_an_upgrade_forgot_to_collect(elsewhere):
    folder, environment = elsewhere
    shutil.copytree(ROOT / "staticfiles", folder)
    manifest = folder / "staticfiles.json"
    manifest.write_text(manifest.read_text().replace("portal/issued.js", "portal/earlier.js"))

    assert stops(environment, "The collected static files lack portal/issued.js; run manage.py collectstatic.")


# The same checks, each way, without a server.


MANIFEST = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}


def test_a_portal_that_lost_its_static_files_is_not_ready(stamped, client, settings, tmp_path):
    settings.STORAGES = settings.STORAGES | MANIFEST
    settings.STATIC_ROOT = tmp_path
    (missing,) = assets.problems()
    assert missing.endswith(" and others; run manage.py collectstatic.")
    assert client.get("/readyz").status_code == 503

    call_command("collectstatic", verbosity=0, interactive=False)

    assert assets.problems() == []
    assert client.get("/readyz").status_code == 200
    (tmp_path / "staticfiles.json").write_text("{")
    assert assets.problems() == [missing]


@pytest.fixture
def stamped(db):
    """A database and settings that agree."""
    assert problems_at_start() == []
    return Installation.objects.get()


@pytest.mark.parametrize(
    ("column", "variable"), [("mode", "PORTAL_MODE"), ("endpoint_host", "TAT_ENDPOINT"), ("account", "TAT_ACCOUNT")]
)
def test_a_stamp_that_differs_names_its_variable(stamped, client, column, variable):
    Installation.objects.update(**{column: "another"})

    (said,) = problems_at_start()
    assert said.startswith(f"registercodes.E003: {variable}: this database is the record of another one (another)")
    assert client.get("/readyz").status_code == 503


def test_a_missing_stamp_or_head_is_told(stamped):
    AuditHead.objects.all().delete()
    assert problems_at_start() == [
        "registercodes.E002: DATABASE_URL: the database was never stamped; run manage.py migrate."
    ]
    Installation.objects.all().delete()
    assert len(problems_at_start()) == 1


@pytest.mark.parametrize("used", ["event", "fingerprint"])
def test_a_retired_key_must_stay_known_and_is_named_by_its_id(stamped, alice, web, settings, used):
    retired, settings.AUDIT_KEY = settings.AUDIT_KEY, "r" * 40
    if used == "event":
        audit.record(Action.USER_SIGNED_IN, Outcome.SUCCESS)
    else:
        a_code(team=web, person=alice, value_fingerprint="0" * 64, fingerprint_key=keys.current().id)
    old_id, settings.AUDIT_KEY = keys.current().id, "n" * 40

    assert problems_at_start() == [
        f"registercodes.E005: AUDIT_KEY_FALLBACKS lacks the retired keys with the ids {old_id}."
    ]
    settings.AUDIT_KEY_FALLBACKS = [retired, "r" * 40]
    assert problems_at_start() == []


def test_a_good_portal_is_never_stopped(stamped, client):
    audit.record(Action.USER_SIGNED_IN, Outcome.SUCCESS)

    assert problems_at_start() == []
    assert client.get("/readyz").status_code == 200


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite knows no such limit")
def test_a_long_record_is_checked_however_briefly_a_page_may_ask(stamped):
    def slow(execute, sql, params, many, context):
        if "DISTINCT" in sql:
            execute("SELECT pg_sleep(0.3)", None, False, context)
        return execute(sql, params, many, context)

    with connection.cursor() as cursor, connection.execute_wrapper(slow):
        cursor.execute("SET LOCAL statement_timeout = 100")
        assert problems_at_start() == []
        assert startup.may_serve()
