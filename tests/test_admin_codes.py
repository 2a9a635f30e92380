"""The register codes in the admin: found by what they were asked for and by the addresses they allow. Never a value."""

import ipaddress
import re
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from reading_pages import heading, text
from records import a_code
from test_admin_audit import note

from registercodes import history, rules
from registercodes.history import CODES, Question
from registercodes.models import AuditEvent, RegisterCode, UpstreamCode

pytestmark = pytest.mark.django_db

LIST = "/admin/registercodes/registercode/"
EVENTS = "/admin/registercodes/auditevent/"


def a_ranged(text, **facts):
    first, last = rules.bounds_of(text) or (None, None)
    return a_code(ip_address_range=text, ip_first=first, ip_last=last, **facts)


def found(answer) -> list[str]:
    return [row.description for row in answer.context["rows"]]


@pytest.fixture
def codes(web, payments, alice, charlie):
    now = timezone.now()
    ours, theirs = {"team": web, "person": alice}, {"team": payments, "person": charlie}
    return {
        row.description: row
        for row in (
            a_ranged("203.0.113.0/24", description="block", expires_at=now + timedelta(hours=4), **ours),
            a_ranged("203.0.113.9", description="host", expires_at=now - timedelta(hours=1), **ours),
            a_ranged("192.168.10.1/10", description="odd", region="eu-frankfurt", disabled_at=now, **theirs),
            a_ranged("0.0.0.0/0", description="zero", permanent=True, effective_time=100_000, **theirs),
            a_ranged("", description="refused", state="refused", **theirs),
        )
    }


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ("", "refused zero odd host block"),
        ("state=issued", "zero odd host block"),
        ("state=refused", "refused"),
        ("state=usable", "zero block"),
        ("team=web", "host block"),
        ("person=charlie", "refused zero odd"),
        ("region=eu-frankfurt", "odd"),
        ("permanent=yes", "zero"),
        ("permanent=no", "refused odd host block"),
        ("unrestricted=yes", "refused zero"),
        ("unrestricted=no", "odd host block"),
        ("when=today", "refused zero odd host block"),
        ("until=2020-01-01", ""),
        ("q=203.0.113.9", "refused zero host block"),
        ("q=203.0.113.10", "refused zero block"),
        ("q=192.129.0.1", "refused zero odd"),
        ("q=192.127.255.255", "refused zero"),
        ("q=203.0.113.9&state=usable", "zero block"),
        ("q=203.0.113.9&unrestricted=no&team=web", "host block"),
        ("q=block", ""),
        ("q=bob", ""),
        ("q=CODEID", "block"),
        ("q=REFERENCE", "block"),
    ],
)
def test_questions_find_exactly_their_codes(as_dora, codes, asked, names):
    asked = asked.replace("CODEID", codes["block"].code_id).replace("REFERENCE", codes["block"].reference.upper())

    answer = as_dora.get(f"{LIST}?{asked}")

    assert found(answer) == names.split()
    assert [row.description for row in history.selected(CODES, answer.context["form"].question)] == names.split()[::-1]


def test_an_address_says_in_words_what_was_asked(as_dora, codes):
    assert "Codes that allow <strong" in text(as_dora.get(f"{LIST}?q=203.0.113.9"))
    assert "Codes that allow" not in text(as_dora.get(f"{LIST}?q=alice"))


@given(address=st.integers(0, 2**32 - 1), other=st.integers(0, 2**32 - 1), prefix=st.integers(1, 32))
def test_an_address_is_in_a_block_exactly_when_the_search_says_so(address, other, prefix):
    block = ipaddress.IPv4Network((address, prefix), strict=False)
    wanted = history.allowing(other)
    begins, last = dict(wanted.children)["ip_first__in"], dict(wanted.children)["ip_last__gte"]

    says = int(block.network_address) in begins and int(block.broadcast_address) >= last

    assert says is (ipaddress.IPv4Address(other) in block)


