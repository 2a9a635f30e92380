"""History is not changed by plain DML, whichever way it comes: the database itself refuses, on SQLite and PostgreSQL."""

import uuid
from datetime import timedelta
from itertools import product

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone
from records import a_code

from registercodes import audit, triggers
from registercodes.models import Action, AuditEvent, Outcome, RegisterCode

pytestmark = pytest.mark.django_db

EVENTS, CODES = AuditEvent._meta.db_table, RegisterCode._meta.db_table
SQLITE = connection.vendor == "sqlite"
STATES = RegisterCode.State.values

# Design section 6, written out a second time.
MOVES = {
    ("pending", "issued"),
    ("pending", "refused"),
    ("pending", "not_sent"),
    ("pending", "unknown"),
    ("pending", "withheld"),
    ("unknown", "found"),
    ("unknown", "absent"),
    ("absent", "found"),
}
# Every column of a code is fixed by its insert, or tells what became of it.
OUTCOME = {
    *("state", "reason", "code_id", "tencent_request_id", "error_code", "settled_at", "expires_at", "confirmed_at"),
    *("value_fingerprint", "fingerprint_key", "disable_wanted_at", "disabled_at", "disabled_by_id"),
}


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def changed(row, name, value):
    setattr(row, name, value)
    return row


def columns_of(row) -> str:
    return ", ".join(field.column for field in row._meta.concrete_fields)


def as_written(row) -> dict:
    return type(row).objects.filter(pk=row.pk).values().get()


def refuses(attack, row) -> bool:
    """The database says no, and the row is as it was."""
    before = as_written(row)
    connection.check_constraints()  # PostgreSQL refuses to truncate a table that has such checks to do
    with pytest.raises(DatabaseError), transaction.atomic():
        attack(row)
    return as_written(row) == before


def upserted(row, name, value):
    twin = type(row)(**{field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields})
    type(row).objects.bulk_create(
        [changed(twin, name, value)], update_conflicts=True, update_fields=[name], unique_fields=["id"]
    )


ON_EVENTS = {
    "save": lambda event: changed(event, "actor_name", "Mallory").save(),
    "save of one field": lambda event: changed(event, "detail", {}).save(update_fields=["detail"]),
    "delete": lambda event: event.delete(),
    "update": lambda event: AuditEvent.objects.update(actor_name="Mallory"),
    "update to the same": lambda event: AuditEvent.objects.update(actor_name=event.actor_name),
    "bulk_update": lambda event: AuditEvent.objects.bulk_update([changed(event, "at", timezone.now())], ["at"]),
    "bulk_create update_conflicts": lambda event: upserted(event, "actor_name", "Mallory"),
    "queryset delete": lambda event: AuditEvent.objects.all().delete(),
    "raw delete": lambda event: AuditEvent.objects.all()._raw_delete("default"),
    "raw SQL update": lambda event: sql(f"UPDATE {EVENTS} SET digest = ''"),
    "raw SQL delete": lambda event: sql(f"DELETE FROM {EVENTS}"),
    "raw SQL renumbering": lambda event: sql(f"UPDATE {EVENTS} SET sequence = sequence + 1"),
    "update_or_create": lambda event: AuditEvent.objects.update_or_create(
        sequence=event.sequence, defaults={"outcome": "failure"}
    ),
    "update from another table": lambda event: sql(
        f"UPDATE {EVENTS} SET actor_name = t.name FROM registercodes_team t WHERE t.id = team_id"
    ),
    "upsert by sequence": lambda event: sql(
        f"INSERT INTO {EVENTS} ({columns_of(event)}) SELECT {columns_of(event).replace('id,', 'id + 1000,', 1)}"
        f" FROM {EVENTS} WHERE id = %s ON CONFLICT (sequence) DO UPDATE SET actor_name = 'Mallory'",
        event.pk,
    ),
}
ON_CODES = {
    "delete": lambda code: code.delete(),
    "queryset delete": lambda code: RegisterCode.objects.all().delete(),
    "raw delete": lambda code: RegisterCode.objects.all()._raw_delete("default"),
    "raw SQL delete": lambda code: sql(f"DELETE FROM {CODES}"),
    "save": lambda code: changed(code, "description", "other").save(),
    "bulk_update": lambda code: RegisterCode.objects.bulk_update([changed(code, "region", "mars")], ["region"]),
    "bulk_create update_conflicts": lambda code: upserted(code, "register_limit", 10_000),
    "another code id": lambda code: RegisterCode.objects.filter(pk=code.pk).update(code_id="another"),
    "a state of long ago": lambda code: RegisterCode.objects.filter(pk=code.pk).update(state="pending"),
    "no such state": lambda code: RegisterCode.objects.filter(pk=code.pk).update(state="ISSUED"),
    "upsert by reference": lambda code: sql(
        f"INSERT INTO {CODES} ({columns_of(code)}) SELECT {columns_of(code).replace('id,', 'id + 1000,', 1)}"
        f" FROM {CODES} WHERE id = %s ON CONFLICT (reference) DO UPDATE SET description = 'other'",
        code.pk,
    ),
}
if SQLITE:
    for verb in ("REPLACE", "INSERT OR REPLACE"):
        ON_EVENTS[f"{verb} by id"] = lambda event, verb=verb: sql(
            f"{verb} INTO {EVENTS} ({columns_of(event)}) SELECT {columns_of(event)} FROM {EVENTS}"
        )
        ON_CODES[f"{verb} by id"] = lambda code, verb=verb: sql(
            f"{verb} INTO {CODES} ({columns_of(code)}) SELECT {columns_of(code)} FROM {CODES}"
        )
    ON_EVENTS["REPLACE by sequence"] = lambda event: sql(
        f"REPLACE INTO {EVENTS} ({columns_of(event)}) SELECT {columns_of(event).replace('id,', 'id + 1000,', 1)} FROM {EVENTS}"
    )
    for words in ("UPDATE OR IGNORE", "UPDATE OR FAIL", "UPDATE OR ROLLBACK"):
        ON_EVENTS[words] = lambda event, words=words: sql(f"{words} {EVENTS} SET outcome = 'failure'")
    ON_EVENTS["UPDATE OR REPLACE"] = lambda event: sql(f"UPDATE OR REPLACE {EVENTS} SET sequence = 1")
    for name in ("reference", "submission", "code_id"):
        # Only this one is the other row's; the rest is new.
        ON_CODES[f"REPLACE by {name}"] = lambda code, name=name: replaced_by(code, name)
