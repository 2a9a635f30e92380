"""What the shipped role for PostgreSQL must never get done: every way there is to history and what guards it."""

EVENTS, CODES, HEAD = "registercodes_auditevent", "registercodes_registercode", "registercodes_audithead"
# faults.md, History, by every way there is to a row or to what guards it.
REFUSED = {
    "update": f"UPDATE {EVENTS} SET actor_name = 'Mallory'",
    "update to the same": f"UPDATE {EVENTS} SET digest = digest",
    "update of nothing": f"UPDATE {EVENTS} SET at = now() WHERE false",
    "upsert": f"INSERT INTO {EVENTS} SELECT * FROM {EVENTS} ON CONFLICT (id) DO UPDATE SET digest = ''",
    "merge": f"MERGE INTO {EVENTS} e USING {EVENTS} o ON e.id = o.id WHEN MATCHED THEN DELETE",
    "delete": f"DELETE FROM {EVENTS}",
    "truncate": f"TRUNCATE {EVENTS}",
    "truncate of codes": f"TRUNCATE {CODES} CASCADE",
    "truncate of teams": "TRUNCATE registercodes_team CASCADE",
    "delete of a code": f"DELETE FROM {CODES}",
    "what was asked": f"UPDATE {CODES} SET register_limit = 10000",
    "a code's maker": f"UPDATE {CODES} SET created_by_id = created_by_id",
    "drop of a trigger": f"DROP TRIGGER audit_no_update ON {EVENTS}",
    "disabled trigger": f"ALTER TABLE {EVENTS} DISABLE TRIGGER audit_no_update",
    "all triggers disabled": f"ALTER TABLE {EVENTS} DISABLE TRIGGER ALL",
    "hollow trigger": "CREATE OR REPLACE FUNCTION audit_no_update() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "drop of a function": "DROP FUNCTION audit_no_update() CASCADE",
    "replica mode": "SET session_replication_role = replica",
    "a column less": f"ALTER TABLE {EVENTS} DROP COLUMN digest",
    "a table less": f"DROP TABLE {EVENTS}",
    "another name": f"ALTER TABLE {EVENTS} RENAME TO gone",
    "a rule": f"CREATE RULE quiet AS ON INSERT TO {EVENTS} DO INSTEAD NOTHING",
    "a trigger of its own": f"CREATE TRIGGER own BEFORE INSERT ON {EVENTS} FOR EACH ROW EXECUTE FUNCTION audit_no_update()",
    "a policy": f"ALTER TABLE {EVENTS} ENABLE ROW LEVEL SECURITY",
    "a table in front": f"CREATE TEMP TABLE {EVENTS} (id int)",
    "a table beside": "CREATE TABLE beside (id int)",
    "a schema in front": "CREATE SCHEMA front",
    "a head removed": f"DELETE FROM {HEAD}",
    "a second head": f"INSERT INTO {HEAD} (id, chain, sequence, digest) VALUES (2, 'x', 0, '')",
    "another chain": f"UPDATE {HEAD} SET chain = 'x'",
    "another stamp": "UPDATE registercodes_installation SET account = 'x'",
    "another group": "UPDATE registercodes_team SET sso_group = 'mine'",
    "a new team": "INSERT INTO registercodes_team SELECT * FROM registercodes_team",
    "another person": "UPDATE sso_user SET subject = 'mallory'",
    "a person less": "DELETE FROM sso_user",
    "migrations undone": "DELETE FROM django_migrations",
}
# Allowed as a statement, refused by a trigger.
GUARDED = {
    "a state moved back": f"UPDATE {CODES} SET state = 'pending'",
    "another code id": f"UPDATE {CODES} SET code_id = 'another'",
}
