"""The lists: filters, search, active first, pages by key, and a state in SQL that is the one in words."""

import re
from datetime import timedelta

import pytest
from cast import browser_of
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reading_pages import text
from records import a_code
from syncs import HERE, ago, ahead
from test_states import NOW, OURS, TABLE, THEIRS

from registercodes import facts, listing, states
from registercodes.models import Membership, RegisterCode, SyncRun, UpstreamCode
from registercodes.states import State

pytestmark = pytest.mark.django_db

SHOWN = re.compile(r'class="codes-ref" translate="no">(\w{7})<')
OLDER = re.compile(r'href="(\?[^"]*before=\d+)"')
AS_OF = NOW - timedelta(minutes=1)


def references(client, path: str = "/", **asked: str) -> list[str]:
    return SHOWN.findall(text(client.get(path, asked)))


def all_pages(client, path: str) -> list[list[str]]:
    pages = []
    while path:
        page = text(client.get(path))
        pages.append(SHOWN.findall(page))
        older = OLDER.search(page)
        path = "/" + older.group(1).replace("&amp;", "&") if older else ""
    return pages


# The state in SQL, over the table that states.py is held to.


@pytest.mark.parametrize("case", TABLE)
def test_the_state_in_sql_is_the_one_in_words(alice, web, case):
    ours, theirs, state, _ = TABLE[case]
    code = a_code(team=web, person=alice, **(OURS | ours))
    if theirs is not None:
        told(code, **(THEIRS | theirs))

    found = listing.with_told(RegisterCode.objects.filter(pk=code.pk), at=NOW).get()

    facts.attach([found])
    decided = states.state_of(found, upstream=found.upstream, as_of=found.as_of, now=NOW).state
    assert decided == state
    assert found.told == (State.ACTIVE if state == State.EXPIRES_SOON else state)


def told(code, **said) -> None:
    SyncRun.objects.create(
        account=code.account, region=code.region, started_at=AS_OF, finished_at=AS_OF, complete=True
    )
    UpstreamCode.objects.create(
        account=code.account,
        region=code.region,
        code_id=code.code_id,
        first_seen_at=AS_OF,
        changed_at=AS_OF,
        **said,
    )


@pytest.mark.parametrize(("settled", "state"), [(61, "deleted_upstream"), (60, "active"), (-5, "active")])
def test_never_seen_by_a_whole_pass_is_gone_in_sql_too(alice, web, settled, state):
    then = AS_OF - timedelta(seconds=settled)
    code = a_code(team=web, person=alice, **(OURS | {"settled_at": then}))
    SyncRun.objects.create(
        account=code.account, region=code.region, started_at=AS_OF, finished_at=AS_OF, complete=True
    )

    assert listing.with_told(RegisterCode.objects.all(), at=NOW).get().told == state


@pytest.mark.parametrize("microsecond", [0, 500_000])
def test_a_pass_at_a_full_second_is_compared_like_any_other(alice, web, microsecond):
    at = AS_OF.replace(microsecond=microsecond)
    code = a_code(team=web, person=alice, **(OURS | {"settled_at": at - timedelta(seconds=60, microseconds=1)}))
    SyncRun.objects.create(account=code.account, region=code.region, started_at=at, finished_at=at, complete=True)

    assert listing.with_told(RegisterCode.objects.all(), at=NOW).get().told == "deleted_upstream"


# Filters and search.


@pytest.fixture
def shelf(alice, bob, web) -> dict[str, str]:
    """One code of each kind that filters part, by name; in the order made."""
    stored = {"confirmed_at": ago(minutes=1), "created_at": ago(hours=1)}
    kinds = {
        "active": stored | {"expires_at": ahead(days=3), "description": "Blue-Green 100%_sure"},
        "soon": stored | {"expires_at": ahead(hours=2)},
        "unconfirmed": {"expires_at": ahead(days=3), "instance_name_prefix": "edge-"},
        "expired": stored | {"expires_at": ago(minutes=1)},
        "disabled": stored | {"disable_wanted_at": ago(minutes=1), "disabled_at": ago(minutes=1)},
        "seoul": stored | {"region": "ap-seoul"},
        "bobs": stored | {"created_by": bob, "created_by_name": str(bob)},
        "refused": {"state": "refused"},
    }
    return {name: a_code(team=web, person=alice, **kind).reference for name, kind in kinds.items()}


FILTERS = {
    "state=active": {"active", "soon", "seoul", "bobs"},
    "state=soon": {"soon"},
    "state=unconfirmed": {"unconfirmed"},
    "state=expired": {"expired"},
    "state=disabled": {"disabled"},
    "state=refused": {"refused"},
    "state=used_up": set(),
    "region=ap-seoul": {"seoul"},
    "mine=1&state=active": {"active", "soon", "seoul"},
    "q=blue-green": {"active"},
    "q=100%25_sure": {"active"},
    "q=100_": set(),
    "q=EDGE": {"unconfirmed"},
    "q=%20edge-%20": {"unconfirmed"},
    "q=nothing": set(),
    "q='%20OR%201=1--": set(),
}


@pytest.mark.parametrize("query", FILTERS)
def test_a_filter_shows_exactly_what_it_names(as_alice, shelf, query):
    shown = set(references(as_alice, f"/?{query}"))

    assert shown == {shelf[name] for name in FILTERS[query]}


