"""The triggers that guard history are put back by migrate, and a portal without them neither starts nor is ready."""

import re

import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, models, transaction
from django.test.utils import CaptureQueriesContext
from records import a_code
from threads import at_once

from portal.startup import problems_at_start
from registercodes import audit, triggers
from registercodes.models import Action, AuditEvent, AuditHead, Installation, Outcome, RegisterCode

pytestmark = pytest.mark.django_db

SQLITE = connection.vendor == "sqlite"
NAMES = [trigger.name for trigger in triggers.wanted(connection.vendor)]
CREATED = re.compile(r"^CREATE TRIGGER (\w+)")
ON = {trigger.name: trigger.table for trigger in triggers.wanted(connection.vendor)}


def sql(*statements):
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def drop(name):
    sql(f"DROP TRIGGER {name}" if SQLITE else f"DROP TRIGGER {name} ON {ON[name]}")


def an_event():
    with transaction.atomic():
        audit.record(Action.USER_SIGNED_IN, Outcome.SUCCESS)


def is_guarded() -> bool:
    an_event()
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEvent.objects.update(actor_name="Mallory")
    return True


def migrate():
    call_command("migrate", verbosity=0, interactive=False)


def test_a_migrated_database_has_every_trigger_and_may_serve():
    assert triggers.missing(connection) == []
    assert problems_at_start() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_trigger_is_named_and_stops_the_start(client, name):
    drop(name)

    assert triggers.missing(connection) == [name]
    assert problems_at_start() == [
        f"registercodes.E004: The triggers {name} are missing or changed; run manage.py migrate."
    ]
    assert client.get("/readyz").status_code == 503


def test_migrate_puts_back_what_was_removed():
    triggers.remove(connection)
    assert triggers.missing(connection) == NAMES

    migrate()

    assert triggers.missing(connection) == []
    assert is_guarded()


def test_migrate_changes_nothing_else(alice, web):
    a_code(team=web, person=alice)
    an_event()
    before = [list(model.objects.values()) for model in (Installation, AuditHead, AuditEvent, RegisterCode)]

    migrate()

    assert [list(model.objects.values()) for model in (Installation, AuditHead, AuditEvent, RegisterCode)] == before


def test_a_migrate_that_has_nothing_to_repair_touches_no_trigger():
    with CaptureQueriesContext(connection) as captured:
        migrate()

    assert [query["sql"] for query in captured.captured_queries if "TRIGGER" in query["sql"]] == []


def test_a_repair_locks_codes_before_events_as_every_writer_does():
    triggers.remove(connection)
    with CaptureQueriesContext(connection) as captured:
        migrate()

    tables = [ON[made.group(1)] for query in captured.captured_queries if (made := CREATED.search(query["sql"]))]
    assert len(tables) == len(NAMES)
    assert tables == sorted(tables, key=[triggers.CODES, triggers.EVENTS].index)


@pytest.mark.skipif(SQLITE, reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_migrating_beside_writers_never_deadlocks(alice, web):
    code = a_code(team=web, person=alice)

    def act(number):
        for _ in range(10):
            if number == 0:
                migrate()
                continue
            with transaction.atomic():
                RegisterCode.objects.filter(pk=code.pk).update(reason="")
                audit.record(Action.CODE_CONFIRMED, Outcome.SUCCESS, code=code, team=web)

    at_once(4, act)


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_rebuilds_a_table_does_not_leave_it_unguarded():
    old = AuditEvent._meta.get_field("user_agent")
    new = models.CharField(max_length=old.max_length + 1, blank=True)
    new.set_attributes_from_name("user_agent")
    new.model = AuditEvent

    for before, after in ((old, new), (new, old)):
        with connection.schema_editor() as editor:
            editor.alter_field(AuditEvent, before, after)
    assert bool(triggers.missing(connection)) is SQLITE  # where the table was made anew
    migrate()

    assert triggers.missing(connection) == []
    assert is_guarded()


@pytest.mark.django_db(transaction=True)
def test_a_flush_is_followed_by_head_stamp_and_triggers():
    triggers.remove(connection)

    call_command("flush", verbosity=0, interactive=False)

    assert AuditHead.objects.get().sequence == 0
    assert Installation.objects.get().mode == "development"
    assert is_guarded()


WEAKENED = {
    "another event": "CREATE TRIGGER audit_no_update BEFORE INSERT ON {table} {body}",
    "afterwards": "CREATE TRIGGER audit_no_update AFTER UPDATE ON {table} {body}",
    "one column only": "CREATE TRIGGER audit_no_update BEFORE UPDATE OF at ON {table} {body}",
    "never": "CREATE TRIGGER audit_no_update BEFORE UPDATE ON {table} {each} WHEN (1 = 0) {body}",
}


@pytest.mark.parametrize("statement", WEAKENED.values(), ids=WEAKENED)
def test_a_trigger_of_the_same_name_that_does_less_is_not_taken_for_ours(statement):
    drop("audit_no_update")
    body = "BEGIN SELECT RAISE(ABORT, 'audit events are append-only'); END"
    each = "" if SQLITE else "FOR EACH ROW"
    statement = statement.replace("{body}", "{each} {body}") if "{each}" not in statement else statement
    sql(
        statement.format(
            table=AuditEvent._meta.db_table, each=each, body=body if SQLITE else "EXECUTE FUNCTION audit_no_update()"
        )
    )

    assert triggers.missing(connection) == ["audit_no_update"]


@pytest.mark.skipif(SQLITE, reason="SQLite can only drop a trigger")
@pytest.mark.parametrize(
    "statement",
    [
        f"ALTER TABLE {AuditEvent._meta.db_table} DISABLE TRIGGER audit_no_update",
        f"ALTER TABLE {AuditEvent._meta.db_table} ENABLE REPLICA TRIGGER audit_no_update",
        "CREATE OR REPLACE FUNCTION audit_no_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    ],
    ids=["disabled", "for replicas only", "hollow"],
)
def test_a_trigger_that_is_switched_off_is_as_good_as_missing(statement):
    sql(statement)

    assert triggers.missing(connection) == ["audit_no_update"]


def test_migrate_is_never_kept_from_repairing():
    """Registered checks run before migrate: one that fails there would refuse the very repair."""
    triggers.remove(connection)

    call_command("check", databases=["default"], verbosity=0)
    migrate()

    assert problems_at_start() == []
