"""A cloud that lies, and codes that others forged: disables nothing that it should not, and breaks no page."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hostile_upstream import row, served, stamp
from reading_pages import send, text
from records import a_code, break_in_chain
from syncs import HERE, ago, ahead, sync

from registercodes import hosts, outside, paging, quotas, standing
from registercodes.models import RegisterCode, UpstreamCode

pytestmark = pytest.mark.django_db

MARKUP = "<script>alert(1)</script>"
HOSTILE = f'{MARKUP} \u202e {{{{ 7 }}}} {{% now %}} \x00\x1b[31m\' onmouseover="x" '


@pytest.fixture
def upstream(point_at, settings):
    settings.TAT_RATE, settings.TAT_REGIONS = 1000, [HERE]
    quotas.forget()
    with served() as (upstream, url):
        point_at(url)
        yield upstream
    hosts.forget()


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch):
    monkeypatch.setattr(paging, "ASK_PAUSE", 0)


@pytest.fixture
def issued(alice, web):
    return a_code(team=web, person=alice, expires_at=ahead(hours=4), confirmed_at=ago(minutes=1))


@pytest.fixture
def lost(alice, web):
    """Whose outcome nobody knows."""
    return a_code(team=web, person=alice, state="unknown", created_at=ago(hours=2), settled_at=ago(hours=2))


def of(code: RegisterCode, **changes: object) -> dict:
    """Like what the cloud would have made of it."""
    like = {"Description": code.description_sent, "CreatedTime": stamp(code.created_at + timedelta(seconds=2))}
    return row(**(like | changes))


def passes(count: int = 3) -> list:
    """Each later than two passes have to be apart."""
    return [sync(at=timezone.now() + timedelta(minutes=11 * number)) for number in range(count)]


def pages_of(browsers, *codes: RegisterCode) -> list[str]:
    """Every page that tells of the cloud, each to all who may read it."""
    paths = ["/", "/attention/", "/adopted/", *(f"/codes/{code.reference}/" for code in codes)]
    found = [browser.get(path) for browser in browsers for path in paths]
    erin = browsers[-1]
    theirs = ["/outside/", "/outside/?all=1", "/outside/clean-up/", "/admin/", "/admin/registercodes/registercode/"]
    theirs += [f"/outside/{code.pk}/{what}/" for code in outside.codes()[:3] for what in ("disable", "adopt")]
    answers = [*found, *(erin.get(path) for path in [*theirs, "/admin/registercodes/auditevent/"])]
    wrong = [(answer.request["PATH_INFO"], answer.status_code) for answer in answers if answer.status_code != 200]
    assert wrong == []
    return [text(answer) for answer in answers]


@pytest.fixture
def browsers(as_alice, as_dora, as_erin):
    return as_alice, as_dora, as_erin


def nothing_was_done(upstream, *, issued: RegisterCode, lost: RegisterCode) -> bool:
    issued.refresh_from_db()
    lost.refresh_from_db()
    untouched = (issued.state, issued.disable_wanted_at, lost.disable_wanted_at) == ("issued", None, None)
    return untouched and upstream.told == [] and lost.state in {"unknown", "absent"} and break_in_chain() == ""


FORGED = {
    "our mark on a code made a day before": lambda lost, issued: [of(lost, CreatedTime=stamp(ago(days=1)))],
    "our mark on a code made since": lambda lost, issued: [of(lost, CreatedTime=stamp(timezone.now()))],
    "our mark on a code without a time": lambda lost, issued: [of(lost, CreatedTime=None)],
    "our mark on two": lambda lost, issued: [of(lost), of(lost)],
    "our mark in the middle": lambda lost, issued: [of(lost, Description=f"x ~{lost.reference} y")],
    "the mark of a code that was issued": lambda lost, issued: [of(issued), of(issued)],
    "our mark on a code that is another's": lambda lost, issued: [of(lost, RegisterCodeId=issued.code_id)],
    "no mark, and looks like it": lambda lost, issued: [of(lost, Description="webserver")],
    "a clock an hour ahead": lambda lost, issued: [of(lost, CreatedTime=stamp(lost.created_at + timedelta(hours=1)))],
    "a clock an hour behind": lambda lost, issued: [of(lost, CreatedTime=stamp(lost.created_at - timedelta(hours=1)))],
}


@pytest.mark.parametrize("name", FORGED)
def test_what_others_forged_disables_nothing(upstream, issued, lost, browsers, name):
    upstream.codes = [row(RegisterCodeId=issued.code_id), *FORGED[name](lost, issued)]

    passes()

    assert nothing_was_done(upstream, issued=issued, lost=lost)
    pages_of(browsers, issued, lost)


def test_the_one_code_that_is_ours_beyond_doubt_is_disabled_and_no_other(upstream, issued, lost):
    ours = of(lost)
    upstream.codes = [row(RegisterCodeId=issued.code_id), ours, row(Description="~zzzzzz7"), row()]

    passes(1)

    assert [asked["RegisterCodeIds"] for _, asked in upstream.told] == [[ours["RegisterCodeId"]]]


def test_markup_in_every_field_is_text_on_every_page(upstream, issued, lost, browsers):
    texts = {"Description": HOSTILE, "InstanceNamePrefix": HOSTILE, "IpAddressRange": HOSTILE}
    odd = [{"RegisterLimit": 2**40, "RegisteredCount": -3}, {"ExpiredTime": HOSTILE, "CreatedTime": HOSTILE}]
    upstream.codes = [row(**texts, RegisterCodeId=issued.code_id), *(row(**texts, **one) for one in odd)]
    upstream.codes += [of(lost, IpAddressRange=HOSTILE), row(RegisterCodeId=f"id-{MARKUP}", **texts)]
    host = dict.fromkeys(("InstanceName", "HostName", "LocalIp", "SystemName", "Status", "MachineId"), HOSTILE)
    upstream.hosts = [{**host, "RegisterCodeId": issued.code_id, "InstanceId": f"rins-{MARKUP}"}]

    passes()
    pages = pages_of(browsers, issued, lost)

    assert not [page for page in pages if MARKUP in page] and any("&lt;script&gt;" in page for page in pages)
    assert not [asked for _, asked in upstream.told if issued.code_id in asked["RegisterCodeIds"]]


def test_hosts_that_name_what_they_like_break_no_look_up(upstream, issued, as_erin):
    names = {"InstanceName": "web-7", "HostName": HOSTILE, "LocalIp": "10.1.2.3", "SystemName": ""}
    ids = [issued.code_id, f"a\x00b{MARKUP}", "\ud800", "x" * 5000, "", None]
    upstream.hosts = [{**names, "RegisterCodeId": one, "InstanceId": f"rins-{n}"} for n, one in enumerate(ids)]

    for pasted in ("web-7", "10.1.2.3", "rins-0", "rins-1"):
        page = send(as_erin, "/find/", {"leaked": pasted})
        assert page.status_code == 200 and MARKUP not in text(page)
        assert (issued.reference in text(page)) == (pasted != "rins-1")


SAME = row()
LIES = {
    "pages that shrink": lambda codes: lambda offset: (250, codes[offset : offset + max(1, 100 - offset)]),
    "a list that shrinks": lambda codes: lambda offset: (250 - offset, codes[offset : offset + 100 - offset // 2]),
    "a total far too large": lambda codes: lambda offset: (10**9, codes[offset : offset + 100]),
    "a total of nought": lambda codes: lambda offset: (0, codes[offset : offset + 100]),
    "a total below nought": lambda codes: lambda offset: (-5, codes[offset : offset + 100]),
    "one id again and again": lambda codes: lambda offset: (300, [SAME] * 100),
    "the first page again and again": lambda codes: lambda offset: (300, codes[:100]),
    "more than was asked for": lambda codes: lambda offset: (250, codes),
    "a million codes": lambda codes: lambda offset: (10**6, [row() for _ in range(100)]),
    "nothing": lambda codes: lambda offset: (0, []),
    "a page that is empty": lambda codes: lambda offset: (250, codes[:100] if not offset else []),
}


@pytest.mark.parametrize("name", LIES)
def test_a_list_that_lies_disables_nothing_and_breaks_no_page(upstream, issued, lost, browsers, monkeypatch, name):
    monkeypatch.setattr(paging, "ROWS_MAX", 500)
    upstream.page = LIES[name]([row(Description=str(number)) for number in range(250)])

    told = passes()

    # Whether these lies prove an absence is for resolving's own tests; what cannot be is a disable.
    assert upstream.told == [] and break_in_chain() == ""
    issued.refresh_from_db()
    assert (issued.state, issued.disable_wanted_at, issued.disabled_at) == ("issued", None, None)
    assert len(told) == 3
    pages_of(browsers, issued, lost)


def test_one_id_told_twice_is_one_row(upstream, issued):
    twice = row()
    upstream.codes = [twice, twice | {"Description": "second"}, row(RegisterCodeId=issued.code_id)]

    passes(1)

    assert UpstreamCode.objects.filter(code_id=twice["RegisterCodeId"]).count() == 1
    assert upstream.told == [] and len(standing.page_of().codes) == 1


# What must not happen.


@pytest.mark.parametrize("name", ["a million codes", "a total far too large", "a page that is empty"])
def test_a_list_not_seen_to_its_end_takes_nothing_away(upstream, issued, lost, monkeypatch, name):
    monkeypatch.setattr(paging, "ROWS_MAX", 500)
    kept = row()
    upstream.codes = [kept, row(RegisterCodeId=issued.code_id)]
    passes(1)
    upstream.page = LIES[name]([row() for _ in range(250)])

    later = passes()

    assert not any(one.complete for one in later)
    assert UpstreamCode.objects.get(code_id=kept["RegisterCodeId"]).gone_at is None
    lost.refresh_from_db()
    assert lost.state == "unknown"