def test_who_made_it_is_a_filter_of_those_who_made_some(as_alice, bob, shelf):
    page = text(as_alice.get(f"/?by={bob.pk}"))

    assert SHOWN.findall(page) == [shelf["bobs"]]
    assert re.findall(r"<option[^>]*>(\w+ Sample)</option>", page) == ["Alice Sample", "Bob Sample"]
    assert f'<option value="{bob.pk}" selected>' in page


def test_a_code_is_found_by_its_reference_its_mark_and_its_cloud_id(as_alice, shelf):
    code = RegisterCode.objects.get(reference=shelf["seoul"])

    for words in (code.reference, code.reference.upper(), f"~{code.reference}", code.code_id):
        assert references(as_alice, q=words) == [code.reference]


def test_what_was_asked_for_stays_in_the_fields_and_can_be_cleared(as_alice, shelf):
    page = text(as_alice.get("/?q=blue&state=active&region=ap-singapore&mine=1"))

    assert 'name="q" value="blue"' in page and '<option value="active" selected>' in page
    assert '<option value="ap-singapore" selected>' in page and 'value="1" checked' in page
    assert ">Clear</a>" in page and ">Clear</a>" not in text(as_alice.get("/"))


def test_a_list_without_a_match_says_so_and_does_not_say_that_there_are_no_codes(as_alice, shelf):
    page = text(as_alice.get("/?q=nothing"))

    assert "No code of this team matches." in page and "No register codes yet" not in page


@pytest.mark.parametrize("odd", ["state=x", "region=%00", "by=x", "mine=yes", "at=99999999999", "rest=x", "q=%00"])
def test_what_cannot_be_asked_for_is_as_if_it_was_not_there(as_alice, shelf, odd):
    assert len(references(as_alice, f"/?{odd}")) == len(shelf)


# Order and pages.


def test_what_can_admit_hosts_comes_first_each_newest_first(as_alice, shelf):
    order = ["bobs", "seoul", "unconfirmed", "soon", "active", "refused", "disabled", "expired"]

    assert references(as_alice) == [shelf[name] for name in order]


def test_pages_go_through_both_parts_without_a_gap_or_a_repeat(as_alice, alice, web):
    live = [a_code(team=web, person=alice).reference for _ in range(30)]
    over = [a_code(team=web, person=alice, state="refused").reference for _ in range(30)]

    pages = all_pages(as_alice, "/")

    assert [len(page) for page in pages] == [25, 25, 10]
    assert [one for page in pages for one in page] == [*reversed(live), *reversed(over)]


def test_a_code_that_ends_between_two_pages_is_neither_skipped_nor_shown_twice(as_alice, alice, web):
    codes = [a_code(team=web, person=alice, expires_at=ahead(hours=1)) for _ in range(30)]
    first = text(as_alice.get("/"))
    older = "/" + OLDER.search(first).group(1).replace("&amp;", "&")
    closing = {"code_id": codes[2].code_id, "account": settings.TAT_ACCOUNT, "region": HERE}
    UpstreamCode.objects.create(
        **closing, first_seen_at=ago(hours=1), changed_at=ago(hours=1), expires_at=timezone.now()
    )

    shown = SHOWN.findall(first) + references(as_alice, older)

    assert sorted(shown) == sorted(code.reference for code in codes)


def test_filters_and_team_stay_while_paging(as_alice, alice, web):
    for number in range(60):
        a_code(team=web, person=alice, description="odd" if number % 2 else "even")

    pages = all_pages(as_alice, "/?q=odd&mine=1&team=web")

    assert [len(page) for page in pages] == [25, 5]


def test_teams_are_grouped_and_the_switch_keeps_the_filters(as_alice, alice, web, payments):
    Membership.objects.create(team=payments, user=alice, checked_at=timezone.now())
    ours, theirs = a_code(team=web, person=alice), a_code(team=payments, person=alice)

    page = text(as_alice.get("/?mine=1"))

    assert SHOWN.findall(page) == [theirs.reference, ours.reference]
    assert "?team=payments&amp;mine=1" in page and 'id="team-payments"' in page
    assert references(as_alice, "/?team=payments&mine=1") == [theirs.reference]


# What must not happen.


@pytest.mark.parametrize("query", ["q=webserver", "state=active", "region=ap-singapore", "by=1", "before=999"])
def test_no_filter_shows_what_is_another_teams(as_charlie, shelf, query):
    assert references(as_charlie, f"/?{query}") == []
    assert as_charlie.get(f"/?team=web&{query}").status_code == 404


def test_nobody_of_another_team_is_named_by_a_filter(as_charlie, shelf):
    assert "Alice Sample" not in text(as_charlie.get("/"))


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", '" autofocus onfocus="x', "x" * 5000])
def test_words_are_shown_escaped_and_short(as_alice, shelf, words):
    page = text(as_alice.get("/", {"q": words}))

    assert "<script>alert" not in page and 'onfocus="x' not in page and "x" * 200 not in page


def test_statements_do_not_grow_with_codes_filters_or_pages(alice, web, cloud):
    browser = browser_of(alice)
    browser.get("/")

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            browser.get(path)
        return len(captured)

    few = asked("/")
    for _ in range(40):
        a_code(team=web, person=alice)
    newest = RegisterCode.objects.latest("pk").pk

    assert asked("/") == asked("/?q=web&state=unconfirmed&mine=1") == asked(f"/?team=web&before={newest}") == few + 1
