"""A database that fails between the call and its outcome: whoever asked is told what is known, and never less."""

import pytest
from django.db import OperationalError, connection
from reading_pages import heading, send, text, value_in

from registercodes import settling
from registercodes.models import AuditEvent, RegisterCode

pytestmark = pytest.mark.django_db(transaction=True)  # a connection is given up and made anew

NEW = "/teams/web/codes/new/"
CREATE, DISABLE = "CreateRegisterCode", "DisableRegisterCodes"
MADE = "The code was made, but its value is withheld"
RIGHTS_AGAIN = 'AS "a" FROM "registercodes_membership"'
OUTCOME = 'UPDATE "registercodes_registercode"'
BUDGET, SLOT = "registercodes_callbudget", 4  # statements that the first slot takes


@pytest.fixture(autouse=True)
def _give_up_soon(monkeypatch):
    monkeypatch.setattr(settling, "OUTCOME_SECONDS", 0.1)


class Failing:
    """Fails one statement that holds the words, after sparing some; `gone`: and every one that follows."""

    def __init__(self, words: str, *, after: int = 0, gone: bool = False, how: type[Exception] = OperationalError):
        self.words, self.spared, self.gone, self.how = words, after, gone, how
        self.has_failed = False

    def __call__(self, execute, sql, params, many, context):
        if self.has_failed and self.gone and not sql.startswith(("ROLLBACK", "RELEASE")):
            raise self.how("server closed the connection unexpectedly")
        if self.words in sql and not self.has_failed:
            self.spared -= 1
            self.has_failed = self.spared < 0
            if self.has_failed:
                raise self.how("server closed the connection unexpectedly")
        return execute(sql, params, many, context)


def failing(words: str, **how):
    return connection.execute_wrapper(Failing(words, **how))


def called(cloud) -> list[str]:
    return [call.action for call in cloud.calls()]


def is_told_as_made(page) -> bool:
    assert (page.status_code, heading(page), value_in(page)) == (200, MADE, "")
    assert "othing was created" not in text(page)
    return True


def test_a_code_whose_disabling_is_refused_too_is_told_as_made(as_alice, typed, cloud):
    """After the refusal the client asks for another slot, of the very database that is gone."""
    cloud.fault("error", action=DISABLE, code="RequestLimitExceeded", times=None)
    with failing(RIGHTS_AGAIN, gone=True):
        page = send(as_alice, NEW, typed())
    assert is_told_as_made(page)
    assert called(cloud) == [CREATE, DISABLE]


def test_a_mistake_of_our_own_after_the_call_is_told_as_made_too(as_alice, typed, cloud):
    with failing(RIGHTS_AGAIN, how=RuntimeError):
        page = send(as_alice, NEW, typed())
    assert is_told_as_made(page)
    assert called(cloud) == [CREATE, DISABLE]
    assert not cloud.codes()[-1].Enabled


def test_a_withheld_code_whose_disabling_fails_in_the_database_is_told_as_made(as_alice, typed, cloud):
    cloud.fault("no_value", execute=True)
    with failing(BUDGET, after=SLOT, how=RuntimeError):
        page = send(as_alice, NEW, typed())
    assert is_told_as_made(page)
    assert RegisterCode.objects.get().disable_wanted_at


def test_too_many_requests_stays_a_refusal_although_the_budget_cannot_be_asked_again(as_alice, typed, cloud):
    cloud.fault("error", code="RequestLimitExceeded", times=None)
    with failing(BUDGET, after=SLOT):
        page = send(as_alice, NEW, typed())
    assert heading(page) == "The cloud refused this code"
    code = RegisterCode.objects.get()
    assert (code.state, code.error_code) == ("refused", "RequestLimitExceeded")
    assert called(cloud) == [CREATE]


# What must not happen.


def test_a_database_that_is_away_before_the_call_never_lets_one_out(as_alice, typed, cloud):
    with failing('INSERT INTO "registercodes_registercode"', gone=True):
        page = send(as_alice, NEW, typed())
    assert page.status_code == 503
    assert cloud.calls() == [] and not AuditEvent.objects.exists()
