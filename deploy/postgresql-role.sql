-- The role that the portal serves pages with on PostgreSQL. It owns nothing: it can add to the history and read it, and
-- can neither change it nor take the guards away. Migrations, manage.py team, restoredaudit and archiveaudit run as the
-- owner of the tables.
--
-- Run it as that owner (who may create roles), in the portal's database, after the first migrate and after every
-- upgrade:
--
--     psql "$OWNER_URL" --single-transaction --set ON_ERROR_STOP=1 --file deploy/postgresql-role.sql
--     psql "$OWNER_URL" --command '\password register_code_portal'
--
-- then give the portal DATABASE_URL=postgres://register_code_portal:PASSWORD@HOST/NAME.

DO $$
DECLARE
    held record;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'register_code_portal') THEN
        CREATE ROLE register_code_portal LOGIN;
    END IF;
    -- One that was here before is made as small: an attribute or a role it holds would go round every grant below.
    SELECT * INTO held FROM pg_roles WHERE rolname = 'register_code_portal';
    IF held.rolsuper THEN ALTER ROLE register_code_portal NOSUPERUSER; END IF;
    IF held.rolreplication THEN ALTER ROLE register_code_portal NOREPLICATION; END IF;
    IF held.rolbypassrls THEN ALTER ROLE register_code_portal NOBYPASSRLS; END IF;
    IF held.rolcreatedb THEN ALTER ROLE register_code_portal NOCREATEDB; END IF;
    ALTER ROLE register_code_portal NOCREATEROLE NOINHERIT;
    FOR held IN
        SELECT roleid::regrole AS role, grantor::regrole AS grantor FROM pg_auth_members
        WHERE member = 'register_code_portal'::regrole
    LOOP
        EXECUTE format('REVOKE %s FROM register_code_portal GRANTED BY %s', held.role, held.grantor);
    END LOOP;
    IF EXISTS (SELECT FROM pg_auth_members WHERE member = 'register_code_portal'::regrole)
        OR EXISTS (SELECT FROM pg_class WHERE relowner = 'register_code_portal'::regrole)
    THEN
        RAISE EXCEPTION 'register_code_portal owns tables here or is a member of other roles: take that from it first';
    END IF;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM register_code_portal', current_database());
    -- From PUBLIC only what would stand in front of our tables: roles that watch and back up go on connecting.
    EXECUTE format('REVOKE CREATE, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO register_code_portal', current_database());
END
$$;

-- Nobody makes tables here but the owner, not even temporary ones that would stand before ours by name.
REVOKE CREATE ON SCHEMA public FROM PUBLIC, register_code_portal;
GRANT USAGE ON SCHEMA public TO register_code_portal;

-- What an older version of this file granted is taken back first, so that it says all there is.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM register_code_portal;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM register_code_portal;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;

-- The history: read and add.
GRANT SELECT, INSERT ON registercodes_auditevent TO register_code_portal;

-- Where its chain ends. A new chain is begun by the owner alone, after a restore.
GRANT SELECT, UPDATE (sequence, digest) ON registercodes_audithead TO register_code_portal;

-- Codes: what was asked never changes; of what became of it, triggers hold how.
GRANT SELECT, INSERT ON registercodes_registercode TO register_code_portal;
GRANT UPDATE (
    state, reason, code_id, tencent_request_id, error_code, settled_at, expires_at, value_fingerprint, fingerprint_key,
    confirmed_at, disable_wanted_at, disabled_at, disabled_by_id, told_at
) ON registercodes_registercode TO register_code_portal;

-- Teams: their policy. Key, name and group are the operator's, since a group grants rights.
GRANT SELECT ON registercodes_team TO register_code_portal;
GRANT UPDATE (
    active, regions, max_register_limit, max_hours, permanent_allowed, ip_range_required, allowed_networks,
    widest_prefix, description_required, codes_per_day
) ON registercodes_team TO register_code_portal;

-- People, and what their groups say: written by sign-in and re-check.
GRANT SELECT, INSERT, UPDATE (username, display_name, email, last_login, is_active) ON sso_user TO register_code_portal;
GRANT SELECT, INSERT, UPDATE (checked_at), DELETE ON registercodes_membership TO register_code_portal;
GRANT SELECT, INSERT, UPDATE (checked_at), DELETE ON sso_rolegrant TO register_code_portal;
GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO register_code_portal;

-- Whose sessions live, and what was spent to begin or end one: rows go when their use is over.
GRANT SELECT, INSERT, UPDATE (checked_at, sid), DELETE ON sso_livesession TO register_code_portal;
GRANT SELECT, INSERT, DELETE ON sso_spenttoken TO register_code_portal;
GRANT SELECT, INSERT, UPDATE (tries_left, used_at), DELETE ON sso_breakglasscode TO register_code_portal;

-- What is shared between processes, and what the cloud last said.
GRANT SELECT, INSERT, UPDATE (next_at) ON registercodes_callbudget TO register_code_portal;
GRANT SELECT, INSERT, UPDATE (since, repeats) ON registercodes_fold TO register_code_portal;
GRANT SELECT, INSERT, UPDATE ON registercodes_upstreamcode TO register_code_portal;
GRANT SELECT, INSERT ON registercodes_outsidecode TO register_code_portal;
GRANT UPDATE (
    team_id, adopted_at, adopted_by_id, adopted_why, disable_wanted_at, disable_wanted_by_id, disable_why, disabled_at
) ON registercodes_outsidecode TO register_code_portal;
GRANT SELECT, INSERT, DELETE ON registercodes_syncrun TO register_code_portal;
GRANT SELECT, INSERT, UPDATE (holder, expires_at) ON registercodes_synclease TO register_code_portal;

-- What this database is the record of; /readyz writes the one column to prove that writing works.
GRANT SELECT, UPDATE (checked) ON registercodes_installation TO register_code_portal;

-- Django's own, read only; none of django_admin_log, since what people do in the admin site is in the history.
GRANT SELECT ON django_migrations, django_content_type, auth_permission, auth_group, auth_group_permissions
    TO register_code_portal;
