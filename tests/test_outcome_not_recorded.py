"""A database that fails between the call and its outcome: whoever asked is told what is known, and never less."""

import pytest
from call_endings import was_anything_created
from django.db import InterfaceError, NotSupportedError, OperationalError, ProgrammingError, connection
from django.utils import timezone
from reading_pages import heading, send, text, value_in
from threads import at_once

from registercodes import settling
from registercodes.models import AuditEvent, RegisterCode

pytestmark = pytest.mark.django_db(transaction=True)  # a connection is given up and made anew

NEW = "/teams/web/codes/new/"
CREATE, DISABLE = "CreateRegisterCode", "DisableRegisterCodes"
MADE = "The code was made, but its value is withheld"
RIGHTS_AGAIN = 'AS "pk" FROM "registercodes_membership"'
OUTCOME = 'UPDATE "registercodes_registercode"'
BUDGET = "registercodes_callbudget"
SLOT = {"sqlite": 4, "postgresql": 3}[connection.vendor]  # statements that the first slot takes


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


@pytest.fixture
def lost_commit(monkeypatch):
    """The outcome's COMMIT is done, and its answer never arrives; `meanwhile` happens right after it."""

    def arranged(*, meanwhile=lambda: None):
        state = {"armed": False, "done": False}
        commit = connection._commit

        def watching(execute, sql, params, many, context):
            state["armed"] = state["armed"] or OUTCOME in sql
            return execute(sql, params, many, context)

        def without_answer():
            commit()
            if state["armed"] and not state["done"]:
                state["done"] = True
                meanwhile()
                raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(connection, "_commit", without_answer)
        return connection.execute_wrapper(watching)

    return arranged


def called(cloud) -> list[str]:
    return [call.action for call in cloud.calls()]


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


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


# What is known although it cannot be written.

NOT_WRITTEN = "could not write this down"


@pytest.mark.parametrize(
    ("fault", "title", "created"),
    [
        ({"fault": "error", "code": "LimitExceeded"}, "The cloud refused this code", "No. The cloud said no"),
        ({"fault": "reset"}, "The cloud’s answer never arrived", "Perhaps. "),
    ],
)
def test_an_answer_that_cannot_be_recorded_is_told_as_what_it_was(as_alice, typed, cloud, fault, title, created):
    cloud.fault(**fault)
    with failing(OUTCOME, gone=True):
        page = send(as_alice, NEW, typed())
    assert (heading(page), was_anything_created(page).startswith(created)) == (title, True)
    assert NOT_WRITTEN in text(page)
    assert RegisterCode.objects.get().state == "pending"


def test_a_request_that_never_left_is_told_so_although_that_cannot_be_recorded(as_alice, typed, cloud):
    with failing(BUDGET, gone=True):
        page = send(as_alice, NEW, typed())
    assert heading(page) == "The request never reached the cloud"
    assert was_anything_created(page).startswith("No. ") and NOT_WRITTEN in text(page)
    assert (RegisterCode.objects.get().state, called(cloud)) == ("pending", [])


@pytest.mark.parametrize(
    ("refused", "said", "advice"),
    [
        (False, "The cloud has disabled it", "Nothing, for this code."),
        (True, "has not agreed", "disabled there"),
    ],
)
def test_a_withheld_page_says_whether_the_unrecorded_disabling_worked(as_alice, typed, cloud, refused, said, advice):
    if refused:
        cloud.fault("error", action=DISABLE, code="InternalError")
    with failing(RIGHTS_AGAIN, gone=True):
        page = send(as_alice, NEW, typed())
    assert is_told_as_made(page)
    assert said in was_anything_created(page) and advice in text(page)
    assert cloud.codes()[-1].Enabled is refused


def test_a_recorded_withholding_says_that_it_goes_on_or_that_it_is_done(as_alice, typed, cloud):
    cloud.fault("no_value", execute=True, times=2)
    assert "The cloud has disabled it" in was_anything_created(send(as_alice, NEW, typed()))
    cloud.fault("reset", action=DISABLE, execute=False)
    assert "asks again at each sync" in was_anything_created(send(as_alice, NEW, typed()))


# A COMMIT whose answer is lost.


