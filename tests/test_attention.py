"""What needs attention: each thing with why and one thing to do, riskiest first, for those whose it is."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from reading_pages import heading, text
from records import a_code, from_outside, seen
from syncs import ago, ahead, made_elsewhere

from registercodes import attention, quotas
from registercodes.models import Membership, OutsideCode

pytestmark = pytest.mark.django_db

NARROW = {"ip_address_range": "203.0.113.0/24", "ip_first": 3405803776, "ip_last": 3405804031}
WIDE = {"ip_address_range": "10.0.0.0/8", "ip_first": 167772160, "ip_last": 184549375}
MARKUP = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def _nothing_remembered():
    quotas.forget()


@pytest.fixture
def made(alice, web):
    """A code of Alice's in which nothing is amiss but ``changes``."""

    def code(**changes):
        facts = {"confirmed_at": timezone.now(), "expires_at": ahead(hours=4), **NARROW}
        return a_code(team=web, person=alice, **(facts | changes))

    return code


def whys(user) -> list[tuple[str, ...]]:
    return [tuple(str(why) for why in item.whys) for item in attention.of(user).items]


AMISS = {
    "unconfirmed": ({"confirmed_at": None}, ["unconfirmed"]),
    "unknown": ({"state": "unknown"}, ["unknown"]),
    "left pending": ({"state": "pending", "created_at": ago(minutes=5)}, ["unknown"]),
    "permanent": ({"permanent": True, "effective_time": 100_000, "expires_at": None}, ["permanent"]),
    "unrestricted": ({"ip_address_range": "", "ip_first": None, "ip_last": None}, ["unrestricted"]),
    "slash nought": ({"ip_address_range": "0.0.0.0/0", "ip_first": None, "ip_last": None}, ["unrestricted"]),
    "disable not agreed": ({"disable_wanted_at": ago(minutes=1)}, ["disabling"]),
    "found, disable not agreed": ({"state": "found", "disable_wanted_at": ago(minutes=1)}, ["disabling"]),
    "withheld, disable not agreed": ({"state": "withheld", "disable_wanted_at": ago(minutes=1)}, ["disabling"]),
}


@pytest.mark.parametrize("name", AMISS)
def test_each_thing_amiss_is_named(made, alice, name):
    changes, expected = AMISS[name]
    made(**changes)

    assert whys(alice) == [tuple(expected)]


def test_a_wide_range_unused_for_a_day_is_named_and_one_in_use_is_not(made, alice):
    old = {"created_at": ago(days=2), "expires_at": ahead(days=2)}
    seen(made(**WIDE, **old), registered_count=0)
    seen(made(**WIDE, **old), registered_count=1)
    seen(made(**WIDE, created_at=ago(hours=3)), registered_count=0)

    assert whys(alice) == [("wide",)]


def test_a_creator_who_left_the_team_or_lapsed_is_named(made, alice, bob):
    made()
    assert whys(bob) == []

    Membership.objects.filter(user=alice).update(checked_at=ago(days=31))
    assert whys(bob) == [("creator",)]
    Membership.objects.filter(user=alice).delete()
    assert whys(bob) == [("creator",)]


@pytest.mark.parametrize("state", ["found", "withheld"])
def test_an_orphan_with_hosts_comes_first_though_it_is_disabled(made, alice, state):
    made(ip_address_range="", ip_first=None, ip_last=None, register_limit=10_000)
    seen(made(state=state, disable_wanted_at=ago(hours=1), disabled_at=ago(hours=1)), registered_count=2)

    assert whys(alice) == [("orphan",), ("unrestricted",)]


def test_a_request_with_several_candidates_shows_them_to_whoever_may_close_them(made, alice, as_alice, as_erin):
    lost = made(state="unknown", description_sent="x" * 128)
    one, other = (from_outside(ip_address_range=lost.ip_address_range, description=f"{n} {MARKUP}") for n in "ab")

    page, theirs = text(as_erin.get("/attention/")), text(as_alice.get("/attention/"))

    for code in (one, other):
        assert (
            f'href="/outside/{code.pk}/disable/?settles={lost.reference}"' in page
            and f"/outside/{code.pk}/" not in theirs
        )
        assert code.code_id in theirs
    assert "Ambiguous" in theirs and MARKUP not in page + theirs


def test_the_riskiest_is_first_and_a_code_has_all_its_reasons_in_one_place(made, alice):
    small = made(confirmed_at=None)
    forever = {"permanent": True, "effective_time": 100_000, "expires_at": None}
    large = made(confirmed_at=None, **forever, ip_address_range="", ip_first=None, ip_last=None)
    seen(large, registered_count=3)

    first, second = attention.of(alice).items

    assert (first.code, second.code) == (large, small)
    assert first.whys == ("unconfirmed", "unrestricted", "permanent") and first.reach.uses == 7


def test_what_a_team_adopted_is_the_team_s_and_a_wish_about_any_is_the_administrators(alice, charlie, erin, web):
    from_outside(team=web, description="adopted")
    wanted = from_outside(ip_address_range="203.0.113.7", expires_at=ahead(days=1))
    OutsideCode.objects.create(
        account=wanted.account, region=wanted.region, code_id=wanted.code_id, disable_wanted_at=ago(minutes=1)
    )

    assert whys(alice) == [("unrestricted", "permanent")]
    assert whys(charlie) == []
    assert whys(erin) == [("unrestricted", "permanent"), ("disabling",)]


