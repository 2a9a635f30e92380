"""The shipped role for PostgreSQL: the portal works as it, and it can change neither history nor guards."""

import contextlib
import re
import secrets
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.apps import apps
from django.db import connection
from role_statements import CODES, EVENTS, GUARDED, HEAD, REFUSED
from sandbox_process import Sandbox
from server_forms import form_on
from server_process import Portal

from registercodes import teams, triggers
from registercodes.models import RegisterCode

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "deploy" / "postgresql-role.sql"
ROLE = "register_code_portal"

pytestmark = [
    pytest.mark.processes,  # without it nothing here meets a database, and none of it runs on PostgreSQL
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no roles"),
]


@pytest.fixture(scope="module")
def restricted(tmp_path_factory):
    """A portal that serves as the role; its database is the owner's."""
    directory = tmp_path_factory.mktemp("role")
    with Sandbox(directory, rate=0) as sandbox:
        portal = Portal(directory, sandbox)
        password = secrets.token_hex(16)
        with psycopg.connect(portal.database.url, autocommit=True) as owner:
            owner.execute(FILE.read_text())
            owner.execute(f"ALTER ROLE {ROLE} CREATEDB CREATEROLE BYPASSRLS REPLICATION INHERIT")
            owner.execute(f"GRANT pg_write_all_data TO {ROLE}")
            owner.execute(FILE.read_text())  # a second run takes away what came in between
            owner.execute(f"ALTER ROLE {ROLE} PASSWORD '{password}'")
        parts = urlsplit(portal.database.url)
        netloc = f"{ROLE}:{password}@{parts.hostname}:{parts.port or 5432}"
        portal.environment["DATABASE_URL"] = urlunsplit(parts._replace(netloc=netloc))
        with portal:
            yield portal
    forget_role(portal.database._server)


def forget_role(server: str) -> None:
    """Unless another database still knows it."""
    known = contextlib.suppress(psycopg.errors.DependentObjectsStillExist)
    with psycopg.connect(server, autocommit=True) as owner, known:
        owner.execute(f"DROP ROLE {ROLE}")


@pytest.fixture(scope="module")
def lived(restricted):
    """Somebody signed in, made a code, disabled it, and was denied something."""
    alice = restricted.sign_in("alice")
    answer = restricted.post_new(alice)
    code = restricted.rows()[-1]
    address = f"/codes/{code.reference}/disable/"
    fields = form_on(alice.get(address).text, action=address)
    alice.post(address, fields)
    assert restricted.sign_in("charlie").get(f"/codes/{code.reference}/").status_code == 404
    return answer, restricted.rows()[-1]


@pytest.fixture
def as_role(restricted):
    with psycopg.connect(restricted.environment["DATABASE_URL"], autocommit=True) as session:
        yield session


def test_the_portal_works_as_the_role(restricted, lived):
    answer, code = lived

    assert answer.status_code == 200 and code.state == "issued" and code.disabled_at
    assert {"code.requested", "code.issued", "code.disable_requested", "code.disabled"} <= set(
        restricted.events(code.reference)
    )
    assert "user.denied" in restricted.events()
    assert restricted.chain_problem() == ""


def test_it_is_ready_and_sees_its_guards(restricted, as_role):
    assert restricted.sign_in("erin").get("/readyz").status_code == 200
    names = {row[0] for row in as_role.execute("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")}
    assert {trigger.name for trigger in triggers.wanted("postgresql")} <= names


def test_the_record_can_be_verified_anchored_and_exported_as_the_role(restricted, lived, tmp_path):
    assert restricted.manage("verifyaudit").returncode == 0
    assert restricted.manage("anchoraudit", "--file", str(tmp_path / "anchor.json")).returncode == 0
    exported = restricted.manage("exportaudit", "--output", str(tmp_path / "all.jsonl"))
    assert exported.returncode == 0 and (tmp_path / "all.jsonl").read_text()
    assert restricted.events()[-1] == "audit.exported"


def test_the_cloud_is_synced_as_the_role_and_old_passes_are_forgotten(restricted, lived):
    restricted.database.execute(
        "INSERT INTO registercodes_syncrun (account, region, started_at, complete, known)"
        " VALUES ('default', 'ap-singapore', now() - interval '1 year', true, 0)"
    )
    for _ in range(2):
        restricted.manage("syncregistercodes", "--region", "ap-singapore")

    old = "SELECT * FROM registercodes_syncrun WHERE started_at < now() - interval '300 days'"
    assert restricted.database.query(old) == []


def test_a_code_is_replaced_and_its_note_put_away_as_the_role(restricted, lived):
    alice = restricted.sign_in("alice")
    code = lived[1]
    address = "/teams/web/codes/new/"
    fields = form_on(alice.get(f"/codes/{code.reference}/replace/").text, action=address)

    assert alice.post(address, fields).status_code == 200
    in_shell(restricted, "telling.put_away(RegisterCode.objects.first())")

    assert restricted.rows()[-1].replaces_id == code.id and restricted.rows()[-1].told_at


