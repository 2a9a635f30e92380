"""Every event is chained to the one before, in a form that is fixed for ever: no gap, no fork, no fact left out."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from cast import browser_of
from django.db import transaction
from django.utils import timezone
from reading_pages import send, value_in
from records import a_code, break_in_chain, digest
from threads import at_once

from registercodes import audit, keys, teams
from registercodes.audit import Origin
from registercodes.models import Action, AuditEvent, AuditHead, Fold, Installation, Outcome, Team

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
AT = datetime(2026, 11, 24, 9, 30, 15, 123456, tzinfo=UTC)

# Form 1, written out. A digest made with it must verify for ever: another column means another form.
GOLDEN = {
    "account": "default",
    "action": "code.issued",
    "actor_id": 7,
    "actor_name": "Alice Anders",
    "at": "2026-11-24T09:30:15.123456Z",
    "chain": "00112233aabbccdd",
    "client_ip": "198.51.100.7",
    "code_id": "9b5rb72b-418f-4a81-b32e-f8bc80eef678",
    "description": "webserver 注 🚀",
    "detail": {"reason": "none", "nested": [1, None, True, {"b": "x", "a": "y"}]},
    "effective_time": 4,
    "error_code": "",
    "expires_at": "2026-11-24T13:30:15.000000Z",
    "form_version": 1,
    "instance_name_prefix": "web",
    "ip_address_range": "192.168.10.1/10",
    "ip_first": 3229614080,
    "ip_last": 3233808383,
    "key_id": "",
    "outcome": "success",
    "permanent": False,
    "previous_digest": "0" * 64,
    "reference": "abcdefg",
    "region": "ap-singapore",
    "register_code_id": 41,
    "register_limit": 10,
    "request_id": "0123456789abcdef0123456789abcdef",
    "sequence": 42,
    "team_id": 3,
    "team_name": "Web",
    "tencent_request_id": "12ee4f2e-6f2c-4b0c-8d3c-0d9a1f0c8b11",
    "user_agent": "Mozilla/5.0",
}
KEY = "golden-audit-key-0123456789abcdefghij"
KEY_ID = "45cdfb527467"
DIGEST = "0c73d34ac0dc124fcd0330be287959b78ca10f17d4a65d25524fd1c81a68b527"


def golden_event(**changes) -> AuditEvent:
    facts = GOLDEN | {"at": AT, "expires_at": AT.replace(hour=13, microsecond=0), "key_id": KEY_ID}
    return AuditEvent(**(facts | {"action": Action.CODE_ISSUED, "outcome": Outcome.SUCCESS} | changes))


def record(action=Action.CODE_REQUESTED, **rest) -> AuditEvent:
    with transaction.atomic():
        audit.record(action, Outcome.SUCCESS, **rest)
        return AuditEvent.objects.latest("sequence")


def test_a_known_event_under_a_known_key_has_this_digest(settings):
    settings.AUDIT_KEY = KEY

    assert keys.current().id == KEY_ID
    assert audit.digest_of(golden_event(), key=keys.current()) == DIGEST


def test_the_form_covers_every_column_and_is_version_1():
    columns = {field.attname for field in AuditEvent._meta.concrete_fields}

    assert columns - {"id", "digest"} == set(GOLDEN), "a new column needs form version 2, and 1 must stay as it is"
    assert GOLDEN["form_version"] == audit.FORM_VERSION


@pytest.mark.parametrize("column", sorted(GOLDEN))
def test_no_column_can_change_without_changing_the_digest(settings, column):
    settings.AUDIT_KEY = KEY
    other = {int: 999, str: "other", dict: {"reason": "other"}, bool: True}[type(GOLDEN[column])]
    if column in {"at", "expires_at"}:
        other = AT + timedelta(microseconds=1)

    assert audit.digest_of(golden_event(**{column: other}), key=keys.current()) != DIGEST


def test_what_was_written_is_read_back_with_the_same_digest(alice, web):
    code = a_code(team=web, person=alice, description='注 🚀 \\ " é', ip_first=2**32 - 1, ip_last=2**32 - 1)
    event = record(
        code=code, actor=alice, team=web, detail=GOLDEN["detail"], origin=Origin("a" * 32, "2001:db8::1", "Ünï\x7f")
    )

    assert event.digest == digest(event) == audit.digest_of(event, key=keys.current())


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        audit.record(Action.CODE_REQUESTED, Outcome.SUCCESS)


@pytest.mark.django_db(transaction=True)
def test_twenty_writers_leave_no_gap_no_fork_and_nobody_waiting_for_ever(alice, web):
    def write(number):
        for _ in range(5):
            record(actor=alice, team=web, detail={"writer": number})
            audit.record_folded(Action.CODE_DENIED, actor=alice, team=web, reason=f"writer {number}")

    at_once(20, write)

    assert break_in_chain() == ""
    assert AuditEvent.objects.count() == AuditHead.objects.get().sequence == 20 * 5 + 20


@pytest.mark.django_db(transaction=True)
def test_issuing_denying_and_changing_one_team_at_once_never_deadlocks(alice, web, typed, cloud, settings):
    settings.TAT_CONCURRENT = 12
    teams.change(key="web", facts={"max_register_limit": 10}, reason="test", by="test")
    forms = [[typed(register_limit="11" if number % 4 == 3 else "10") for _ in range(3)] for number in range(12)]
    browsers = [browser_of(alice) for _ in forms]

    def act(number):
        if number % 4 == 2:
            return [
                teams.change(key="web", facts={"max_hours": 99 + n}, reason="t", by="t").max_hours for n in range(3)
            ]
        return [send(browsers[number], NEW, form).status_code for form in forms[number]]

    answers = at_once(12, act)

    assert answers == [{2: [99, 100, 101], 3: [422] * 3}.get(number % 4, [200] * 3) for number in range(12)]
    assert break_in_chain() == ""


@pytest.mark.django_db(transaction=True)
def test_moving_a_team_to_another_group_beside_writers_of_its_events_never_deadlocks(alice, web):
    def act(number):
        for step in range(10):
            if number == 0:
                teams.change(key="web", facts={"sso_group": f"group-{step}"}, reason="t", by="t")
            else:
                record(actor=alice, team=Team.objects.get(key="web"))

    at_once(4, act)

    assert break_in_chain() == ""
    assert Team.objects.get().sso_group == "group-9"


def test_every_attempt_is_chained_from_the_first_row(as_alice, typed, cloud):
    assert value_in(send(as_alice, NEW, typed()))
    cloud.fault("reset")
    send(as_alice, NEW, typed())

    assert [event.action for event in AuditEvent.objects.order_by("sequence")] == [
        *("code.requested", "code.issued", "code.requested", "code.unknown")
    ]
    assert break_in_chain() == ""
    assert AuditEvent.objects.order_by("sequence").first().previous_digest == ""


def test_names_stay_as_they_were_when_it_happened(as_alice, alice, web, typed, cloud):
    send(as_alice, NEW, typed())

    Team.objects.filter(pk=web.pk).update(name="Renamed")
    type(alice).objects.filter(pk=alice.pk).update(display_name="Renamed", username="renamed")

    event = AuditEvent.objects.select_related("register_code").first()
    assert (event.actor_name, event.team_name) == ("Alice Sample", "Web")
    assert (event.register_code.created_by_name, event.register_code.team_name) == ("Alice Sample", "Web")
    assert break_in_chain() == ""


@pytest.mark.django_db(transaction=True)
def test_each_event_is_one_log_line_with_its_digest(as_alice, typed, cloud, caplog):
    with caplog.at_level(logging.INFO, "registercodes.audit"):
        send(as_alice, NEW, typed())

    lines = [line for line in caplog.records if line.name == "registercodes.audit"]
    events = list(AuditEvent.objects.order_by("sequence"))
    assert [(line.getMessage(), line.sequence, line.digest) for line in lines] == [
        (event.action, event.sequence, event.digest) for event in events
    ]
    assert {line.request_id for line in lines} == {events[0].request_id} != {""}


# Floods.


def test_a_denial_is_noted_once_in_ten_minutes_and_the_rest_are_counted(alice, web):
    def deny(minutes):
        return audit.record_folded(
            Action.CODE_DENIED, actor=alice, team=web, reason="web:quota", now=AT + timedelta(minutes=minutes)
        )

    assert [deny(minutes) for minutes in (0, 1, 9.99, 10, 12, 30)] == [True, False, False, True, False, True]
    told = AuditEvent.objects.order_by("sequence").values_list("detail__repeats_before", flat=True)
    assert list(told) == [0, 2, 1]
    assert Fold.objects.get().repeats == 0


def test_another_person_or_reason_is_an_event_of_its_own(alice, bob, web):
    for actor, reason in [(alice, "one"), (alice, "two"), (bob, "one"), (alice, "one")]:
        audit.record_folded(Action.CODE_DENIED, actor=actor, team=web, reason=reason, now=AT)

    assert AuditEvent.objects.count() == 3


def test_a_replay_is_noted_once_however_often_it_comes(as_alice, typed, cloud):
    fields = typed()

    for _ in range(4):
        send(as_alice, NEW, fields)

    assert AuditEvent.objects.filter(action="code.replayed").count() == 1
    assert break_in_chain() == ""


# What must not happen.


def test_a_line_holds_all_that_its_digest_covers(web, alice, caplog, django_capture_on_commit_callbacks):
    code = a_code(team=web, person=alice, description="for the fleet", expires_at=timezone.now())
    detail = {"reason": ["a", 1]}
    with django_capture_on_commit_callbacks(execute=True), caplog.at_level(logging.INFO, "registercodes.audit"):
        audit.record(Action.CODE_ISSUED, Outcome.SUCCESS, code=code, actor=alice, detail=detail)

    [line] = [vars(line) for line in caplog.records if line.name == "registercodes.audit"]
    columns = {name: line[name] for name in audit.FORM_1 if name not in {"at", "chain"}}
    columns |= {"at": line["event_at"], "chain": line["chain_id"], "detail": json.loads(line["detail"])}
    assert audit.digest_of_form(audit.canonical_of(columns), key=keys.current()) == line["digest"]
    assert (line["description"], line["permanent"]) == ("for the fleet", False)


def test_what_is_rolled_back_leaves_no_event_no_gap_and_no_log_line(web, caplog, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True), caplog.at_level(logging.INFO, "registercodes.audit"):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            record(team=web)
            raise ZeroDivisionError
        record(team=web)

    assert AuditEvent.objects.get().sequence == 1
    assert [line.sequence for line in caplog.records if line.name == "registercodes.audit"] == [1]


def test_no_key_is_ever_shown():
    key = keys.current()

    for secret in (key.chain, key.fingerprint):
        assert repr(secret) not in repr(key) and secret.hex() not in f"{key}"


def test_asking_whose_record_it_is_costs_one_event_of_a_process_its_queries(web, settings, django_assert_num_queries):
    settings.TAT_ACCOUNT = "new to this process"
    Installation.objects.update(account=settings.TAT_ACCOUNT)
    with transaction.atomic():
        audit.lock_head()
        with django_assert_num_queries(1):
            audit.lock_head()
