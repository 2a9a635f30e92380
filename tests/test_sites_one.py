"""One line of several sites: what its answer says for each outcome, who sees the value, and that nobody else does."""

import json
import logging

import pytest
from cast import browser_of
from django.db import OperationalError, connection
from reading_pages import send, text

from registercodes import places, submissions
from registercodes.issuing import CREATE
from registercodes.models import AuditEvent, RegisterCode
from registercodes.rules import Asked
from registercodes.submissions import line_token

pytestmark = pytest.mark.django_db

ONE = "/teams/web/codes/sites/one/"
PARIS = Asked(
    region="ap-singapore", description="Paris", instance_name_prefix="par", ip_address_range="203.0.113.0/24"
)


@pytest.fixture
def token(alice, web):
    """Of a line that Alice had checked; each call is a form of its own."""

    def of(*, person=alice, team=web, asked=PARIS) -> str:
        form = submissions.opened(submissions.new_token(person=person, team=team), person=person, team=team)
        return line_token(person=person, team=team, form=form, number=1, asked=asked)

    return of


def press(browser, submission, **extra):
    return send(browser, ONE, {"submission": submission}, **({"HTTP_X_REQUESTED_WITH": "fetch"} | extra))


def test_a_code_that_was_made_is_answered_with_its_value_and_commands(as_alice, token, cloud):
    answer = press(as_alice, token())
    told = answer.json()

    code = RegisterCode.objects.get()
    assert (answer.status_code, told["outcome"], told["reference"]) == (200, "issued", code.reference)
    assert cloud.is_value(told["code_id"], told["value"])
    assert set(told["commands"]) == {"quiet", "linux", "windows"}
    assert told["value"] in told["commands"]["linux"] and told["value"] not in told["commands"]["quiet"]
    assert (code.asked, code.created_by.username, code.state) == (PARIS, "alice", "issued")
    assert told["card"] == f"/codes/{code.reference}/"


def test_the_answer_is_kept_nowhere(as_alice, token, cloud):
    answer = press(as_alice, token())

    assert answer["Content-Type"] == "application/json"
    assert "no-store" in answer["Cache-Control"] and "Content-Encoding" not in answer
    assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"fault": "error", "code": "UnauthorizedOperation"}, "refused"),
        ({"fault": "reset"}, "unknown"),
        ({"fault": "not_json"}, "unknown"),
        ({"fault": "no_value", "execute": True}, "withheld"),
    ],
)
def test_every_other_outcome_says_what_is_known_and_has_no_value(as_alice, token, cloud, fault, outcome):
    cloud.fault(fault.pop("fault"), **fault)

    answer = press(as_alice, token())

    told = answer.json()
    assert (answer.status_code, told["outcome"]) == (200, outcome)
    assert told["said"] and told["label"] and told["card"] == f"/codes/{RegisterCode.objects.get().reference}/"
    assert "value" not in told and "commands" not in told


def test_a_line_the_cloud_could_not_be_reached_for_was_not_sent(as_alice, token, cloud, point_at):
    point_at("http://127.0.0.1:9")

    told = press(as_alice, token()).json()

    assert told["outcome"] == "not_sent" and "Nothing was sent" in told["said"]


def test_the_same_line_again_says_so_and_has_no_value(as_alice, token, cloud):
    submission = token()
    value = press(as_alice, submission).json()["value"]

    answer = press(as_alice, submission)

    assert (answer.status_code, answer.json()["outcome"]) == (200, "replayed")
    assert "its value was shown that once" in answer.json()["said"] and value not in text(answer)
    assert RegisterCode.objects.count() == len(cloud.calls(CREATE)) == 1


def test_no_free_place_is_busy_and_leaves_the_line_to_be_sent_again(as_alice, token, cloud, settings):
    settings.TAT_CONCURRENT = 1
    submission = token()
    with places.place(CREATE):
        answer = press(as_alice, submission)
    assert (answer.status_code, answer.json()["outcome"], answer["Retry-After"]) == (503, "busy", "1")
    assert not RegisterCode.objects.exists()

    assert press(as_alice, submission).json()["outcome"] == "issued"


