"""A database that goes away after the outcome was committed: the person still reads the truth, and the value once."""

import pytest
from django.db import OperationalError, connection
from reading_pages import heading, send, text, value_in

from registercodes.models import RegisterCode

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


# What must not happen.


def test_nobody_reads_that_nothing_was_created_once_a_code_exists(as_alice, typed, cloud):
    cloud.fault("no_value", execute=True)
    with connection.execute_wrapper(AwayAfter(events=3)):
        page = send(as_alice, NEW, typed())
    assert heading(page) == "The code was made, but its value is withheld"
    assert "othing was created" not in text(page)
