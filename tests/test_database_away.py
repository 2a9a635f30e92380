"""A database that goes away after the outcome was committed: the person still reads the truth, and the value once."""

import pytest
from django.db import InterfaceError, OperationalError, connection
from reading_pages import heading, send, summary, text, typed_in, value_in

from registercodes import audit
from registercodes.models import RegisterCode, Team

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"


class AwayAfter:
    """Lets statements through until the audit head was moved `events` times; from then on the server is gone."""

    def __init__(self, events: int) -> None:
        self.events = events
        self.refused: list[str] = []

    def __call__(self, execute, sql, params, many, context):
        if self.events == 0 and not sql.startswith(("RELEASE", "SAVEPOINT", "ROLLBACK")):
            self.refused.append(sql)
            raise OperationalError("server closed the connection unexpectedly")
        if sql.startswith("UPDATE registercodes_audithead"):
            self.events -= 1
        return execute(sql, params, many, context)


def test_an_issued_value_is_shown_although_the_database_is_gone(as_alice, typed, cloud):
    with connection.execute_wrapper(AwayAfter(events=2)):
        page = send(as_alice, NEW, typed())
    code = RegisterCode.objects.get()
    assert page.status_code == 200
    assert cloud.is_value(code.code_id, value_in(page))


@pytest.mark.parametrize(
    ("fault", "title"),
    [
        ({"fault": "html"}, "The cloud’s answer never arrived"),
        ({"fault": "error", "code": "LimitExceeded"}, "The cloud refused this code"),
    ],
)
def test_an_outcome_page_says_what_happened_although_the_database_is_gone(as_alice, typed, cloud, fault, title):
    cloud.fault(**fault)
    with connection.execute_wrapper(AwayAfter(events=2)):
        page = send(as_alice, NEW, typed())
    assert (page.status_code, heading(page)) == (200, title)


class Unwritable:
    """Refuses what a busy database refuses: every write, and the lock on the audit head."""

    def __init__(self, error: type[Exception] = OperationalError) -> None:
        self.error = error

    def __call__(self, execute, sql, params, many, context):
        if sql.startswith(("INSERT", "UPDATE", "DELETE", audit.HEAD)):
            raise self.error("database is locked")
        return execute(sql, params, many, context)


BUSY = [OperationalError, InterfaceError]


@pytest.mark.parametrize("error", BUSY)
def test_the_first_press_while_nothing_can_be_written_is_told_so_and_keeps_the_words(as_alice, typed, cloud, error):
    fields = typed()
    with connection.execute_wrapper(Unwritable(error)):
        page = send(as_alice, NEW, fields)
    assert (page.status_code, typed_in(page, "description")) == (503, "webserver")
    assert "This press sent nothing and created nothing." in text(page)
    assert typed_in(page, "submission") == fields["submission"] and cloud.calls() == []


@pytest.mark.parametrize("error", BUSY)
def test_a_denial_that_cannot_be_noted_keeps_the_words_too(as_alice, web, typed, cloud, error):
    Team.objects.filter(pk=web.pk).update(max_register_limit=5)
    with connection.execute_wrapper(Unwritable(error)):
        page = send(as_alice, NEW, typed(register_limit="6"))
    assert (page.status_code, typed_in(page, "register_limit")) == (503, "6")
    assert summary(page) == ["How many hosts: Your team may enrol at most 5 hosts with one code."]
    assert "This press sent nothing and created nothing." in text(page)


# What must not happen.


@pytest.mark.parametrize("error", BUSY)
def test_nobody_reads_that_nothing_was_created_when_the_press_before_made_a_code(
    as_alice, typed, cloud, error, caplog
):
    fields = typed()
    assert value_in(send(as_alice, NEW, fields))
    with connection.execute_wrapper(Unwritable(error)):
        page = send(as_alice, NEW, fields)
    assert page.status_code == 200
    assert "one code was made" in text(page) and "created nothing" not in text(page)
    assert "replay_not_recorded" in caplog.text
    assert len(cloud.calls()) == 1


def test_nobody_reads_that_nothing_was_created_once_a_code_exists(as_alice, typed, cloud):
    cloud.fault("no_value", execute=True)
    with connection.execute_wrapper(AwayAfter(events=3)):
        page = send(as_alice, NEW, typed())
    assert heading(page) == "The code was made, but its value is withheld"
    assert "othing was created" not in text(page)
