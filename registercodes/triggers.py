"""Makes the database refuse to change history: the SQL of every trigger, for SQLite and PostgreSQL."""

from dataclasses import dataclass

from django.db.backends.base.base import BaseDatabaseWrapper

from registercodes.models import AuditEvent, RegisterCode

EVENTS = AuditEvent._meta.db_table
CODES = RegisterCode._meta.db_table

APPEND_ONLY = "audit events are append-only"
NEVER_DELETED = "register codes are never deleted"
ASKED_IS_FIXED = "what was asked for a register code never changes"
CODE_ID_ONCE = "a register code gets its cloud id once"
OUTCOME_ONCE = "what became of a register code is written once"
MOVE_UNKNOWN = "a register code's state does not move that way"
NO_REPLACE = "an existing row of history is never replaced"

# In the words of the unique index's own condition, or the index is not used and all codes of a region are read.
HAS_ID = "NOT (c.code_id = '')"


@dataclass(frozen=True)
class Trigger:
    """``condition`` is SQL over OLD and NEW, written with ``<differs>`` for a null-safe comparison."""

    name: str
    table: str
    event: str
    complaint: str
    condition: str = ""


def _asked_changed() -> str:
    return " OR ".join(f"OLD.{column} <differs> NEW.{column}" for column in RegisterCode.ASKED_COLUMNS)


def _outcome_changed() -> str:
    """The model tells how "not yet" is kept: NULL, or empty text where a column cannot be null."""
    given = {
        field.attname: f"OLD.{field.column} IS NOT NULL" if field.null else f"OLD.{field.column} <> ''"
        for field in RegisterCode._meta.concrete_fields
    }
    return " OR ".join(
        f"({given[column]} AND OLD.{column} <differs> NEW.{column})" for column in RegisterCode.WRITTEN_ONCE
    )


def _move_unknown() -> str:
    allowed = " OR ".join(
        f"(OLD.state = '{old}' AND NEW.state IN ({', '.join(repr(new) for new in news)}))"
        for old, news in RegisterCode.MOVES.items()
    )
    return f"OLD.state <differs> NEW.state AND NOT ({allowed})"


def _code_id_given_twice() -> str:
    taken = f"SELECT 1 FROM {CODES} c WHERE c.id <> OLD.id AND c.account = NEW.account"  # noqa: S608 (our own names)
    same_code = f"{taken} AND c.region = NEW.region AND c.code_id = NEW.code_id AND {HAS_ID}"
    return f"OLD.code_id <differs> NEW.code_id AND (OLD.code_id <> '' OR EXISTS ({same_code}))"


TRIGGERS = (
    Trigger("audit_no_update", EVENTS, "UPDATE", APPEND_ONLY),
    Trigger("audit_no_delete", EVENTS, "DELETE", APPEND_ONLY),
    Trigger("code_no_delete", CODES, "DELETE", NEVER_DELETED),
    Trigger("code_asked_fixed", CODES, "UPDATE", ASKED_IS_FIXED, _asked_changed()),
    Trigger("code_id_once", CODES, "UPDATE", CODE_ID_ONCE, _code_id_given_twice()),
    Trigger("code_outcome_once", CODES, "UPDATE", OUTCOME_ONCE, _outcome_changed()),
    Trigger("code_moves", CODES, "UPDATE", MOVE_UNKNOWN, _move_unknown()),
)

# REPLACE INTO deletes without firing delete triggers (SQLite, recursive_triggers off, which any SQL can set).
SQLITE_GUARDS = (
    Trigger(
        "audit_no_replace",
        EVENTS,
        "INSERT",
        NO_REPLACE,
        f"EXISTS (SELECT 1 FROM {EVENTS} e WHERE e.id = NEW.id OR e.sequence = NEW.sequence)",  # noqa: S608
    ),
    Trigger(
        "code_no_replace",
        CODES,
        "INSERT",
        NO_REPLACE,
        f"EXISTS (SELECT 1 FROM {CODES} c WHERE c.id = NEW.id OR c.reference = NEW.reference"  # noqa: S608
        " OR c.submission = NEW.submission OR (NEW.replaces_id IS NOT NULL AND c.replaces_id = NEW.replaces_id)"
        " OR (NEW.code_id <> '' AND c.account = NEW.account AND c.region = NEW.region AND c.code_id = NEW.code_id"
        f" AND {HAS_ID}))",
    ),
)

