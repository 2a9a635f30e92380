"""What the portal asks of a PostgreSQL server beside its statements: nothing, as long as the connection is whole."""

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.backends.postgresql import base
from django.db.models import CharField
from django.test.utils import CaptureQueriesContext

from registercodes.models import Team
from registercodes.prepared import Given, Prepared

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="about PostgreSQL's backend"),
]


@pytest.fixture(autouse=True)
def a_connection_of_its_own(transactional_db):
    connection.close()
    yield
    connection.health_check_enabled = False
    connection.close()


@pytest.fixture
def asked_server(monkeypatch) -> list[str]:
    """Notes each question of Django's own health check."""
    asked = []
    whole = base.DatabaseWrapper.is_usable
    monkeypatch.setattr(base.DatabaseWrapper, "is_usable", lambda self: asked.append("SELECT 1") or whole(self))
    return asked


def next_request() -> None:
    """What Django does to the connection at the end of a request and at the begin of the next."""
    for _ in range(2):
        connection.close_if_unusable_or_obsolete()


def pid() -> int:
    return connection.connection.info.backend_pid


def ended_by_the_server() -> None:
    with base.Database.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid()])


def test_a_whole_connection_is_used_again_and_nothing_is_asked(web, asked_server):
    first = pid()
    next_request()
    connection.health_check_enabled, connection.health_check_done = True, False
    assert Team.objects.get() == web
    assert (pid(), asked_server) == (first, [])


def test_a_connection_that_the_server_ended_is_replaced_and_nobody_notices(web, asked_server):
    first = pid()
    ended_by_the_server()
    next_request()
    connection.health_check_enabled, connection.health_check_done = True, False
    assert Team.objects.get() == web
    assert pid() != first
    assert asked_server == ["SELECT 1"]


def test_after_a_failed_statement_the_next_request_has_a_connection_of_its_own(web):
    first = pid()
    with pytest.raises(DatabaseError), connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
    next_request()
    assert Team.objects.get() == web
    assert pid() != first


def test_one_that_ends_within_a_request_is_told_as_a_database_that_is_away(web):
    ended_by_the_server()
    with pytest.raises((OperationalError, InterfaceError)), connection.planned_cursor() as cursor:
        cursor.execute("SELECT 1")


# Plans.


@Prepared
def named():
    return Team.objects.filter(key=Given("key", CharField())).values_list("name")


def planned() -> list[str]:
    """The statements the server keeps for this connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements ORDER BY prepare_time")
        return [statement for (statement,) in cursor.fetchall()]


def test_a_prepared_read_is_planned_once_and_its_values_go_beside_it(web):
    for key in ("web", "none", "web' OR '1'='1", "web"):
        assert named(key=key) == ([("Web",)] if key == "web" else [])
    [statement] = planned()
    assert '"registercodes_team"."key" = ($1)' in statement
    assert "web" not in statement


def test_other_statements_are_not_planned(web):
    for _ in range(4):
        assert Team.objects.get(key="web") == web
    assert planned() == []


def test_a_plan_outlives_neither_a_rollback_nor_its_columns(web):
    """A migration alters a column under a running portal: one request fails at most, the next reads it."""
    for _ in range(3):
        named(key="web")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        named(key="web")
        raise ZeroDivisionError
    assert named(key="web") == [("Web",)]
    assert len(planned()) <= 1
    for _ in range(3):
        named(key="web")
    with base.Database.connect(connection.connection.info.dsn, autocommit=True) as other:
        other.execute("ALTER TABLE registercodes_team ALTER COLUMN name TYPE varchar(81)")
        try:
            with pytest.raises(DatabaseError, match="cached plan"):
                named(key="web")
            next_request()
            assert named(key="web") == [("Web",)]
        finally:
            other.execute("ALTER TABLE registercodes_team ALTER COLUMN name TYPE varchar(80)")


def test_what_was_asked_is_told_with_its_values_each_time(web):
    with CaptureQueriesContext(connection) as asked:
        for _ in range(3):
            named(key="web")
    assert {one["sql"].count("'web'") for one in asked} == {1}
    assert len({one["sql"] for one in asked}) == 1
