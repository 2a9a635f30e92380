"""Which codes hosts can enrol with now, in SQL: exactly those whose state on the card admits hosts."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from records import a_code
from test_lists import told
from test_states import AS_OF, NOW, OURS, TABLE, THEIRS

from registercodes import admitting, overview, states
from registercodes.models import RegisterCode, SyncRun, UpstreamCode

pytestmark = pytest.mark.django_db
ADMITTING = {str(state) for state in states.ADMITTING}


def usable() -> list[RegisterCode]:
    return [code for found in admitting.at(NOW).usable for code in RegisterCode.objects.filter(found)]


@pytest.mark.parametrize("case", TABLE)
def test_a_code_is_counted_when_its_card_says_that_it_admits_hosts(alice, web, case):
    ours, theirs, state, _ = TABLE[case]
    code = a_code(team=web, person=alice, **(OURS | ours))
    if theirs is not None:
        told(code, **(THEIRS | theirs))

    expected = [code] if state in ADMITTING else []
    assert usable() == expected
    assert [line.codes for line in overview.still_open(admitting.at(NOW))] == [1] * len(expected)


def test_the_table_has_both_kinds():
    kinds = [state in ADMITTING for _, theirs, state, _ in TABLE.values() if theirs is not None]
    assert kinds.count(True) > 5 and kinds.count(False) > 5


@pytest.mark.parametrize(
    ("theirs", "uses"),
    [
        (None, 10),
        ({"registered_count": 3}, 7),
        ({"registered_count": 3, "register_limit": 5}, 2),
        ({"registered_count": 3, "register_limit": None}, 7),
        ({"registered_count": None}, 10),
    ],
)
def test_uses_are_the_clouds_limit_less_its_count(alice, web, theirs, uses):
    code = a_code(team=web, person=alice, **OURS)
    if theirs is not None:
        told(code, **(THEIRS | theirs))

    assert [line.uses for line in overview.still_open(admitting.at(NOW))] == [uses]


@pytest.mark.parametrize(("settled", "counts"), [(61, False), (60, True), (-5, True)])
def test_a_code_that_no_whole_pass_has_seen_counts_as_on_its_card(alice, web, settled, counts):
    code = a_code(team=web, person=alice, **(OURS | {"settled_at": AS_OF - timedelta(seconds=settled)}))
    for region, at in ((code.region, AS_OF), ("eu-frankfurt", NOW + timedelta(hours=1))):
        SyncRun.objects.create(account=code.account, region=region, started_at=at, complete=True)
    later = NOW + timedelta(hours=1)
    SyncRun.objects.create(account=code.account, region=code.region, started_at=later, complete=False)

    assert usable() == ([code] if counts else [])


def test_a_code_of_another_account_or_region_is_not_taken_for_ours(alice, web):
    code = a_code(team=web, person=alice, **OURS)
    other = a_code(team=web, person=alice, **(OURS | {"region": "eu-frankfurt", "code_id": code.code_id}))
    told(other, **(THEIRS | {"gone_at": NOW}))

    assert usable() == [code]


def test_what_another_account_says_of_the_same_id_is_of_another_code(alice, web):
    code = a_code(team=web, person=alice, **OURS)
    told(code, **(THEIRS | {"registered_count": 3, "enabled": False}))
    UpstreamCode.objects.update(account="another")
    SyncRun.objects.all().delete()

    assert usable() == [code]
    assert [(line.codes, line.uses) for line in overview.still_open(admitting.at(NOW))] == [(1, 10)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL's planner goes by how many rows there are")
def test_what_is_counted_is_read_from_indexes_alone(alice, web):
    with CaptureQueriesContext(connection) as asked:
        overview.still_open(admitting.at(NOW))
    with connection.cursor() as cursor:
        counting = next(one["sql"] for one in asked if "UNION ALL" in one["sql"])
        cursor.execute("EXPLAIN QUERY PLAN " + counting)
        steps = [step for *_, step in cursor.fetchall() if step.startswith(("SEARCH", "SCAN"))]
    assert any("upstream_there" in step for step in steps)
    assert [step for step in steps if "COVERING INDEX" not in step] == []
