"""Several codes disabled together: named first, every wish on record, one call per region, and each told its own end."""

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from reading_pages import heading, send, text
from records import a_code, break_in_chain
from syncs import HERE, actions, ago, created, sync
from test_database_away import Unwritable

from registercodes import closing
from registercodes.models import AuditEvent, Membership, RegisterCode

pytestmark = pytest.mark.django_db

PATH = "/codes/disable-several/"
DISABLE = "DisableRegisterCodes"


@pytest.fixture
def make(alice, web, cloud):
    """A code of team Web that the cloud has."""

    def make(region: str = HERE, **facts) -> RegisterCode:
        made = created(region=region)
        return a_code(**({"team": web, "person": alice, "region": region, "code_id": made.code_id} | facts))

    return make


def pairs(codes) -> list[tuple[str, str]]:
    return [("code", code.reference) for code in codes]


def press(client, *codes):
    return send(client, PATH, pairs(codes))


def calls(cloud) -> list[tuple[str, int]]:
    return [(call.region, len(call.parameters["RegisterCodeIds"])) for call in cloud.calls(DISABLE)]


def test_they_are_named_and_asked_for_in_words_first(as_alice, make, cloud):
    codes = [make(description=f"site {name}") for name in "AB"]

    page = as_alice.get(PATH, {"code": [code.reference for code in codes]})

    assert heading(page) == "Disable these 2 codes?"
    for said in ("site A", "site B", "Hosts already enrolled stay enrolled", "cannot be undone"):
        assert said in text(page)
    assert cloud.calls(DISABLE) == [] and not AuditEvent.objects.exists()


def test_one_call_per_region_disables_them_and_each_has_its_trail(as_alice, make, cloud):
    codes = [make(), make("ap-seoul"), make(), make("ap-seoul"), make()]

    page = press(as_alice, *codes)

    assert sorted(calls(cloud)) == [("ap-seoul", 2), (HERE, 3)]
    assert (page.status_code, heading(page)) == (200, "Disabled")
    for code in codes:
        assert cloud.code(code.code_id).Enabled is False
        assert actions(code) == ["code.disable_requested", "code.disabled"]
        assert [event.actor.username for event in code.events.all()] == ["alice", "alice"]
    assert break_in_chain() == ""


def test_a_region_that_fails_is_told_for_its_codes_and_spares_the_others(as_alice, make, cloud):
    ours, theirs = make(), make("ap-seoul")
    cloud.fault("error", code="UnauthorizedOperation", action=DISABLE, times=1)

    page = text(press(as_alice, theirs, ours))

    left = theirs if theirs.reference in page.partition("Not yet")[0].rpartition("<li>")[2] else ours
    other = ours if left == theirs else theirs
    assert page.count("Not yet") == 1 and "UnauthorizedOperation" in page
    assert cloud.code(other.code_id).Enabled is False and cloud.code(left.code_id).Enabled is True
    left.refresh_from_db()
    assert left.disable_wanted_at and not left.disabled_at
    assert "still admits hosts" in page and "asks again at each sync" in page


def test_one_that_the_cloud_no_longer_has_spoils_nothing_for_the_others(as_alice, make, cloud, alice, web):
    codes = [make(), a_code(team=web, person=alice, region=HERE), make()]
    sync()  # which sees the others: it is the right account

    page = press(as_alice, *codes)

    assert heading(page) == "Disabled"
    assert all(RegisterCode.objects.get(pk=code.pk).disabled_at for code in codes)
    assert codes[1].events.get(action="code.disabled").detail == {"was_gone": True}
    assert "The cloud no longer had it" in text(as_alice.get(f"/codes/{codes[1].reference}/"))


def test_those_closed_before_or_never_made_are_said_and_asked_of_nobody(as_alice, make, alice, web, cloud):
    live, refused = make(), a_code(team=web, person=alice, state="refused")
    closed = make(disable_wanted_at=ago(minutes=1), disabled_at=ago(minutes=1))

    page = text(press(as_alice, live, refused, closed))

    assert "Disabled before" in page and "Nothing to disable" in page
    assert calls(cloud) == [(HERE, 1)] and actions(closed) == []


