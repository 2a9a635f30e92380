"""Who was left in doubt is told on the next page, once per page, until the note is put away; reading changes nothing."""

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from reading_pages import send, text, value_in
from records import a_code
from syncs import ago

from portal.sso.models import User
from registercodes import telling
from registercodes.models import Membership, RegisterCode

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
OLD = {"created_at": ago(minutes=5), "settled_at": ago(minutes=5)}
FOUND = OLD | {"state": "found", "disable_wanted_at": ago(minutes=1), "disabled_at": ago(minutes=1)}
# What there is of the person's, what the note begins with, and what it offers.
TOLD = {
    "found": (FOUND, "Found and disabled:", "Replace it"),
    "absent": (OLD | {"state": "absent"}, "Never made:", "Ask again"),
    "unconfirmed": (OLD, "Not confirmed:", "Replace it"),
}
NOT_TOLD = {
    "confirmed": OLD | {"confirmed_at": ago(minutes=1)},
    "wanted disabled": OLD | {"disable_wanted_at": ago(minutes=1)},
    "over": OLD | {"expires_at": ago(seconds=1)},
    "unknown": OLD | {"state": "unknown"},
    "refused": OLD | {"state": "refused"},
    "put away": FOUND | {"told_at": ago(minutes=1)},
}


def notes(client, path="/") -> str:
    page = text(client.get(path))
    return page.partition('<section class="told')[2].partition("</section>")[0]


@pytest.mark.parametrize("case", TOLD)
def test_the_next_page_tells_and_offers_what_to_do(as_alice, alice, web, case):
    facts, begins, offers = TOLD[case]
    code = a_code(team=web, person=alice, **facts)

    for path in ("/", NEW, "/nowhere/"):
        told = notes(as_alice, path)
        assert begins in told and offers in told and code.reference in told
        assert f"/codes/{code.reference}/replace/" in told


@pytest.mark.parametrize("case", NOT_TOLD)
def test_what_needs_nobody_is_not_told(as_alice, alice, web, case):
    a_code(team=web, person=alice, **NOT_TOLD[case])

    assert notes(as_alice) == ""


def test_while_the_page_with_the_value_may_still_be_open_nothing_is_told(as_alice, alice, web):
    a_code(team=web, person=alice, created_at=ago(seconds=100))

    assert notes(as_alice) == ""


@pytest.mark.parametrize("case", TOLD)
def test_it_is_told_to_who_asked_and_to_nobody_else(as_bob, as_charlie, as_erin, alice, web, case):
    a_code(team=web, person=alice, **TOLD[case][0])

    for client in (as_bob, as_charlie, as_erin):
        assert notes(client) == ""


@pytest.mark.parametrize("case", TOLD)
def test_putting_it_away_is_a_press_and_lasts(as_alice, alice, web, case):
    code = a_code(team=web, person=alice, **TOLD[case][0])

    assert as_alice.post(f"/codes/{code.reference}/told/")["Location"] == "/"

    assert notes(as_alice) == ""
    assert not code.events.exists()


def test_what_was_told_as_never_made_and_then_turned_up_is_told_again(as_alice, alice, web):
    facts = FOUND | {"told_at": ago(minutes=4), "settled_at": ago(minutes=2)}
    a_code(team=web, person=alice, **facts)

    assert "Found and disabled:" in notes(as_alice)


def test_confirming_and_replacing_end_it_too(as_alice, alice, web):
    stored, lost = a_code(team=web, person=alice, **OLD), a_code(team=web, person=alice, **OLD)
    as_alice.post(f"/codes/{stored.reference}/stored/")
    a_code(team=web, person=alice, replaces=lost)

    assert notes(as_alice) == ""


def test_at_most_three_at_a_time_newest_first(as_alice, alice, web):
    codes = [a_code(team=web, person=alice, **OLD) for _ in range(5)]

    told = notes(as_alice)

    assert [code.reference in told for code in codes] == [False, False, True, True, True]


def test_the_card_of_the_code_itself_says_it_once(as_alice, alice, web):
    code = a_code(team=web, person=alice, **OLD)

    assert "Not confirmed:" not in notes(as_alice, f"/codes/{code.reference}/")


def test_it_costs_one_statement_however_many(as_alice, alice, web):
    def asked() -> int:
        with CaptureQueriesContext(connection) as captured:
            as_alice.get(NEW)
        return sum("told_at" in query["sql"] and "LIMIT 3" in query["sql"] for query in captured.captured_queries)

    assert asked() == 1
    for _ in range(6):
        a_code(team=web, person=alice, **FOUND)
    assert asked() == 1


def test_without_the_right_to_create_it_offers_no_replacement(as_alice, alice, web):
    a_code(team=web, person=alice, **FOUND)
    type(web).objects.update(active=False)

    told = notes(as_alice)

    assert "Found and disabled:" in told and "Replace it" not in told


# What must not happen.


def test_reading_marks_nothing_as_told(as_alice, alice, web):
    code = a_code(team=web, person=alice, **FOUND)

    as_alice.get("/")
    as_alice.get(f"/codes/{code.reference}/told/")

    code.refresh_from_db()
    assert code.told_at is None and "Found and disabled:" in notes(as_alice)


def test_nobody_puts_away_what_is_told_to_somebody_else(as_bob, as_charlie, as_erin, alice, web):
    code = a_code(team=web, person=alice, **FOUND)

    answers = [client.post(f"/codes/{code.reference}/told/").status_code for client in (as_bob, as_charlie, as_erin)]

    code.refresh_from_db()
    assert answers == [403, 404, 403] and code.told_at is None


def test_who_left_the_team_is_told_nothing_of_it(as_alice, alice, web, payments):
    a_code(team=web, person=alice, **FOUND)
    Membership.objects.filter(user=alice).update(team=payments)

    assert notes(as_alice) == ""


def test_beside_a_value_nothing_is_told_and_nothing_is_asked(as_alice, alice, web, typed, cloud):
    a_code(team=web, person=alice, **FOUND)

    page = send(as_alice, NEW, typed())

    assert value_in(page) and '<section class="told' not in text(page)


def test_a_database_that_is_away_costs_the_note_and_not_the_page(alice, web):
    def away(execute, sql, params, many, context):
        raise OperationalError("gone")

    a_code(team=web, person=alice, **FOUND)
    read = telling.notes_for(alice)
    with connection.execute_wrapper(away):
        assert read() == []
    assert RegisterCode.objects.count() == 1


def test_of_a_team_that_one_was_not_seen_in_for_long_nothing_is_told(as_alice, alice, web, settings):
    a_code(team=web, person=alice, **OLD)
    assert notes(as_alice)

    Membership.objects.filter(user=alice).update(checked_at=ago(days=settings.MEMBERSHIP_DAYS, minutes=1))
    assert telling.notes_for(User.objects.get(pk=alice.pk))() == []
