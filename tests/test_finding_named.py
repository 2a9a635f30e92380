"""Finding a code by its id, its reference, a host that it enrolled, or an address that it would allow."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from log_reading import everything, lines
from reading_pages import send, text
from records import a_code, from_outside
from syncs import HERE, ago, ahead, created

from registercodes import hosts, tracing
from registercodes.models import AuditEvent, RegisterCode
from registercodes.pasted import Kind, recognise

pytestmark = pytest.mark.django_db

FIND = "/find/"
NONE = "It names no code that you may see"
NOT_ASKED = "The cloud could not be asked about hosts"
ADDRESS = "203.0.113.7"
NARROW = {"ip_address_range": "203.0.113.0/24", "ip_first": 3405803776, "ip_last": 3405804031}
ELSEWHERE = {"ip_address_range": "198.51.100.0/24", "ip_first": 3325256704, "ip_last": 3325256959}
MARKUP = "<script>alert(1)</script>"

PASTED = {
    "a" * 64: Kind.VALUE,
    "tat_agent register ap-singapore x y": Kind.VALUE,
    "nohyphenordotinallofthisword": Kind.VALUE,
    "9b5rb72b-418f-4a81-b32e-f8bc80eef678": Kind.CODE_ID,
    "~abcd234": Kind.REFERENCE,
    "abcd234": Kind.REFERENCE,
    "rins-a1b2c3d4": Kind.INSTANCE_ID,
    "rinst-a1b2c3d4": Kind.INSTANCE_ID,
    "web-01.example.com": Kind.HOST_NAME,
    "10.1.2.3": Kind.LOCAL_IP,
    "100.64.0.1": Kind.LOCAL_IP,
    "203.0.113.7": Kind.ADDRESS,
    "203.0.113.0/24": Kind.VALUE,
    "-x": Kind.VALUE,
    "2001:db8::1": Kind.VALUE,
}


@pytest.fixture(autouse=True)
def _one_region(settings):
    settings.TAT_REGIONS = [HERE]
    hosts.forget()


@pytest.fixture
def enrolled(alice, web, cloud):
    """A code of Web's and the id of the host that it enrolled."""
    made = created(RegisterLimit=5)
    code = a_code(team=web, person=alice, code_id=made.code_id, expires_at=ahead(hours=4))
    return code, cloud.register_host(HERE, made.code_id, made.value.reveal(), hostname="db-01", local_ip="10.9.8.7")


def look(browser, pasted: str):
    return send(browser, FIND, {"leaked": pasted})


def last() -> AuditEvent:
    return AuditEvent.objects.filter(action="value.looked_up").latest("sequence")


@pytest.mark.parametrize("pasted", PASTED)
def test_what_was_pasted_is_recognised(pasted):
    assert recognise(f" {pasted}\n").kind == PASTED[pasted] and pasted not in repr(recognise(pasted))


@pytest.mark.parametrize("name", ["code_id", "reference", "mark"])
def test_a_code_is_found_by_what_it_is_called(as_alice, as_dora, alice, web, cloud, name):
    code = a_code(team=web, person=alice, expires_at=ahead(hours=4))
    pasted = {"code_id": code.code_id, "reference": code.reference, "mark": f"~{code.reference}"}[name]

    for browser in (as_alice, as_dora):
        page = text(look(browser, pasted))
        assert "It belongs to" in page and ">Web<" in page and "Alice Sample" in page and code.reference in page
    assert last().register_code == code and last().detail["kind"] in {"code_id", "reference"}


def test_a_command_with_an_unknown_value_is_found_by_the_id_in_it(as_alice, alice, web):
    code = a_code(team=web, person=alice)

    assert code.reference in text(look(as_alice, f"tat_agent register ap-singapore {code.code_id} {'f' * 64}"))


@pytest.mark.parametrize("name", ["instance id", "host name", "local ip"])
def test_a_host_names_its_code_and_is_named_beside_it(as_alice, enrolled, name):
    code, instance_id = enrolled
    pasted = {"instance id": instance_id, "host name": "DB-01", "local ip": "10.9.8.7"}[name]

    page = text(look(as_alice, pasted))

    for said in ("It belongs to", code.reference, instance_id, "10.9.8.7", "Hosts that used it"):
        assert said in page
    assert last().register_code == code