def test_pressing_twice_is_fine(as_alice, make, cloud):
    codes = [make(), make()]
    press(as_alice, *codes)

    page = press(as_alice, *codes)

    assert (page.status_code, text(page).count("Disabled before")) == (200, 2)
    assert len(calls(cloud)) == 1


def test_with_nothing_ticked_it_says_so(as_alice, cloud):
    for page in (as_alice.get(PATH), send(as_alice, PATH, [])):
        assert (page.status_code, heading(page)) == (200, "Nothing to disable")


def test_the_list_offers_only_what_can_be_disabled(as_alice, make, alice, web):
    live, closed = make(), make(disable_wanted_at=ago(minutes=1), disabled_at=ago(minutes=1))

    page = text(as_alice.get("/"))

    assert f'name="code" value="{live.reference}"' in page and f'name="code" value="{closed.reference}"' not in page


def test_a_stalled_cloud_is_waited_for_no_longer_than_a_page_may_take(as_alice, make, cloud, settings, monkeypatch):
    monkeypatch.setattr(closing, "SECONDS", 1.0)
    settings.TAT_DEADLINE = 2
    cloud.fault("stall", action=DISABLE, seconds=30, times=None)

    page = press(as_alice, make(), make("ap-seoul"), make("ap-tokyo"))

    assert text(page).count("Not yet") == 3 and len(calls(cloud)) == 1
    assert RegisterCode.objects.filter(disable_wanted_at__isnull=False).count() == 3


# What must not happen.


def test_more_than_one_call_takes_are_refused_whole(as_alice, make, cloud):
    page = send(
        as_alice, PATH, [("code", f"aaa{number:04}".translate(str.maketrans("0189", "bcde"))) for number in range(100)]
    )

    assert (page.status_code, heading(page)) == (422, "Too many at once")
    assert cloud.calls(DISABLE) == []


@pytest.mark.parametrize("other", ["zzzzzzz", "x", "../../x", "' OR 1=1", "ZZZZZZZ"])
def test_one_that_does_not_exist_leaves_all_as_they_are(as_alice, make, cloud, other):
    code = make()

    assert send(as_alice, PATH, [*pairs([code]), ("code", other)]).status_code == 404
    assert cloud.calls(DISABLE) == [] and actions(code) == []


def test_another_teams_code_among_ones_own_leaves_all_as_they_are(as_charlie, charlie, payments, make, cloud):
    theirs, ours = make(), make(team=payments, person=charlie)

    answers = [press(as_charlie, ours, theirs), as_charlie.get(PATH, {"code": [ours.reference, theirs.reference]})]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert cloud.calls(DISABLE) == [] and actions(ours) == actions(theirs) == []


def test_an_auditor_closes_nothing_and_an_administrator_of_any_team(as_dora, as_erin, make, cloud):
    code = make()

    assert press(as_dora, code).status_code == 403
    assert cloud.calls(DISABLE) == []
    assert press(as_erin, code).status_code == 200
    assert cloud.code(code.code_id).Enabled is False


def test_who_left_the_team_after_ticking_closes_nothing(as_alice, alice, make, cloud):
    code = make()
    as_alice.get(PATH, {"code": code.reference})
    Membership.objects.filter(user=alice).update(checked_at=timezone.now() - timezone.timedelta(days=40))

    assert press(as_alice, code).status_code == 403
    assert cloud.calls(DISABLE) == []


def test_a_look_changes_nothing(as_alice, make, cloud):
    code = make()

    as_alice.get(PATH, {"code": code.reference})

    code.refresh_from_db()
    assert code.disable_wanted_at is None and cloud.calls(DISABLE) == []


def test_while_nothing_can_be_written_the_cloud_is_not_asked(as_alice, make, cloud):
    codes = [make(), make()]
    with connection.execute_wrapper(Unwritable(OperationalError)):
        page = press(as_alice, *codes)

    assert page.status_code == 503 and "the codes still admit hosts" in text(page)
    assert cloud.calls(DISABLE) == []