def test_each_column_is_there_and_a_row_leads_to_its_story_its_card_its_person_and_its_team(as_dora, codes):
    row, page = codes["block"], text(as_dora.get(LIST))

    assert re.findall(r'<th scope="col">(.*?)</th>', page) == [
        *("Asked for (UTC)", "State", "Person", "Team", "Description", "Limit", "Expiry", "IP range", "Region"),
        *("Reference", "Code id", "Client address"),
    ]
    for address in (f"{LIST}{row.pk}/change/", f"/codes/{row.reference}/", "?person=alice", "?team=web"):
        assert f'href="{address}"' in page
    assert row.code_id in page and "203.0.113.0/24" in page


def test_a_codes_page_tells_its_facts_and_leads_to_its_persons_other_codes(as_dora, codes):
    row = codes["block"]

    answer = as_dora.get(f"{LIST}{row.pk}/change/")

    page = text(answer)
    assert heading(answer) == "block" and row.code_id in page and "kept nowhere" in page
    assert f'href="{LIST}?person=alice"' in page
    assert f'href="/admin/registercodes/auditevent/?q={row.reference}"' in page


def test_a_code_that_the_cloud_has_no_more_is_told_as_on_its_card(as_dora, codes):
    row, now = codes["block"], timezone.now()
    UpstreamCode.objects.create(
        account=row.account, region=row.region, code_id=row.code_id, first_seen_at=now, changed_at=now, gone_at=now
    )
    note("code.issued", code=row, actor=row.created_by, team=row.team)
    [listed] = [one for one in as_dora.get(LIST).context["rows"] if one.pk == row.pk]
    pages = [as_dora.get(f"{LIST}{row.pk}/change/"), as_dora.get(f"{EVENTS}{AuditEvent.objects.get().pk}/change/")]
    assert [one.honest_state.state for one in (listed, *(page.context["code"] for page in pages))] == [
        "deleted_upstream"
    ] * 3


# What is usable needs one more: when each region was last read whole. A person too: who was called so on record.
QUERIES = {"": 7, "?state=usable": 9, "?state=issued": 7, "?q=203.0.113.9": 8, "?q=alice": 11, "{}/change/": 6}


@pytest.mark.parametrize("rows", [1, 60])
@pytest.mark.parametrize("asked", QUERIES)
def test_queries_are_pinned(as_dora, web, alice, django_assert_num_queries, asked, rows):
    made = [a_code(team=web, person=alice, expires_at=timezone.now() + timedelta(hours=1)) for _ in range(rows)]
    as_dora.get(LIST)

    with django_assert_num_queries(QUERIES[asked]):
        as_dora.get(LIST + asked.format(made[0].pk))


def test_older_and_newer_stay_in_the_question(as_dora, web, payments, alice):
    for number in range(70):
        a_code(team=web, person=alice, description=f"w{number}")
        a_code(team=payments, person=alice, description=f"p{number}")

    first = as_dora.get(f"{LIST}?team=web&q=203.0.113.9")
    second = as_dora.get(LIST + first.context["older_url"])

    assert found(first) + found(second) == [f"w{number}" for number in range(69, -1, -1)]
    assert found(as_dora.get(LIST + second.context["newer_url"])) == found(first)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("tail", ["", "{}/change/"])
def test_no_method_but_reading_is_known(as_erin, codes, tail, method):
    before = list(RegisterCode.objects.values())

    answer = getattr(as_erin, method)(LIST + tail.format(codes["block"].pk), {"description": "another"})

    assert answer.status_code == 405 and list(RegisterCode.objects.values()) == before


@pytest.mark.parametrize("tail", ["add/", "{}/delete/", "{}/history/", "{}/", "0/change/"])
def test_there_is_no_address_to_add_change_or_delete(as_erin, codes, tail):
    assert as_erin.get(LIST + tail.format(codes["block"].pk)).status_code == 404


def test_reading_leaves_no_trace_in_the_record_and_shows_no_fingerprint(as_dora, web, alice):
    row = a_code(team=web, person=alice, value_fingerprint="f" * 64, fingerprint_key="k" * 16)

    pages = [text(as_dora.get(LIST + tail)) for tail in ("", f"{row.pk}/change/", "?q=alice")]

    assert not AuditEvent.objects.exists()
    assert all("f" * 64 not in page for page in pages)


def test_a_question_is_everything_when_nothing_is_asked():
    assert str(history.narrowed(CODES, Question()).query) == str(RegisterCode.objects.all().query)
