"""The main job: a member asks, one call is made, the value is shown once, and the attempt is on record."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from reading_pages import value_in

from registercodes import database, issuing, resolving
from registercodes.audit import NOWHERE
from registercodes.models import AuditEvent, RegisterCode
from registercodes.rules import Asked

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("sequence").values_list("action", flat=True))


def test_the_vendors_example_ends_on_a_value_that_opens_the_code(as_alice, typed, cloud):
    response = as_alice.post(
        NEW, typed(description="webserver", instance_name_prefix="webserver", ip_address_range="192.168.10.1/10")
    )
    assert response.status_code == 200
    code = RegisterCode.objects.get()
    assert cloud.is_value(code.code_id, value_in(response))
    assert cloud.code(code.code_id).IpAddressRange == "192.168.10.1/10"
    assert (code.ip_first, code.ip_last) == (0xC0800000, 0xC0BFFFFF)


def test_the_form_as_it_is_first_shown_issues_a_code(as_alice, cloud, web):
    page = as_alice.get(NEW)
    form = page.context["form"]
    sent = {field.name: field.value() or "" for field in form}
    response = as_alice.post(NEW, sent)
    assert response.status_code == 200
    code = RegisterCode.objects.get()
    assert (code.state, code.register_limit, code.effective_time) == ("issued", 10, 4)
    assert cloud.code(code.code_id).Description == f"~{code.reference}"


def test_a_second_code_with_the_same_contents_says_so_and_names_the_first(as_alice, typed, cloud):
    first = as_alice.post(NEW, typed()).content.decode()
    second = as_alice.post(NEW, typed()).content.decode()
    other = as_alice.post(NEW, typed(description="another")).content.decode()

    named = RegisterCode.objects.order_by("pk").first().reference
    assert 'id="twin"' not in first and 'id="twin"' not in other
    assert 'id="twin"' in second and f"/codes/{named}/" in second


def test_every_attempt_is_two_chained_events(as_alice, typed, cloud):
    as_alice.post(NEW, typed())
    assert actions() == ["code.requested", "code.issued"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="the host's clock is the database's")
def test_a_host_whose_clock_is_behind_loses_no_request_to_a_sync(alice, web, monkeypatch):
    asked, slow = Asked(region="ap-singapore"), timezone.now() - timedelta(minutes=3)
    with monkeypatch.context() as patch:
        patch.setattr(timezone, "now", lambda: slow)
        code = issuing._write_down(
            actor=alice, team=web, asked=asked, submission=uuid.uuid4(), origin=NOWHERE, replaces=None
        ).code
    assert abs(code.created_at - database.now()) < timedelta(seconds=20)
    assert resolving.give_up(code.region, now=database.now()) == 0