def test_sessions_are_ended_and_people_shut_out_as_the_role(restricted, lived):
    bob = restricted.sign_in("bob")
    in_shell(
        restricted,
        "from portal.sso import leaving, people, sessions\n"
        "leaving._spend('a token')\n"
        "bob, erin = (User.objects.get(username__startswith=name) for name in ('bob', 'alice'))\n"
        "assert sessions.end_all(bob)\n"
        "assert people.deactivate(bob, by=erin, reason='left', origin=audit.NOWHERE)\n"
        "assert people.reactivate(bob, by=erin, reason='is back', origin=audit.NOWHERE)",
    )

    assert "/sso/" in bob.get("/").url
    assert {"user.deactivated", "user.reactivated"} <= set(restricted.events())


def test_a_break_glass_code_is_made_and_used_as_the_role(restricted, lived):
    in_shell(
        restricted,
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "from django.test import RequestFactory\n"
        "from portal.sso import breaking_glass\n"
        "request = RequestFactory().post('/')\n"
        "request.session = SessionStore()\n"
        "code = breaking_glass.make(User.objects.get(username__startswith='alice'), reason='drill', by='root')\n"
        "assert breaking_glass.use(request, code, origin=audit.NOWHERE)",
    )

    assert restricted.events()[-1] == "user.break_glass"


def in_shell(portal, script: str) -> None:
    """What a page does, without the page."""
    words = "from portal.sso.models import User\nfrom registercodes import audit, telling\nfrom registercodes.models import RegisterCode\n"
    ended = portal.manage("shell", "--verbosity", "0", "-c", words + script, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]


def test_roles_that_watch_and_back_up_may_still_connect(restricted, as_role):
    row = as_role.execute(
        "SELECT has_database_privilege('public', current_database(), 'CONNECT'),"
        " has_database_privilege('public', current_database(), 'TEMPORARY')"
    ).fetchone()
    assert row == (True, False)


def test_the_role_owns_nothing_and_is_nobody(as_role, restricted):
    row = as_role.execute(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls,"
        " (SELECT count(*) FROM pg_class WHERE relowner = r.oid),"
        " (SELECT count(*) FROM pg_auth_members WHERE member = r.oid)"
        " FROM pg_roles r WHERE rolname = current_user"
    ).fetchone()
    assert row == (False, False, False, False, False, 0, 0)


def test_it_may_update_what_became_of_a_code_and_nothing_else(as_role):
    columns = {field.column for field in RegisterCode._meta.concrete_fields}
    assert may_update(as_role, CODES) == columns - set(RegisterCode.ASKED_COLUMNS)
    assert may_update(as_role, HEAD) == {"sequence", "digest"}
    assert may_update(as_role, EVENTS) == set()
    assert may_update(as_role, "registercodes_team") == set(teams.POLICY)


def may_update(session, table: str) -> set[str]:
    found = session.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        " AND has_column_privilege(attrelid, attnum, 'UPDATE')",
        [table],
    )
    return {row[0] for row in found}


def test_every_table_is_named_in_the_file(django_db_setup):
    """A new one needs a decision."""
    granted = FILE.read_text()
    tables = {model._meta.db_table for model in apps.get_models(include_auto_created=True)}

    assert {table for table in tables if not re.search(rf"\b{table}\b", granted)} == set()


# What must not happen.


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
def test_what_would_change_history_or_its_guards_is_refused(as_role, lived, restricted, statement):
    before = restricted.database.query(f"SELECT * FROM {EVENTS} ORDER BY id")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role.execute(statement)

    assert restricted.database.query(f"SELECT * FROM {EVENTS} ORDER BY id") == before


@pytest.mark.parametrize("statement", GUARDED.values(), ids=GUARDED)
def test_what_it_may_write_is_still_guarded_by_the_triggers(as_role, lived, statement):
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        as_role.execute(statement)


def test_it_cannot_give_itself_more(as_role, lived):
    """PostgreSQL only warns."""
    as_role.execute(f"GRANT ALL ON {EVENTS} TO {ROLE}")

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_role.execute(f"DELETE FROM {EVENTS}")


@pytest.mark.parametrize(
    "words",
    [("migrate", "registercodes", "zero"), ("restoredaudit", "--reason", "to hide it")],
    ids=lambda words: words[0],
)
def test_the_owners_commands_do_not_work_as_the_role(restricted, lived, words):
    before = restricted.events()

    ended = restricted.manage(*words, check=False)

    assert ended.returncode != 0
    assert restricted.events() == before
    assert restricted.manage("verifyaudit").returncode == 0


def test_an_archive_can_be_written_as_the_role_and_nothing_dropped(restricted, lived, tmp_path):
    before = restricted.events()
    words = ("--before", datetime.now(UTC).isoformat(), "--file", str(tmp_path / "old.jsonl"), "--drop")

    ended = restricted.manage("archiveaudit", *words, check=False)

    assert ended.returncode == 1 and "nothing was dropped; run it as the tables' owner" in ended.stderr
    assert restricted.events() == [*before, "audit.archived"]
    assert restricted.manage("verifyaudit").returncode == 0