def deed(page: str) -> list[str]:
    return re.findall(r'class="alert-deed">\s*<(?:a|form)[^>]*(?:href|action)="([^"]+)"', page)


def test_each_offers_the_one_thing_that_this_person_may_do(made, as_alice, as_bob, as_dora, as_erin):
    code = made(confirmed_at=None)
    card = f"/codes/{code.reference}/"

    pages = [text(browser.get("/attention/")) for browser in (as_alice, as_bob, as_erin, as_dora)]

    assert [deed(page) for page in pages] == [[f"{card}stored/"], [f"{card}disable/"], [f"{card}disable/"], [card]]
    assert "10 more hosts, until" in pages[0] and "from 256 addresses" in pages[0]
    assert "Nobody has said that its value is stored." in pages[0]


def test_pressing_the_button_takes_it_off_the_list(made, as_alice, alice):
    code = made(confirmed_at=None)
    as_alice.post(f"/codes/{code.reference}/stored/")

    assert whys(alice) == []
    assert "Nothing needs you" in text(as_alice.get("/attention/"))


def test_fifty_are_shown_and_the_rest_counted(made, as_alice):
    for _ in range(53):
        made(confirmed_at=None)

    page = text(as_alice.get("/attention/"))

    assert page.count('class="alert-deed"') == 50 and "and 3 more, of less risk" in page


def statements(browser) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert browser.get("/attention/").status_code == 200
    return len(captured)


def test_the_number_of_statements_does_not_grow_with_the_list(made, as_erin, erin, web, cloud):
    for round in range(2):
        for _ in range(1 if round == 0 else 12):
            made(confirmed_at=None)
            made(state="unknown", description_sent="x" * 128)
            from_outside(team=web)
        if round == 0:
            statements(as_erin)  # templates, banner and quota
            few = statements(as_erin)
    assert statements(as_erin) <= few + 2 * (attention.AMBIGUOUS_MOST - 1)
    assert few <= 20


# The quota.


def test_a_quota_that_is_nearly_full_is_said_and_leads_to_the_clean_up(as_erin, as_dora, as_alice, cloud):
    from_outside()
    made_elsewhere()
    cloud.set_limits(quota=len(cloud.codes("ap-singapore")))

    pages = [text(browser.get("/attention/")) for browser in (as_erin, as_dora, as_alice)]

    assert "is nearly full" in pages[0] and 'href="/outside/clean-up/"' in pages[0]
    assert "is nearly full" in pages[1] and 'href="/outside/clean-up/"' not in pages[1]
    assert "is nearly full" not in pages[2]


def test_the_quota_is_asked_once_in_five_minutes(cloud):
    times = iter([0.0, 0.0, 10.0, 301.0, 301.0])
    for _ in range(3):
        quotas.of(["ap-singapore"], clock=lambda: next(times))

    assert len(cloud.calls("DescribeQuotas")) == 2


def test_a_cloud_that_does_not_answer_is_left_alone_and_the_page_goes_on(as_erin, made, cloud):
    seen(made(confirmed_at=None))
    cloud.fault("close", action="DescribeQuotas", times=None)

    pages = [as_erin.get("/attention/") for _ in range(3)]

    assert [page.status_code for page in pages] == [200] * 3 and "Unconfirmed" in text(pages[0])
    assert len(cloud.calls("DescribeQuotas")) == 1


# What must not happen.


QUIET = {
    "in order": {},
    "expired": {"confirmed_at": None, "expires_at": ago(hours=1)},
    "disabled": {"confirmed_at": None, "disable_wanted_at": ago(hours=1), "disabled_at": ago(hours=1)},
    "refused": {"state": "refused"},
    "never made": {"state": "absent"},
    "found and disabled": {"state": "found", "disable_wanted_at": ago(hours=1), "disabled_at": ago(hours=1)},
    "still working": {"state": "pending"},
}


@pytest.mark.parametrize("name", QUIET)
def test_what_harms_nobody_is_not_there(made, alice, name):
    made(**QUIET[name])

    assert whys(alice) == []


@pytest.mark.parametrize("facts", [{"registered_count": 10}, {"gone_at": ago(hours=1)}, {"enabled": False}])
def test_what_the_cloud_has_closed_is_not_there(made, alice, facts):
    forever = {"permanent": True, "effective_time": 100_000, "expires_at": None}
    seen(made(confirmed_at=None, **forever), **facts)

    assert whys(alice) == []


def test_another_team_s_is_never_there_whatever_it_is(made, as_charlie, charlie, web):
    made(confirmed_at=None)
    made(state="unknown", description_sent="x" * 128)
    from_outside(team=web)
    from_outside(ip_address_range="203.0.113.0/24")

    page = as_charlie.get("/attention/")

    assert whys(charlie) == [] and "Nothing needs you" in text(page) and heading(page) == "Attention"


def test_looking_writes_nothing_down_and_asks_the_cloud_for_nothing_but_its_quota(made, as_erin, cloud):
    made(state="pending", created_at=timezone.now() - timedelta(minutes=5))
    with CaptureQueriesContext(connection) as captured:
        as_erin.get("/attention/")
    written = [query["sql"] for query in captured if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]

    assert [sql for sql in written if "callbudget" not in sql and "session" not in sql] == []
    assert {call.action for call in cloud.calls()} <= {"DescribeQuotas"}
