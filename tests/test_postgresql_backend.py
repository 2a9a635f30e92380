"""What the portal asks of a PostgreSQL server beside its statements: nothing, as long as the connection is whole."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import (
    DatabaseError,
    DataError,
    InterfaceError,
    NotSupportedError,
    OperationalError,
    connection,
    transaction,
)
from django.db.backends.postgresql import base
from django.db.models import BigIntegerField, CharField
from django.test.utils import CaptureQueriesContext

from registercodes.models import Team
from registercodes.prepared import Given, Prepared, insert

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor == "sqlite", reason="about PostgreSQL's backend"),
]


@Prepared
def named():
    return Team.objects.filter(key=Given("key", CharField())).values_list("name")


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
    connection.health_check_enabled, connection.health_check_done = True, False


def pid() -> int:
    return connection.connection.info.backend_pid


@contextmanager
def by_another() -> Iterator:
    """A cursor of a connection beside ours."""
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def ended_by_the_server() -> None:
    with by_another() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid()])


FIRST_STATEMENT = pytest.mark.parametrize(
    "read", [lambda: named(key="web"), lambda: list(Team.objects.values_list("name"))], ids=["planned", "usual"]
)


@FIRST_STATEMENT
def test_a_whole_connection_is_used_again_and_nothing_is_asked(web, asked_server, read):
    first = pid()
    next_request()
    assert read() == [("Web",)]
    assert (pid(), asked_server) == (first, [])


@FIRST_STATEMENT
def test_a_connection_that_the_server_ended_is_replaced_and_nobody_notices(web, asked_server, read):
    first = pid()
    ended_by_the_server()
    next_request()
    assert read() == [("Web",)]
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


def test_no_plan_outlives_a_rollback(web):
    named(key="web")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert len(planned()) == 1
        raise ZeroDivisionError
    assert planned() == []
    assert named(key="web") == [("Web",)]


def test_a_column_altered_under_a_running_portal_costs_one_request_at_most(web):
    for _ in range(3):
        named(key="web")
    with by_another() as cursor:
        cursor.execute("ALTER TABLE registercodes_team ALTER COLUMN name TYPE varchar(81)")
        try:
            with pytest.raises(NotSupportedError, match="cached plan"):
                named(key="web")
            next_request()
            assert named(key="web") == [("Web",)]
        finally:
            connection.close()
            cursor.execute("ALTER TABLE registercodes_team ALTER COLUMN name TYPE varchar(80)")


@Prepared
def of_policy():
    return Team.objects.filter(max_hours=Given("hours", BigIntegerField())).values_list("key")


def test_numbers_of_every_size_are_one_statement(web):
    for hours in (1, 2**15, 2**31, 2**63 - 1):
        assert of_policy(hours=hours) == []
    assert len(planned()) == 1


@pytest.mark.parametrize("hours", [2**31 + 500, 2**32 + 500, 2**63 + 500])
def test_a_number_too_large_for_its_column_is_refused_and_never_another_one(web, hours):
    with pytest.raises(DataError):
        insert(Team(key="large", name="Large", sso_group="large", max_hours=hours))
    assert Team.objects.count() == 1


def test_a_value_without_a_spelling_is_refused_as_django_says_it(web):
    with CaptureQueriesContext(connection), pytest.raises((DataError, ValueError)):
        named(key="a\0b")


def test_what_was_asked_is_told_with_its_values_each_time(web):
    with CaptureQueriesContext(connection) as asked:
        for _ in range(3):
            named(key="web")
    assert {one["sql"].count("'web'") for one in asked} == {1}
    assert len({one["sql"] for one in asked}) == 1
