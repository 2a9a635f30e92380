"""Regions are synced one after the other, that whose turn was longest ago first, however a turn ended."""

import pytest
from records import a_code
from syncs import ago, ahead

from registercodes import syncing
from registercodes.models import SyncLease

pytestmark = pytest.mark.django_db

FIRST, SECOND, THIRD = REGIONS = ["ap-singapore", "eu-frankfurt", "ap-hongkong"]
DESCRIBE = "DescribeRegisterCodes"


@pytest.fixture(autouse=True)
def _a_cloud_of_its_own(sandbox, point_at, settings):
    sandbox.set_limits(rate=0)
    point_at(sandbox.url)
    settings.TAT_RATE = 1000
    settings.TAT_REGIONS = REGIONS


def had(region: str, at) -> None:
    SyncLease.objects.create(account="default", region=region, holder="x", expires_at=at)


def test_regions_that_nobody_had_yet_keep_the_order_of_the_configuration():
    assert [synced.region for synced in syncing.sync()] == REGIONS


def test_the_one_whose_turn_was_longest_ago_is_first_and_a_new_one_before_it():
    had(FIRST, ago(minutes=1))
    had(SECOND, ago(minutes=9))
    assert [synced.region for synced in syncing.sync()] == [THIRD, SECOND, FIRST]


def test_a_run_that_is_ended_in_a_slow_region_leaves_the_first_turns_to_the_others():
    run = syncing.sync()
    next(run)
    run.close()
    assert [synced.region for synced in syncing.sync()] == [SECOND, THIRD, FIRST]


def test_a_region_in_which_a_run_was_killed_comes_after_those_it_never_reached():
    had(FIRST, ahead(seconds=60))
    assert syncing.regions() == [SECOND, THIRD, FIRST]


def test_a_region_that_fails_before_its_first_page_had_its_turn_too(sandbox):
    sandbox.fault("error", code="UnsupportedRegion", action=DESCRIBE)
    run = syncing.sync()
    assert next(run).why_not == "UnsupportedRegion"
    run.close()
    assert syncing.regions() == [SECOND, THIRD, FIRST]


# What must not happen.


def test_no_region_is_left_out_or_taken_twice(alice, web):
    a_code(team=web, person=alice, region="ap-seoul", code_id="a")
    a_code(team=web, person=alice, region=FIRST, code_id="b")
    had(SECOND, ago(minutes=1))
    had("sa-saopaulo", ago(minutes=5))  # synced once by name, and none of ours
    assert syncing.regions() == [FIRST, THIRD, "ap-seoul", SECOND]


def test_regions_asked_for_by_name_keep_the_order_asked_for():
    had(THIRD, ago(minutes=9))
    assert [synced.region for synced in syncing.sync([FIRST, THIRD])] == [FIRST, THIRD]


def test_turns_under_another_account_do_not_count():
    SyncLease.objects.create(account="other", region=FIRST, holder="x", expires_at=ago(minutes=1))
    assert syncing.regions() == REGIONS