def test_an_address_lists_the_codes_that_would_allow_it_with_unrestricted_ones_apart(as_alice, alice, web):
    facts = {"team": web, "person": alice, "expires_at": ahead(hours=4), "confirmed_at": ago(minutes=1)}
    fits = a_code(description="fits", **facts, **NARROW)
    a_code(description="is elsewhere", **facts, **ELSEWHERE)
    a_code(description="is anywhere", **facts)
    a_code(description="is over", **(facts | {"expires_at": ago(hours=1)}), **NARROW)

    page = text(look(as_alice, ADDRESS))

    ranged, unrestricted = page.split("Unrestricted: they allow every address")
    assert ">fits<" in ranged and ">is anywhere<" in unrestricted
    assert ">is anywhere<" not in ranged and ">is elsewhere<" not in page and ">is over<" not in page
    assert f'href="/codes/{fits.reference}/disable/"' in ranged
    assert set(last().detail) >= {"kind", "found", "codes"} and last().detail["kind"] == "address"


def test_a_code_from_outside_is_named_to_those_with_a_role_and_closed_by_administrators(as_alice, as_dora, as_erin):
    code = from_outside(description=MARKUP)
    alices, doras, erins = (text(look(who, code.code_id)) for who in (as_alice, as_dora, as_erin))

    assert NONE in alices and code.code_id not in alices
    assert code.code_id in doras and f"/outside/{code.pk}/disable/" not in doras
    assert f'href="/outside/{code.pk}/disable/"' in erins and MARKUP not in doras + erins


def test_a_cloud_that_is_away_degrades_and_says_so(as_alice, cloud):
    cloud.fault("error", action="DescribeRegisterInstances", times=None, code="InternalError")

    page = look(as_alice, "rins-a1b2c3d4")

    assert page.status_code == 200 and NOT_ASKED in text(page)


def test_a_name_that_the_cloud_filters_by_nothing_reads_a_few_pages_only(as_alice, cloud):
    look(as_alice, "web-77")

    assert len(cloud.calls(tracing.DESCRIBE)) <= 1 + tracing.NEWEST_PAGES


# What must not happen.


@pytest.mark.parametrize("name", ["code_id", "reference", "instance id", "host name", "local ip", "address"])
def test_another_team_s_code_looks_and_costs_like_none(as_charlie, enrolled, name):
    code, instance_id = enrolled
    RegisterCode.objects.filter(pk=code.pk).update(confirmed_at=code.created_at)
    theirs, none = {
        "code_id": (code.code_id, "9b5rb72b-418f-4a81-b32e-zzzzzzzzzzzz"),
        "reference": (code.reference, "zzzzzz7"),
        "instance id": (instance_id, "rins-00000000"),
        "host name": ("db-01", "db-02"),
        "local ip": ("10.9.8.7", "10.9.8.8"),
        "address": (ADDRESS, "203.0.113.8"),
    }[name]

    def answer(pasted: str) -> tuple[int, int, str]:
        with CaptureQueriesContext(connection) as captured:
            page = look(as_charlie, pasted)
        body = text(page).replace(page["X-Request-Id"], "")
        parts = body.split('name="csrfmiddlewaretoken" value="')
        # A slot lost on a busy machine is reserved again.
        passing = ("callbudget", "BEGIN", "COMMIT", "SAVEPOINT")
        asked = [one for one in captured if not any(word in one["sql"] for word in passing)]
        return page.status_code, len(asked), "".join([parts[0], *(part[64:] for part in parts[1:])])

    answer(none)  # the first of a kind writes an event
    assert answer(theirs) == answer(none)
    assert last().register_code is None and last().detail["found"] is False


def test_a_value_is_never_sent_to_the_cloud(as_alice, cloud):
    for pasted in ("a" * 64, "Z7leak" * 10, "words of a log line"):
        look(as_alice, pasted)

    assert cloud.calls() == []


@pytest.mark.parametrize("pasted", ["rins-nobodys1", "secret-host-1", "10.99.98.97", "203.0.113.99"])
def test_what_was_asked_is_in_no_event_log_or_page(as_alice, cloud, caplog, pasted):
    everything(caplog)
    page = text(look(as_alice, pasted))

    assert pasted not in page + "".join(lines(caplog)) + str(last().__dict__)


def test_markup_in_what_a_host_is_called_is_shown_as_text(as_alice, enrolled, cloud):
    code, _ = enrolled
    made = created(RegisterLimit=5)
    cloud.register_host(HERE, made.code_id, made.value.reveal(), hostname=MARKUP, local_ip="10.9.8.7")
    a_code(team=code.team, person=code.created_by, code_id=made.code_id)

    page = text(look(as_alice, "10.9.8.7"))

    assert MARKUP not in page and "&lt;script&gt;" in page and code.reference in page


def test_a_look_up_by_get_finds_nothing(as_alice, alice, web):
    code = a_code(team=web, person=alice)

    assert code.reference not in text(as_alice.get(f"{FIND}?leaked={code.code_id}"))
