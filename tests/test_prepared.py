"""A read whose SQL is built once answers as the queryset would, each time anew, and refuses what it cannot say."""

import gc
import threading
import uuid
import weakref
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField, F, UUIDField
from django.db.models.sql.compiler import SQLCompiler
from django.test.utils import CaptureQueriesContext
from records import a_code
from threads import at_once

from registercodes.models import Membership, RegisterCode, Team
from registercodes.prepared import Given, Prepared, PreparedUpdate, insert

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)


@Prepared
def members_since():
    return Membership.objects.filter(
        team__key=Given("key", CharField()), checked_at__gte=Given("since", DateTimeField())
    ).order_by("user_id")


def test_each_run_answers_for_what_it_is_given(web, payments, alice, bob, charlie):
    for number, person in enumerate([alice, bob, charlie]):
        Membership.objects.filter(user=person).update(checked_at=NOON + timedelta(microseconds=number))
    moments = [NOON + timedelta(microseconds=number) for number in (-1, 0, 1, 2, 3)]
    for key in ("web", "payments", "web' OR '1'='1", "100%s"):
        for since in moments:
            asked = Membership.objects.filter(team__key=key, checked_at__gte=since).order_by("user_id")
            found = members_since(key=key, since=since)
            assert found == list(asked)
            assert [one.checked_at for one in found] == [one.checked_at for one in asked]


def test_instances_have_what_a_queryset_gives_them(web, alice):
    web.allowed_networks = ["10.0.0.0/8"]
    web.save()
    prepared = Prepared(
        lambda: Team.objects.annotate(seen_at=F("memberships__checked_at")).filter(pk=Given("pk", BigIntegerField()))
    )
    [team] = prepared(pk=web.pk)
    assert team == web
    assert (team.allowed_networks, team.created_at, team.active) == (["10.0.0.0/8"], web.created_at, True)
    assert team.seen_at == Membership.objects.get().checked_at
    assert not team._state.adding
    team.name = "Renamed"
    team.save()
    assert prepared(pk=web.pk)[0].name == "Renamed"


def test_a_row_of_values_is_a_tuple_of_python_values(web, alice):
    code = a_code(team=web, person=alice)
    prepared = Prepared(
        lambda: RegisterCode.objects.filter(submission=Given("submission", UUIDField())).values_list(
            "submission", "created_at", "permanent"
        )
    )
    assert prepared(submission=code.submission) == [(code.submission, code.created_at, code.permanent)]
    assert prepared(submission=uuid.uuid4()) == []


def test_the_sql_is_built_on_the_first_run_only(web, monkeypatch, django_assert_num_queries):
    built = []
    whole = SQLCompiler.as_sql
    monkeypatch.setattr(
        SQLCompiler, "as_sql", lambda self, *rest, **more: built.append(1) or whole(self, *rest, **more)
    )
    prepared = Prepared(lambda: Team.objects.filter(key=Given("key", CharField())))
    assert built == []
    with django_assert_num_queries(3):
        assert [len(prepared(key=key)) for key in ("web", "none", "web")] == [1, 0, 1]
    assert built == [1]


@pytest.mark.django_db(transaction=True)
def test_threads_that_come_first_together_are_all_answered(web):
    prepared = Prepared(lambda: Team.objects.filter(key=Given("key", CharField())))
    keys = ["web", "none"] * 4
    assert at_once(8, lambda number: len(prepared(key=keys[number]))) == [1, 0] * 4


def test_none_is_refused_since_it_would_find_nothing(web):
    with pytest.raises(ValueError, match="since"):
        members_since(key="web", since=None)


def test_a_value_that_is_not_given_is_named(web):
    with pytest.raises(KeyError, match="since"):
        members_since(key="web")


@pytest.mark.parametrize(
    "build",
    [
        lambda: Membership.objects.select_related("team"),
        lambda: Team.objects.values("key"),
        lambda: Team.objects.values_list("key", flat=True),
    ],
)
def test_what_it_would_give_otherwise_than_the_queryset_is_refused(build):
    with pytest.raises(NotImplementedError, match="instances of one model, or tuples"):
        Prepared(build)()