# PostgreSQL can also empty a table without deleting rows.
POSTGRESQL_GUARDS = (
    Trigger("audit_no_truncate", EVENTS, "TRUNCATE", APPEND_ONLY),
    Trigger("code_no_truncate", CODES, "TRUNCATE", NEVER_DELETED),
)

# pg_trigger.tgtype: 1 for each row, 2 before, 4 insert, 8 delete, 16 update, 32 truncate.
POSTGRESQL_TYPES = {"UPDATE": 1 + 2 + 16, "DELETE": 1 + 2 + 8, "TRUNCATE": 2 + 32}


def wanted(vendor: str) -> tuple[Trigger, ...]:
    """Codes first, then events: the order in which every writer locks them."""
    every = TRIGGERS + (SQLITE_GUARDS if vendor == "sqlite" else POSTGRESQL_GUARDS)
    return tuple(sorted(every, key=lambda trigger: (CODES, EVENTS).index(trigger.table)))


def install(connection: BaseDatabaseWrapper) -> None:
    """Create what is missing or differs. What is whole stays: dropping it would lock out a running portal."""
    write = _sqlite_statements if connection.vendor == "sqlite" else _postgresql_statements
    absent = missing(connection)
    with connection.cursor() as cursor:
        for trigger in wanted(connection.vendor):
            for statement in write(trigger) if trigger.name in absent else ():
                cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Drop every trigger: only for the owner's archive and for tests that empty tables."""
    with connection.cursor() as cursor:
        for trigger in wanted(connection.vendor):
            cursor.execute(_drop(connection.vendor, trigger))


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of triggers that are absent, disabled or differ from ours."""
    return [trigger.name for trigger in wanted(connection.vendor) if not _is_present(connection, trigger)]


def _is_present(connection: BaseDatabaseWrapper, trigger: Trigger) -> bool:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = %s", [trigger.name])
            row = cursor.fetchone()
            return bool(row) and row[0] == _sqlite_statements(trigger)[-1]
        cursor.execute(
            "SELECT p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgname = %s AND t.tgrelid = to_regclass(%s) AND t.tgenabled IN ('O', 'A')"
            " AND t.tgtype = %s AND t.tgqual IS NULL AND t.tgattr = ''",
            [trigger.name, trigger.table, POSTGRESQL_TYPES[trigger.event]],
        )
        row = cursor.fetchone()
        return bool(row) and row[0] == _postgresql_body(trigger)


def _drop(vendor: str, trigger: Trigger) -> str:
    where = "" if vendor == "sqlite" else f" ON {trigger.table}"
    return f"DROP TRIGGER IF EXISTS {trigger.name}{where}"


def _sqlite_statements(trigger: Trigger) -> tuple[str, str]:
    when = f" WHEN {trigger.condition.replace('<differs>', 'IS NOT')}" if trigger.condition else ""
    body = f"BEGIN SELECT RAISE(ABORT, '{_quoted(trigger.complaint)}'); END"
    create = f"CREATE TRIGGER {trigger.name} BEFORE {trigger.event} ON {trigger.table}{when} {body}"
    return _drop("sqlite", trigger), create


def _postgresql_statements(trigger: Trigger) -> tuple[str, ...]:
    each = "STATEMENT" if trigger.event == "TRUNCATE" else "ROW"
    return (
        f"CREATE OR REPLACE FUNCTION {trigger.name}() RETURNS trigger LANGUAGE plpgsql"
        f" AS $guard${_postgresql_body(trigger)}$guard$",
        _drop("postgresql", trigger),
        f"CREATE TRIGGER {trigger.name} BEFORE {trigger.event} ON {trigger.table}"
        f" FOR EACH {each} EXECUTE FUNCTION {trigger.name}()",
    )


def _postgresql_body(trigger: Trigger) -> str:
    raising = f"RAISE EXCEPTION '{_quoted(trigger.complaint)}' USING ERRCODE = 'integrity_constraint_violation';"
    if not trigger.condition:
        return f" BEGIN {raising} END "
    condition = trigger.condition.replace("<differs>", "IS DISTINCT FROM")
    return f" BEGIN IF {condition} THEN {raising} END IF; RETURN NEW; END "


def _quoted(text: str) -> str:
    return text.replace("'", "''")