else:
    ON_EVENTS["delete within a query"] = lambda event: sql(
        f"WITH gone AS (DELETE FROM {EVENTS} RETURNING id) SELECT count(*) FROM gone"
    )
    for verb in ("UPDATE SET outcome = 'failure'", "DELETE"):
        ON_EVENTS[f"MERGE, {verb[:6]}"] = lambda event, verb=verb: sql(
            f"MERGE INTO {EVENTS} e USING {EVENTS} o ON e.id = o.id WHEN MATCHED THEN {verb}"
        )
    ON_EVENTS["TRUNCATE of both"] = lambda event: sql(f"TRUNCATE {EVENTS}, {CODES} CASCADE")
    ON_EVENTS["TRUNCATE"] = lambda event: sql(f"TRUNCATE {EVENTS}")
    ON_CODES["TRUNCATE"] = lambda code: sql(f"TRUNCATE {CODES} CASCADE")
    ON_CODES["TRUNCATE of teams, cascading"] = lambda code: sql("TRUNCATE registercodes_team CASCADE")


def replaced_by(code, kept):
    values = as_written(code)
    fresh = {"id": code.pk + 1000, "reference": "zzzzzzz", "submission": uuid.uuid4().hex, "code_id": "fresh"}
    values |= {"submission": code.submission.hex} | {name: new for name, new in fresh.items() if name != kept}
    names = [field.attname for field in RegisterCode._meta.concrete_fields]
    marks = ", ".join(["%s"] * len(names))
    sql(f"REPLACE INTO {CODES} ({', '.join(names)}) VALUES ({marks})", *(values[name] for name in names))


@pytest.fixture
def code(alice, web):
    return a_code(team=web, person=alice)


@pytest.fixture
def event(code, alice, web):
    with transaction.atomic():
        audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, actor=alice, team=web)
    return AuditEvent.objects.get()


@pytest.mark.parametrize("attack", ON_EVENTS.values(), ids=ON_EVENTS)
def test_an_event_is_neither_changed_nor_removed(event, attack):
    assert refuses(attack, event)


@pytest.mark.parametrize("attack", ON_CODES.values(), ids=ON_CODES)
def test_a_code_is_neither_changed_nor_removed(code, attack):
    assert refuses(attack, code)


@pytest.mark.parametrize(("row", "attack"), [*product(["event"], ON_EVENTS), *product(["code"], ON_CODES)])
def test_each_of_these_would_have_worked_without_the_triggers(request, code, row, attack):
    """So the triggers are what refuses, and not a mistake in the attack."""
    target = request.getfixturevalue(row)
    triggers.remove(connection)
    connection.check_constraints()

    ({"event": ON_EVENTS, "code": ON_CODES}[row])[attack](target)


