"""Replacing a code: the old one is put out of use on record first, then a new submission takes its place, once."""

import re

import pytest
from cast import Typed, browser_of
from django.utils import timezone
from reading_pages import chosen_in, heading, send, summary, text, typed_in, value_in
from records import a_code, break_in_chain
from syncs import HERE, actions, ago

from registercodes.models import Membership, RegisterCode

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
DISABLE = "DisableRegisterCodes"


@pytest.fixture
def old(as_alice, typed, cloud) -> RegisterCode:
    send(as_alice, NEW, typed(description="site A", register_limit="7", ip_address_range=""))
    return RegisterCode.objects.get()


def press(client, code):
    return client.post(f"/codes/{code.reference}/replace/")


def form(client, code):
    """The form that replacing leads to."""
    return client.get(press(client, code)["Location"])


def fill(page, **changes) -> dict[str, str]:
    texts = ("description", "instance_name_prefix", "register_limit", "effective_time", "ip_address_range")
    typed = {name: typed_in(page, name) for name in (*texts, "submission")}
    return typed | {"region": chosen_in(page, "region"), "validity": "hours"} | changes


def newest() -> RegisterCode:
    return RegisterCode.objects.latest("pk")


def test_it_is_asked_for_in_words_and_says_what_it_does_not_do(as_alice, old, cloud):
    page = as_alice.get(f"/codes/{old.reference}/replace/")

    assert heading(page) == "Replace this code?"
    for said in ("First this one is disabled", "Hosts already enrolled stay enrolled", "day’s quota", "shown once"):
        assert said in text(page)
    assert cloud.calls(DISABLE) == [] and actions(old) == ["code.requested", "code.issued"]


def test_the_old_one_is_disabled_first_and_the_form_comes_filled_in_the_same(as_alice, old, cloud):
    page = form(as_alice, old)

    assert cloud.code(old.code_id).Enabled is False
    assert actions(old)[2:] == ["code.disable_requested", "code.disabled"]
    filled = fill(page)
    assert (filled["description"], filled["register_limit"], filled["region"]) == ("site A", "7", HERE)
    assert f'In place of <a href="/codes/{old.reference}/">' in text(page) and ">Disabled</span>" in text(page)
    assert RegisterCode.objects.count() == 1


def test_it_ends_on_a_value_and_both_rows_name_each_other(as_alice, old, cloud):
    page = send(as_alice, NEW, fill(form(as_alice, old)))

    new = newest()
    assert cloud.is_value(new.code_id, value_in(page))
    assert new.replaces == old and old.reference in text(page) and ">Disabled</span>" in text(page)
    assert f'<a href="/codes/{new.reference}/">' in text(as_alice.get(f"/codes/{old.reference}/"))
    assert f'<a href="/codes/{old.reference}/">' in text(as_alice.get(f"/codes/{new.reference}/"))
    asked = new.events.get(action="code.requested")
    assert asked.detail == {"replaces": old.reference} and break_in_chain() == ""


def test_of_a_confirmed_code_it_says_which_hosts_it_enrolled(as_alice, typed, cloud):
    value = value_in(send(as_alice, NEW, typed(ip_address_range="")))
    code = RegisterCode.objects.get()
    cloud.register_host(HERE, code.code_id, value, hostname="web-17")
    as_alice.post(f"/codes/{code.reference}/stored/")

    page = text(as_alice.get(f"/codes/{code.reference}/replace/"))

    assert "Its value was confirmed as stored. Hosts it enrolled" in page and "web-17" in page


def test_a_cloud_that_does_not_agree_yet_holds_up_nobody_and_is_said(as_alice, old, cloud):
    cloud.fault("error", code="UnauthorizedOperation", action=DISABLE)

    page = form(as_alice, old)

    assert ">Disabling</span>" in text(page) and "hosts can still enrol" in text(page)
    answer = send(as_alice, NEW, fill(page))
    assert value_in(answer) and ">Disabling</span>" in text(answer)


@pytest.mark.parametrize("state", ["found", "withheld", "absent"])
def test_what_nobody_holds_leads_to_the_form_at_once(as_alice, alice, web, cloud, state):
    facts = {} if state == "absent" else {"disable_wanted_at": ago(minutes=1)}
    code = a_code(team=web, person=alice, state=state, **facts)

    answer = as_alice.get(f"/codes/{code.reference}/replace/")

    assert answer["Location"] == f"{NEW}?replaces={code.reference}"
    assert value_in(send(as_alice, NEW, fill(as_alice.get(answer["Location"]))))
    assert newest().replaces == code and cloud.calls(DISABLE) == []


def test_a_colleague_may_replace_it(as_alice, bob, old, cloud):
    client = browser_of(bob)

    assert value_in(send(client, NEW, fill(form(client, old))))
    assert (newest().replaces, newest().created_by) == (old, bob)


def test_every_replacement_counts_against_the_quota(as_alice, old, web, cloud):
    type(web).objects.update(codes_per_day=1)

    page = send(as_alice, NEW, fill(form(as_alice, old)))

    assert page.status_code == 422 and RegisterCode.objects.count() == 1