@pytest.mark.django_db(transaction=True)
def test_the_connection_of_whoever_came_first_is_not_kept(web):
    prepared = Prepared(lambda: Team.objects.filter(key=Given("key", CharField())))
    of_another_thread = []

    def first():
        prepared(key="web")
        of_another_thread.append(weakref.ref(connections["default"]))
        connections.close_all()

    thread = threading.Thread(target=first)
    thread.start()
    thread.join()
    gc.collect()
    assert of_another_thread[0]() is None
    assert [team.created_at for team in prepared(key="web")] == [web.created_at]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite locks no row")
def test_a_lock_is_in_it(web):
    prepared = Prepared(lambda: Team.objects.filter(pk=Given("pk", BigIntegerField())).select_for_update(no_key=True))
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        prepared(pk=web.pk)
    assert asked[0]["sql"].endswith("FOR NO KEY UPDATE")


@pytest.mark.django_db(transaction=True)
def test_a_lock_outside_a_transaction_is_refused_each_time(web):
    prepared = Prepared(lambda: Team.objects.filter(pk=Given("pk", BigIntegerField())).select_for_update(no_key=True))
    with transaction.atomic():
        assert prepared(pk=web.pk) == [web]
    for _ in range(2):
        with pytest.raises(transaction.TransactionManagementError):
            prepared(pk=web.pk)


# Writes.


@PreparedUpdate
def checked_by():
    members = Membership.objects.filter(
        team__key=Given("key", CharField()), checked_at__lt=Given("at", DateTimeField())
    )
    return members, ["checked_at"]


@PreparedUpdate
def settled():
    return RegisterCode.objects.filter(pk=Given("pk", BigIntegerField()), state="pending"), ["state", "settled_at"]


def test_an_update_sets_what_it_is_given_in_the_rows_it_is_for_and_counts_them(web, alice, bob):
    first, second = (a_code(team=web, person=one, state="pending") for one in (alice, bob))
    assert settled(pk=first.pk, state="unknown", settled_at=NOON) == 1
    assert settled(pk=first.pk, state="refused", settled_at=NOON) == 0
    assert list(RegisterCode.objects.order_by("pk").values_list("state", "settled_at")) == [
        ("unknown", NOON),
        ("pending", None),
    ]
    assert settled(pk=second.pk, state="unknown", settled_at=None) == 1
    second.refresh_from_db()
    assert (second.state, second.settled_at) == ("unknown", None)


def test_an_update_lacking_a_column_names_it(web, alice):
    with pytest.raises(KeyError, match="settled_at"):
        settled(pk=a_code(team=web, person=alice, state="pending").pk, state="unknown")


def test_an_update_given_a_column_it_does_not_have_refuses_it(web, alice):
    code = a_code(team=web, person=alice, state="pending")
    with pytest.raises(TypeError, match="would not be written: reason"):
        settled(pk=code.pk, state="unknown", settled_at=NOON, reason="timeout")
    code.refresh_from_db()
    assert code.state == "pending"


def test_after_a_failed_write_the_transaction_around_is_rolled_back(web):
    with pytest.raises(transaction.TransactionManagementError), transaction.atomic():
        try:
            insert(Team(key="web", sso_group="another", name="Another"))
        except IntegrityError:
            Team.objects.count()


def test_an_update_is_for_one_table(web):
    with pytest.raises(NotImplementedError, match="one table"):
        checked_by(key="web", at=NOON, checked_at=NOON)


def test_an_inserted_row_is_as_a_saved_one(web, payments):
    def a_team(key: str) -> Team:
        return Team(
            key=key, sso_group=key, name="Über", allowed_networks=["10.0.0.0/8"], regions=[], codes_per_day=None
        )

    saved, inserted = a_team("saved"), a_team("inserted")
    saved.save(force_insert=True)
    insert(inserted)
    assert inserted.pk == saved.pk + 1
    assert not inserted._state.adding
    of_row = {field.attname for field in Team._meta.concrete_fields} - {"id", "key", "sso_group", "created_at"}
    for name in of_row:
        assert getattr(Team.objects.get(key="inserted"), name) == getattr(Team.objects.get(key="saved"), name), name
    inserted.name = "Renamed"
    inserted.save()
    assert Team.objects.get(pk=inserted.pk).name == "Renamed"


def test_a_second_insert_of_what_may_be_there_once_is_refused(web):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Team(key="web", sso_group="another", name="Another"))
    assert Team.objects.count() == 1
