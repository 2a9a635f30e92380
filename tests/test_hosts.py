"""The hosts that used a code: asked of the cloud for its card, kept for a moment, and never worth waiting for."""

import time

import pytest
from reading_pages import send, text, value_in
from records import a_code
from syncs import HERE, created

from registercodes import hosts
from registercodes.models import AuditEvent, RegisterCode
from registercodes.tat.records import Page, RegisterInstanceInfo

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
DESCRIBE = "DescribeRegisterInstances"
NOT_ASKED = "The cloud could not be asked which hosts used it"


@pytest.fixture
def made(as_alice, typed, cloud):
    """A code for anywhere, with its value as the page showed it."""
    value = value_in(send(as_alice, NEW, typed(ip_address_range="", register_limit="200")))
    return RegisterCode.objects.get(), value


def card(client, code) -> str:
    return text(client.get(f"/codes/{code.reference}/"))


def a_host(code_id: str, number: int = 0, **facts: str) -> RegisterInstanceInfo:
    texts = dict.fromkeys(("machine_id", "public_key", "host_name"), "")
    named = {"instance_name": f"web-{number}", "system_name": "Linux", "local_ip": "10.0.0.7", "status": "Online"}
    times = {"created_at": None, "updated_at": None, "tags": ()}
    return RegisterInstanceInfo(code_id=code_id, instance_id=f"rins-{number}", **(texts | named | times | facts))


def test_the_card_names_each_host_with_address_system_and_whether_it_is_connected(as_alice, cloud, made):
    code, value = made
    first = cloud.register_host(HERE, code.code_id, value, hostname="web-1", local_ip="10.1.2.3")
    second = cloud.register_host(HERE, code.code_id, value, hostname="win-1", system_name="Windows")
    cloud.set_host_status(second, "Offline")

    page = card(as_alice, code)

    for said in ("web-1", first, "10.1.2.3", "Linux", ">online<", "win-1", "Windows", ">offline<"):
        assert said in page
    assert '<span class="count">2</span>' in page


def test_hosts_of_another_code_are_not_this_ones(as_alice, cloud, made):
    code, _ = made
    other = created(RegisterLimit=5)
    cloud.register_host(HERE, other.code_id, other.value.reveal(), hostname="elsewhere")

    page = card(as_alice, code)

    assert "elsewhere" not in page and "No host that the cloud still has was enrolled with it" in page


def test_a_cloud_that_ignores_the_filter_lends_no_hosts():
    page = Page(3, (a_host("ours"), a_host("theirs", 1), a_host("theirs", 2)))

    found = hosts._read(page, code_id="ours")

    assert ([row.instance_id for row in found.rows], found.total, found.more) == (["rins-0"], 1, 0)


def test_of_many_hosts_the_first_hundred_are_shown_and_the_rest_is_counted(as_alice, cloud, made):
    code, value = made
    for number in range(103):
        cloud.register_host(HERE, code.code_id, value, hostname=f"web-{number}")

    page = card(as_alice, code)

    assert page.count("rins-") == 100 and "and 3 more" in page
    assert len(cloud.calls(DESCRIBE)) == 1


def test_an_answer_is_kept_for_ten_seconds_in_this_process_and_for_this_code_only(cloud, made, alice, web):
    code, other, now = made[0], a_code(team=web, person=alice), 1000.0
    for moment in (now, now + 9.9):
        hosts.of(code, clock=lambda at=moment: at)
    assert len(cloud.calls(DESCRIBE)) == 1

    hosts.of(other, clock=lambda: now)
    hosts.of(code, clock=lambda: now + 10)

    assert [call.parameters["Filters"][0]["Values"][0] for call in cloud.calls(DESCRIBE)] == [
        *(code.code_id, other.code_id, code.code_id)
    ]


@pytest.mark.parametrize(
    "fault",
    [
        {"fault": "error", "code": "InternalError"},
        {"fault": "error", "code": "UnauthorizedOperation"},
        {"fault": "close"},
        {"fault": "truncated"},
    ],
    ids=lambda fault: fault.get("code", fault["fault"]),
)
def test_a_cloud_that_does_not_answer_costs_the_hosts_and_not_the_card(as_alice, cloud, made, fault):
    cloud.fault(**fault, action=DESCRIBE)

    response = as_alice.get(f"/codes/{made[0].reference}/")

    assert response.status_code == 200 and NOT_ASKED in text(response)


def test_a_stalled_cloud_is_waited_for_three_seconds_and_then_left_alone(as_alice, cloud, made, alice, web):
    cloud.fault("stall", action=DESCRIBE, seconds=30, times=None)
    began = time.monotonic()
    assert NOT_ASKED in card(as_alice, made[0])
    first = time.monotonic() - began

    again = time.monotonic()
    assert NOT_ASKED in card(as_alice, a_code(team=web, person=alice))

    assert 2.5 < first < 6 and time.monotonic() - again < 1.5
    assert len(cloud.calls(DESCRIBE)) == 1


def test_when_as_many_pages_wait_as_may_the_others_do_not_ask(as_alice, cloud, made, settings):
    settings.TAT_CONCURRENT = 0

    assert NOT_ASKED in card(as_alice, made[0])
    assert cloud.calls(DESCRIBE) == []


HOSTILE = {
    "markup": "<script>alert(1)</script>",
    "attribute": '" onmouseover="x',
    "right to left": "\u202eevil",
    "long": "x" * 5000,
    "empty": "",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_host_is_called_the_page_stays_whole(as_alice, made, monkeypatch, name):
    code, said = made[0], HOSTILE[name]
    row = a_host(code.code_id, instance_name=said, local_ip=said, system_name=said, status=said)
    key = (hosts.cloud.endpoint(), code.region, code.code_id)
    monkeypatch.setitem(hosts._known, key, (time.monotonic(), hosts.Hosts((row,), 1)))

    page = card(as_alice, code)

    assert "<script>alert" not in page and 'onmouseover="x' not in page and "x" * 200 not in page
    assert page.count("</html>") == 1


# What must not happen.


def test_a_request_that_never_became_a_code_asks_the_cloud_nothing(as_alice, alice, web, cloud):
    code = a_code(team=web, person=alice, state="refused")

    assert "Hosts that used it" not in card(as_alice, code)
    assert cloud.calls() == []


def test_looking_at_hosts_writes_no_history(as_alice, made):
    before = AuditEvent.objects.count()

    card(as_alice, made[0])

    assert AuditEvent.objects.count() == before