@pytest.mark.skipif(not SQLITE, reason="only SQLite has this switch")
@pytest.mark.parametrize("switch", ["ON", "OFF"])
def test_no_switch_of_sqlite_lets_a_replace_through(event, code, switch):
    sql(f"PRAGMA recursive_triggers = {switch}")

    assert refuses(ON_EVENTS["REPLACE by id"], event)
    assert refuses(ON_CODES["REPLACE by id"], code)


@pytest.mark.parametrize("column", RegisterCode.ASKED_COLUMNS)
def test_nothing_that_was_asked_can_be_changed(code, bob, payments, column):
    other = {
        "team_id": payments.pk,
        "created_by_id": bob.pk,
        "replaces_id": code.pk,
        "submission": uuid.uuid4(),
        "created_at": timezone.now(),
        "permanent": True,
        **dict.fromkeys(("id", "register_limit", "effective_time", "ip_first", "ip_last"), 9_999),
    }.get(column, "other")
    values = {column: other} | ({"effective_time": 100_000} if column == "permanent" else {})
    values |= {"ip_first": 1, "ip_last": 9_999} if column in {"ip_first", "ip_last"} else {}

    assert refuses(lambda code: RegisterCode.objects.filter(pk=code.pk).update(**values), code)


@pytest.mark.parametrize("column", RegisterCode.WRITTEN_ONCE)
def test_what_became_of_a_code_is_written_once(code, alice, bob, column):
    first, second = {
        "value_fingerprint": ("f" * 64, "e" * 64),
        "fingerprint_key": ("old", "new"),
        "disabled_by_id": (alice.pk, bob.pk),
    }.get(column, (timezone.now(), timezone.now() + timedelta(hours=1)))
    RegisterCode.objects.filter(pk=code.pk, **{column: getattr(code, column)}).update(**{column: first})
    nothing = None if RegisterCode._meta.get_field(column.removesuffix("_id")).null else ""

    for other in (second, nothing):
        assert refuses(
            lambda code, other=other: RegisterCode.objects.filter(pk=code.pk).update(**{column: other}), code
        )


def test_every_column_of_a_code_is_either_asked_or_an_outcome():
    columns = {field.attname for field in RegisterCode._meta.concrete_fields}

    assert columns == set(RegisterCode.ASKED_COLUMNS) | OUTCOME | {"told_at"}  # whether a note was put away
    assert not set(RegisterCode.ASKED_COLUMNS) & OUTCOME


@pytest.mark.parametrize(("old", "new"), list(product(STATES, STATES)))
def test_a_state_moves_as_the_table_says_and_no_other_way(alice, web, old, new):
    code = a_code(team=web, person=alice, state=old)
    identity = {"code_id": "made-now"} if new in {"issued", "withheld", "found"} and not code.code_id else {}

    def move(code):
        RegisterCode.objects.filter(pk=code.pk).update(state=new, **identity)

    if old == new or (old, new) in MOVES:
        move(code)
        assert as_written(code)["state"] == new
    else:
        assert refuses(move, code)


def test_a_code_id_is_given_once_and_to_one_row_only(code, alice, web):
    waiting = a_code(team=web, person=alice, state="pending")
    take = f"UPDATE {'OR REPLACE ' if SQLITE else ''}{CODES} SET code_id = %s WHERE id = %s"

    assert refuses(lambda row: sql(take, code.code_id, row.pk), waiting)
    sql(take, "its own", waiting.pk)
    assert refuses(lambda row: sql(take, "another", row.pk), waiting)
    assert refuses(lambda row: sql(take, "", row.pk), waiting)
    assert RegisterCode.objects.count() == 2


def test_the_same_code_id_in_another_region_is_another_code(code, alice, web):
    assert a_code(team=web, person=alice, region="eu-frankfurt", code_id=code.code_id).pk


@pytest.mark.parametrize("owner", ["alice", "web"])
def test_who_made_a_code_and_for_which_team_cannot_be_deleted(event, request, owner):
    with pytest.raises(ProtectedError):
        request.getfixturevalue(owner).delete()


def test_what_may_change_still_can(code):
    now = timezone.now()

    assert (
        RegisterCode.objects.filter(pk=code.pk).update(confirmed_at=now, disable_wanted_at=now, disabled_at=now) == 1
    )
