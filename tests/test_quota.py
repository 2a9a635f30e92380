"""A team's codes per day are counted under its lock: never one too many, whoever presses at the same moment."""

from datetime import UTC, datetime, timedelta

import pytest
from cast import browser_of
from django.utils import timezone
from reading_pages import send, summary, text, typed_in, value_in
from records import a_code
from threads import at_once

from registercodes import policies
from registercodes.models import AuditEvent, RegisterCode, Team

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"


def allow(team, codes_per_day):
    Team.objects.filter(pk=team.pk).update(codes_per_day=codes_per_day)


@pytest.mark.django_db(transaction=True)
def test_eight_posts_at_once_against_a_quota_of_three_make_exactly_three(alice, web, typed, cloud, settings):
    allow(web, 3)
    settings.TAT_CONCURRENT = 8
    forms = [typed() for _ in range(8)]
    browsers = [browser_of(alice) for _ in forms]

    answers = at_once(8, lambda number: send(browsers[number], NEW, forms[number]))

    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [422] * 5
    assert len({value_in(answer) for answer in answers if answer.status_code == 200} - {""}) == 3
    assert len(cloud.calls("CreateRegisterCode")) == 3
    assert RegisterCode.objects.filter(state="issued").count() == RegisterCode.objects.count() == 3


@pytest.mark.parametrize("state", ["pending", "issued", "withheld", "unknown", "found"])
def test_what_exists_or_may_exist_counts(alice, web, state):
    a_code(team=web, person=alice, state=state)

    assert policies.used_today(web) == 1


@pytest.mark.parametrize("state", ["refused", "not_sent", "absent"])
def test_what_was_never_made_does_not_count(alice, web, state):
    a_code(team=web, person=alice, state=state)

    assert policies.used_today(web) == 0


def test_the_day_changes_at_midnight_utc(alice, web):
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    a_code(team=web, person=alice, created_at=datetime(2026, 11, 23, 23, 59, 59, 999_999, tzinfo=UTC))
    a_code(team=web, person=alice, created_at=datetime(2026, 11, 24, 0, 0, tzinfo=UTC))

    assert policies.used_today(web, now=noon) == 1
    assert policies.used_today(web, now=noon - timedelta(days=1)) == 2
    assert policies.used_today(web, now=noon.astimezone(tz=None)) == 1


@pytest.mark.parametrize(("quota", "left"), [(1, "0 of 1 code left today."), (2, "1 of 2 codes left today.")])
def test_what_is_left_is_told_before_anything_is_typed(as_alice, alice, web, quota, left):
    allow(web, quota)
    a_code(team=web, person=alice)

    assert left in text(as_alice.get(NEW))


def test_over_quota_is_denied_in_words_and_nothing_is_sent(as_alice, alice, web, typed, cloud):
    allow(web, 1)
    a_code(team=web, person=alice)

    answer = send(as_alice, NEW, typed())

    assert answer.status_code == 422
    assert summary(answer) == ["Your team's quota for today (1) is used up; the day changes at 00:00 UTC."]
    assert typed_in(answer, "description") == "webserver"
    assert cloud.calls() == []
    assert list(AuditEvent.objects.values_list("action", flat=True)) == ["code.denied"]
    assert AuditEvent.objects.get().detail["reason"] == "web:team.quota"


def test_a_quota_of_none_at_all_allows_nothing_and_no_quota_allows_everything(as_alice, web, typed, cloud):
    allow(web, 0)
    assert send(as_alice, NEW, typed()).status_code == 422
    allow(web, None)
    assert send(as_alice, NEW, typed()).status_code == 200


def test_a_refused_code_gives_its_place_back(as_alice, web, typed, cloud):
    allow(web, 1)
    cloud.fault("error", code="LimitExceeded")
    send(as_alice, NEW, typed())

    assert value_in(send(as_alice, NEW, typed()))


def test_an_unknown_code_keeps_its_place(as_alice, web, typed, cloud):
    allow(web, 1)
    cloud.fault("reset")
    send(as_alice, NEW, typed())

    assert send(as_alice, NEW, typed()).status_code == 422
    assert len(cloud.calls("CreateRegisterCode")) == 1


def test_another_teams_codes_never_count(as_alice, charlie, web, payments, typed, cloud):
    allow(web, 1)
    a_code(team=payments, person=charlie)

    assert policies.used_today(web) == 0
    assert value_in(send(as_alice, NEW, typed()))


def test_a_code_of_yesterday_never_counts_today(as_alice, alice, web, typed, cloud):
    allow(web, 1)
    a_code(team=web, person=alice, created_at=timezone.now() - timedelta(days=1))

    assert value_in(send(as_alice, NEW, typed()))