def test_a_mistake_keeps_what_is_replaced_and_so_does_a_form_open_for_too_long(as_alice, old, cloud, monkeypatch):
    page = send(as_alice, NEW, fill(form(as_alice, old), register_limit="0"))
    assert page.status_code == 422 and "In place of" in text(page)

    monkeypatch.setattr("registercodes.submissions.MAX_AGE_SECONDS", -1)
    late = send(as_alice, NEW, fill(page, register_limit="7"))
    assert late.status_code == 422 and "open for too long" in text(late)
    monkeypatch.undo()

    assert value_in(send(as_alice, NEW, fill(late)))
    assert newest().replaces == old


# Once.


def test_two_forms_of_one_old_code_make_one_replacement_and_the_second_says_so(as_alice, old, cloud):
    first, second = form(as_alice, old), form(as_alice, old)
    send(as_alice, NEW, fill(first))
    taken = newest()

    page = send(as_alice, NEW, fill(second))

    assert page.status_code == 422 and RegisterCode.objects.count() == 2
    assert f"{old.reference} was replaced by {taken.reference} already. Nothing was sent." in summary(page)[0]
    assert value_in(send(as_alice, NEW, fill(page)))
    assert newest().replaces is None


def test_a_code_that_was_replaced_is_refused_clearly_and_not_disabled_again(as_alice, old, cloud):
    send(as_alice, NEW, fill(form(as_alice, old)))
    cloud.forget_calls()

    page = press(as_alice, old)

    assert (page.status_code, heading(page)) == (409, "This code was replaced before")
    assert f"Open {newest().reference}" in text(page) and cloud.calls() == []


@pytest.mark.parametrize("state", ["pending", "unknown", "refused", "not_sent"])
def test_what_is_not_settled_or_never_was_a_code_is_not_replaced(as_alice, alice, web, state):
    code = a_code(team=web, person=alice, state=state)

    page = press(as_alice, code)

    assert (page.status_code, heading(page)) == (409, "There is nothing to replace yet")
    assert f"/codes/{code.reference}/replace/" not in text(as_alice.get(f"/codes/{code.reference}/"))


@pytest.mark.parametrize("facts", [{"expires_at": ago(minutes=1)}, {"disabled_at": None, "state": "refused"}])
def test_the_card_of_a_spent_code_offers_another_and_no_replacement(as_alice, alice, web, facts):
    page = text(as_alice.get(f"/codes/{a_code(team=web, person=alice, **facts).reference}/"))

    assert "Create another like this" in page and "/replace/" not in page


# What must not happen.


def test_the_form_of_a_replacement_never_comes_before_the_old_one_is_on_record_as_unwanted(as_alice, old):
    answer = as_alice.get(f"{NEW}?replaces={old.reference}")

    assert answer["Location"] == f"/codes/{old.reference}/replace/"


def test_another_teams_code_is_never_replaced(as_charlie, charlie, payments, old, web, alice, cloud):
    gone = a_code(team=web, person=alice, state="absent")
    assert press(as_charlie, old).status_code == 404
    for code in (old, gone):
        assert as_charlie.get(f"/teams/payments/codes/new/?replaces={code.reference}").status_code == 404

    ours = Typed(charlie, payments)
    send(as_charlie, "/teams/payments/codes/new/", ours(submission=token_naming(gone, charlie, payments)))

    assert newest().replaces is None or newest().replaces.team == payments
    assert not RegisterCode.objects.filter(replaces=gone).exists()


def token_naming(code, who, team) -> str:
    """Such as only we could sign."""
    from registercodes import submissions

    return submissions.new_token(person=who, team=team, replaces=code)


def test_of_two_teams_of_ones_own_the_replacement_is_made_in_the_old_ones(as_alice, alice, payments, web, cloud):
    Membership.objects.create(team=payments, user=alice, checked_at=timezone.now())
    code = a_code(team=web, person=alice, state="absent")

    assert as_alice.get(f"/teams/payments/codes/new/?replaces={code.reference}").status_code == 404


def test_an_administrator_closes_and_never_replaces(as_erin, old, cloud):
    assert press(as_erin, old).status_code == 403
    assert cloud.calls(DISABLE) == []
    assert "/replace/" not in text(as_erin.get(f"/codes/{old.reference}/"))


def test_a_forged_token_replaces_nothing(as_alice, old, typed, cloud):
    press(as_alice, old)
    forged = re.sub("^.", "x", token_naming(old, old.created_by, old.team))

    page = send(as_alice, NEW, typed(submission=forged))

    assert page.status_code == 422 and "In place of" not in text(page)


def test_no_page_of_a_replacement_shows_the_old_value(as_alice, typed, cloud):
    value = value_in(send(as_alice, NEW, typed(ip_address_range="")))
    code = RegisterCode.objects.get()

    pages = [as_alice.get(f"/codes/{code.reference}/replace/"), page := form(as_alice, code)]
    pages += [send(as_alice, NEW, fill(page)), as_alice.get(f"/codes/{code.reference}/")]

    assert all(value not in text(one) for one in pages)


def test_who_left_the_team_between_the_press_and_the_form_replaces_nothing(as_alice, alice, old, cloud):
    filled = fill(form(as_alice, old))
    Membership.objects.filter(user=alice).delete()

    assert send(as_alice, NEW, filled).status_code == 404
    assert RegisterCode.objects.count() == 1