def test_each_line_counts_against_the_quota_of_the_day(as_alice, token, web, cloud):
    web.codes_per_day = 1
    web.save()
    assert press(as_alice, token()).json()["outcome"] == "issued"

    answer = press(as_alice, token())

    assert (answer.status_code, answer.json()["outcome"]) == (422, "denied")
    assert "quota for today (1) is used up" in answer.json()["said"]
    assert RegisterCode.objects.count() == 1


def test_a_policy_that_narrowed_since_the_check_holds(as_alice, token, web, cloud):
    submission = token()
    web.allowed_networks = ["198.51.100.0/24"]
    web.save()

    assert press(as_alice, submission).json()["outcome"] == "denied"
    assert not cloud.calls()


def test_a_session_that_ended_is_told_the_script_by_a_401(client, token, cloud):
    assert press(client, token()).status_code == 401
    assert not RegisterCode.objects.exists()


def test_one_line_is_one_row_with_a_trail_of_its_own(as_alice, token, cloud):
    for _ in range(2):
        press(as_alice, token())

    assert RegisterCode.objects.values("submission").distinct().count() == 2
    for code in RegisterCode.objects.all():
        actions = set(AuditEvent.objects.filter(register_code=code).values_list("action", flat=True))
        assert actions == {"code.requested", "code.issued"}


# What must not happen.


@pytest.mark.parametrize(
    "forge",
    [
        lambda token: "",
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: token + "\x00",
        lambda token: "x" * 10_000,
    ],
    ids=["none", "last sign", "NUL", "long"],
)
def test_a_forged_line_is_refused(as_alice, token, cloud, forge):
    answer = press(as_alice, forge(token()))

    assert (answer.status_code, answer.json()["outcome"]) == (422, "denied")
    assert not cloud.calls() and not RegisterCode.objects.exists()


def test_another_persons_or_teams_line_and_the_forms_own_token_are_refused(as_alice, token, alice, bob, web, payments):
    for submission in (
        token(person=bob),
        token(team=payments),
        submissions.new_token(person=alice, team=web),
    ):
        assert press(as_alice, submission).status_code == 422
    assert not RegisterCode.objects.exists()


def test_a_line_is_no_submission_of_the_new_code_form(as_alice, token, typed, cloud):
    assert send(as_alice, "/teams/web/codes/new/", typed(submission=token())).status_code == 422
    assert not cloud.calls()


def test_a_press_that_is_not_the_scripts_makes_nothing(as_alice, token, cloud):
    answer = send(as_alice, ONE, {"submission": token()})

    assert (answer.status_code, answer["Location"]) == (302, "/teams/web/codes/sites/")
    assert not RegisterCode.objects.exists()


def test_a_press_without_the_csrf_token_makes_nothing(alice, token, cloud):
    browser = browser_of(alice)
    browser.handler.enforce_csrf_checks = True

    assert press(browser, token()).status_code == 403
    assert not RegisterCode.objects.exists()


def test_a_record_that_cannot_be_written_is_busy_and_nothing_is_sent(as_alice, token, cloud):
    def away(execute, sql, params, many, context):
        if sql.startswith("INSERT INTO") and "registercodes_registercode" in sql:
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(away):
        answer = press(as_alice, token())

    assert (answer.status_code, answer.json()["outcome"]) == (503, "busy")
    assert not cloud.calls()


def test_no_value_is_ever_in_a_log_a_session_or_a_row(as_alice, token, cloud, caplog):
    caplog.set_level(logging.DEBUG)
    value = press(as_alice, token()).json()["value"]
    for name in ("reset", "no_value", "not_json"):
        cloud.fault(name, execute=True)
        assert "value" not in press(as_alice, token()).json()
    records = " ".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)

    assert value and value not in records
    assert value not in json.dumps([*RegisterCode.objects.values(), *AuditEvent.objects.values()], default=str)
    assert value not in json.dumps(dict(as_alice.session.items()), default=str)