def test_a_table_altered_between_the_call_and_its_outcome_costs_no_value(as_alice, typed, cloud, monkeypatch):
    """PostgreSQL's word for a plan that is older than its table; the next attempt plans anew."""
    monkeypatch.setattr(settling, "OUTCOME_SECONDS", 5)
    with failing(OUTCOME, how=NotSupportedError):
        page = send(as_alice, NEW, typed())
    assert cloud.is_value(RegisterCode.objects.get(state="issued").code_id, value_in(page))
    assert called(cloud) == [CREATE]


def test_an_outcome_whose_commit_was_not_answered_is_recognised_and_its_value_shown(
    as_alice, typed, cloud, lost_commit
):
    with lost_commit():
        page = send(as_alice, NEW, typed())
    code = RegisterCode.objects.get()
    assert cloud.is_value(code.code_id, value_in(page))
    assert (code.state, code.disable_wanted_at) == ("issued", None)
    assert actions() == ["code.requested", "code.issued"]
    assert called(cloud) == [CREATE]


def test_a_withheld_outcome_whose_commit_was_not_answered_is_closed_once(as_alice, typed, cloud, lost_commit):
    cloud.fault("no_value", execute=True)
    with lost_commit():
        assert is_told_as_made(send(as_alice, NEW, typed()))
    assert actions() == ["code.requested", "code.withheld", "code.disable_requested", "code.disabled"]
    assert called(cloud) == [CREATE, DISABLE]


def test_a_refusal_whose_commit_was_not_answered_is_told_as_one(as_alice, typed, cloud, lost_commit):
    cloud.fault("error", code="LimitExceeded")
    with lost_commit():
        page = send(as_alice, NEW, typed())
    assert heading(page) == "The cloud refused this code"
    assert actions() == ["code.requested", "code.refused"]


def test_a_row_that_something_else_settled_with_this_code_is_disabled_on_record(as_alice, typed, cloud, lost_commit):
    """As a sync would, between the commit and the next attempt."""

    def settled_otherwise():
        at_once(1, lambda _: RegisterCode.objects.update(settled_at=timezone.now()))  # over another connection

    with lost_commit(meanwhile=settled_otherwise):
        assert is_told_as_made(send(as_alice, NEW, typed()))
    code = RegisterCode.objects.get()
    assert code.disable_wanted_at and code.disabled_at
    assert actions() == ["code.requested", "code.issued", "code.disable_requested", "code.disabled"]
    assert not cloud.code(code.code_id).Enabled


# A fault in the record is no busy cloud.


def test_a_budget_that_may_not_be_used_is_the_operators_affair_and_logged(as_alice, typed, cloud, caplog):
    with failing(BUDGET, how=ProgrammingError):
        page = send(as_alice, NEW, typed())
    assert heading(page) == "The request never reached the cloud"
    assert "operator of this portal has to mend something" in text(page)
    assert [(record.message, bool(record.exc_info)) for record in caplog.records if record.levelname == "ERROR"] == [
        ("budget_unusable", True)
    ]
    assert (RegisterCode.objects.get().reason, called(cloud)) == ("no_budget", [])


def test_a_busy_budget_is_told_as_busy_and_logged(as_alice, typed, cloud, caplog):
    with failing(BUDGET):
        page = send(as_alice, NEW, typed())
    assert "Too many codes are being made" in text(page)
    assert "budget_away" in [record.message for record in caplog.records]
    assert (RegisterCode.objects.get().reason, called(cloud)) == ("busy", [])


def test_a_connection_that_is_gone_makes_the_portal_unready_and_no_500(client):
    with failing("django_migrations", how=InterfaceError):
        assert client.get("/readyz").status_code == 503


# What must not happen.


def test_a_code_that_something_else_settled_without_it_never_shows_a_value(as_alice, typed, cloud):
    def settled(execute, sql, params, many, context):
        if RIGHTS_AGAIN in sql:
            execute(f"{OUTCOME} SET state = 'unknown' WHERE state = 'pending'", (), False, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(settled):
        assert is_told_as_made(send(as_alice, NEW, typed()))
    assert RegisterCode.objects.get().state == "unknown"
    assert not cloud.codes()[-1].Enabled


def test_a_database_that_is_away_before_the_call_never_lets_one_out(as_alice, typed, cloud):
    with failing('INSERT INTO "registercodes_registercode"', gone=True):
        page = send(as_alice, NEW, typed())
    assert page.status_code == 503
    assert cloud.calls() == [] and not AuditEvent.objects.exists()
