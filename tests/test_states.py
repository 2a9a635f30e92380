"""In which state a code is, for people: a literal table over our record, what the cloud said, and the time."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reading_pages import send, text
from records import a_code
from syncs import HERE, ahead, created, made_elsewhere, sync

from registercodes import cloud as clouds
from registercodes import facts, states, wording
from registercodes.models import RegisterCode
from registercodes.states import Honest, State

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
AS_OF = NOW - timedelta(minutes=1)
MADE = NOW - timedelta(hours=2)


def hours(number: float) -> datetime:
    return NOW + timedelta(hours=number)


OURS = {
    "state": "issued",
    "created_at": MADE,
    "settled_at": MADE,
    "expires_at": hours(2),
    "confirmed_at": MADE,
    "disable_wanted_at": None,
    "disabled_at": None,
    "register_limit": 10,
}
THEIRS = {"register_limit": 10, "registered_count": 3, "enabled": True, "expires_at": hours(2), "gone_at": None}
WANTED = {"disable_wanted_at": NOW}
CLOSED = {"disable_wanted_at": NOW, "disabled_at": NOW}
LOST = {"confirmed_at": None}
PERMANENT = {"expires_at": None}

# what differs in our record, what the cloud says (None: nothing), the state, and whether the cloud is its witness.
TABLE = {
    # By our record alone.
    "active": ({}, None, "active", False),
    "permanent": (PERMANENT, None, "active", False),
    "a quarter of its life is left": ({"expires_at": hours(0.6)}, None, "expires_soon", False),
    "a day of its year is left": ({"created_at": hours(-8760), "expires_at": hours(23)}, None, "expires_soon", False),
    "two days of its year are left": ({"created_at": hours(-8760), "expires_at": hours(48)}, None, "active", False),
    "its time is over": ({"expires_at": NOW}, None, "expired", False),
    "its time is over, though unconfirmed": (LOST | {"expires_at": NOW}, None, "expired", False),
    "its time is over, though wanted disabled": (WANTED | {"expires_at": NOW}, None, "expired", False),
    "unconfirmed": (LOST, None, "unconfirmed", False),
    "unconfirmed and soon over": (LOST | {"expires_at": hours(0.1)}, None, "unconfirmed", False),
    "wanted disabled": (WANTED, None, "disabling", False),
    "disabled": (CLOSED, None, "disabled", False),
    "pending": ({"state": "pending", "created_at": NOW - timedelta(seconds=45)}, None, "still_working", False),
    "pending too long": ({"state": "pending", "created_at": NOW - timedelta(seconds=46)}, None, "unknown", False),
    "unknown": ({"state": "unknown"}, None, "unknown", False),
    "refused": ({"state": "refused"}, None, "refused", False),
    "not sent": ({"state": "not_sent"}, None, "not_sent", False),
    "absent": ({"state": "absent"}, None, "absent", False),
    "withheld": ({"state": "withheld", **WANTED}, None, "withheld", False),
    "withheld and disabled": ({"state": "withheld", **CLOSED}, None, "withheld", False),
    "found": ({"state": "found", **CLOSED}, None, "found", False),
    "found, and the cloud has not agreed": ({"state": "found", **WANTED}, None, "disabling", False),
    "found, and its time is over": ({"state": "found", **WANTED, "expires_at": NOW}, None, "found", False),
    # With what the cloud says.
    "in use": ({}, {}, "active", True),
    "permanent, no end told": (PERMANENT, {"expires_at": None}, "active", True),
    "permanent, a far end told": (PERMANENT, {"expires_at": hours(876_000)}, "active", True),
    "the cloud's end is later than ours": ({"expires_at": NOW}, {"expires_at": hours(1)}, "active", True),
    "the cloud's end is earlier than ours": ({}, {"expires_at": NOW}, "expired", True),
    "expired, not enabled": ({}, {"expires_at": NOW, "enabled": False}, "expired", True),
    "used up": ({}, {"registered_count": 10}, "used_up", True),
    "used up, not enabled": ({}, {"registered_count": 10, "enabled": False}, "used_up", True),
    "used up beyond its limit": ({}, {"registered_count": 11}, "used_up", True),
    "used up by our limit, theirs untold": ({}, {"registered_count": 10, "register_limit": None}, "used_up", True),
    "use untold": ({}, {"registered_count": None, "enabled": None}, "active", True),
    "used up and unconfirmed": (LOST, {"registered_count": 10}, "used_up", True),
    "used up, wanted disabled": (WANTED, {"registered_count": 10}, "disabling", False),
    "unconfirmed, seen": (LOST, {}, "unconfirmed", True),
    "soon over, seen": ({"expires_at": hours(0.5)}, {"expires_at": hours(0.5)}, "expires_soon", True),
    "wanted, still enabled": (WANTED, {}, "disabling", False),
    "wanted, not enabled": (WANTED, {"enabled": False}, "disabling", False),
    "disabled by us, last seen enabled": (CLOSED, {"enabled": True}, "disabled", False),
    "gone": ({}, {"gone_at": NOW}, "deleted_upstream", True),
    "gone, disabled before": (CLOSED, {"gone_at": NOW}, "deleted_upstream", True),
    "gone, expired before": ({"expires_at": NOW}, {"gone_at": NOW}, "deleted_upstream", True),
    "gone, found": ({"state": "found", **WANTED}, {"gone_at": NOW}, "found", False),
    "gone, withheld": ({"state": "withheld", **CLOSED}, {"gone_at": NOW}, "withheld", False),
}


def decided(ours, theirs, *, as_of=AS_OF) -> Honest:
    upstream = None if theirs is None else SimpleNamespace(**THEIRS | theirs)
    code = SimpleNamespace(**OURS | ours)
    return states.state_of(code, upstream=upstream, as_of=as_of if upstream else None, now=NOW)


@pytest.mark.parametrize("case", TABLE)
def test_the_state_of_a_code(case):
    ours, theirs, state, by_the_cloud = TABLE[case]
    assert decided(ours, theirs) == Honest(State(state), AS_OF if by_the_cloud else None)


def test_the_table_has_every_state():
    assert {state for _, _, state, _ in TABLE.values()} == set(State)


def test_not_enabled_without_a_reason_is_said_as_the_clouds_word_and_not_as_somebodys_deed():
    found = decided({}, {"enabled": False})
    assert found == Honest(State.DISABLED, AS_OF, by_us=False)
    shown = wording.shown_state(found, disabled=False)
    assert (shown.label, shown.as_of) == ("Not enabled", AS_OF)
    assert "It was not disabled here" in shown.explained


@pytest.mark.parametrize(("settled", "state"), [(61, "deleted_upstream"), (60, "active"), (-5, "active")])
def test_a_code_that_was_never_seen_is_gone_when_a_whole_pass_began_a_minute_after_it(settled, state):
    code = SimpleNamespace(**OURS | {"settled_at": AS_OF - timedelta(seconds=settled)})
    assert states.state_of(code, as_of=AS_OF, now=NOW).state == state


@pytest.mark.parametrize("state", State)
def test_every_state_has_words(state):
    shown = wording.shown_state(Honest(state), disabled=False)
    assert shown.label and shown.explained and shown.tone in {"ok", "busy", "warn", "bad", "idle"}


# From the sandbox to the page.


@pytest.fixture
def issued(as_alice, typed, sandbox, point_at, settings):
    sandbox.set_limits(rate=0)
    point_at(sandbox.url)
    settings.TAT_RATE = 1000
    send(as_alice, "/teams/web/codes/new/", typed(register_limit="1", ip_address_range=""))
    RegisterCode.objects.update(confirmed_at=timezone.now())
    return RegisterCode.objects.get()


def shown(as_alice, code) -> str:
    card, home = (text(as_alice.get(path)) for path in (f"/codes/{code.reference}/", "/"))
    label = card.split('class="state"')[1].split(">")[2].partition("<")[0]
    assert f">{label}</span>" in home
    assert ("as of" in card) == ("as of" in home)
    return label + (" as of" if "as of" in card else "")


@pytest.mark.django_db
def test_pages_show_what_the_cloud_said_and_as_of_when(as_alice, issued):
    assert shown(as_alice, issued) == "Active"
    sync()
    assert shown(as_alice, issued) == "Active as of"
    clouds.client().disable_register_codes(region=HERE, code_ids=[issued.code_id], trace_id="t")
    sync()
    assert shown(as_alice, issued) == "Not enabled as of"
    clouds.client().delete_register_codes(region=HERE, code_ids=[issued.code_id], trace_id="t")
    sync()
    assert shown(as_alice, issued) == "Deleted upstream as of"


@pytest.mark.django_db
def test_a_code_goes_from_active_to_used_up(as_alice, alice, web, issued, sandbox):
    made = created(RegisterLimit=1)
    code = a_code(team=web, person=alice, code_id=made.code_id, register_limit=1, confirmed_at=timezone.now())
    sync()
    assert shown(as_alice, code) == "Active as of"
    sandbox.register_host(HERE, made.code_id, made.value.reveal())
    sync()
    assert shown(as_alice, code) == "Used up as of"


@pytest.mark.django_db
def test_what_the_cloud_said_of_many_codes_costs_one_statement(alice, web, issued):
    codes = [a_code(team=web, person=alice, code_id=made_elsewhere()) for _ in range(5)]
    unsent = a_code(team=web, person=alice, state="not_sent")
    sync()
    with CaptureQueriesContext(connection) as captured:
        facts.attach([*codes, issued, unsent])
    assert len(captured) == 1
    assert all(code.upstream.enabled and code.as_of for code in codes)
    assert (unsent.upstream, unsent.as_of) == (None, None)


# What must not happen.


@pytest.mark.django_db
def test_a_code_of_another_region_or_account_lends_its_facts_to_nobody(alice, web, issued):
    sync()
    for elsewhere in ({"region": "ap-seoul"}, {"account": "another"}):
        code = a_code(team=web, person=alice, code_id=issued.code_id, **elsewhere)
        facts.attach([code])
        assert (code.upstream, code.as_of) == (None, None)


@pytest.mark.django_db
def test_a_sync_of_long_ago_is_not_passed_off_as_now(as_alice, issued):
    then = ahead(hours=-3)
    sync(at=then)
    facts.attach([issued])
    assert issued.as_of == then
