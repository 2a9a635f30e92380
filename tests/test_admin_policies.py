"""Administrators change what a team may ask for, with a reason on record; auditors look; nobody changes who is in it."""

import pytest
from django.contrib.admin.models import LogEntry
from reading_pages import heading, send, text
from records import break_in_chain

from registercodes import wording
from registercodes.models import AuditEvent, Team

pytestmark = pytest.mark.django_db

LIST = "/admin/registercodes/team/"


@pytest.fixture
def policy(web):
    return f"{LIST}{web.pk}/change/"


def fields_of(browser, policy, **changes):
    """The form as it is drawn, then what somebody changed in it."""
    form = browser.get(policy).context["adminform"].form
    fields = {name: form[name].value() for name in form.fields}
    fields |= {"reason": "asked for in OPS-7"} | changes
    pairs = []
    for name, value in fields.items():
        if isinstance(value, list):
            pairs += [(name, each) for each in value]
        elif value is True:
            pairs.append((name, "on"))
        elif value is not None and value is not False:
            pairs.append((name, str(value)))
    return pairs


def change(browser, policy, **changes):
    return send(browser, policy, fields_of(browser, policy, **changes))


def test_a_change_is_made_and_on_record_with_who_why_before_and_after(as_erin, policy, web):
    answer = change(as_erin, policy, max_hours="72", permanent_allowed=False, regions=["ap-singapore"])

    assert (answer.status_code, answer["Location"]) == (302, LIST)
    web.refresh_from_db()
    assert (web.max_hours, web.permanent_allowed, web.regions) == (72, False, ["ap-singapore"])
    event = AuditEvent.objects.get()
    assert (event.action, event.actor_name, event.team_name) == ("team.changed", "Erin Sample", "Web")
    assert event.detail == {
        "by": "erin",
        "reason": "asked for in OPS-7",
        "before": {"regions": [], "max_hours": 99_999, "permanent_allowed": True},
        "after": {"regions": ["ap-singapore"], "max_hours": 72, "permanent_allowed": False},
    }
    assert (event.client_ip, len(event.request_id)) == ("127.0.0.1", 32)
    assert break_in_chain() == ""


def test_the_event_of_a_change_reads_as_words_and_not_as_python(as_erin, policy):
    change(as_erin, policy, max_hours="72")

    story = text(as_erin.get(f"/admin/registercodes/auditevent/{AuditEvent.objects.get().pk}/change/"))

    assert '<span class="mono" translate="no">max_hours</span> 72<br>' in story
    assert "{&#x27;" not in story and "{'" not in story


def test_networks_are_typed_one_a_line_and_a_quota_can_be_emptied(as_erin, policy, web):
    change(as_erin, policy, allowed_networks="203.0.113.0/24\r\n198.51.100.0/24, 192.0.2.0/24", codes_per_day="5")
    change(as_erin, policy, codes_per_day="")

    web.refresh_from_db()
    assert web.allowed_networks == ["203.0.113.0/24", "198.51.100.0/24", "192.0.2.0/24"]
    assert web.codes_per_day is None


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"reason": ""}, "This field is required."),
        ({"reason": "   "}, "This field is required."),
        ({}, "Nothing is different from what it was."),
        ({"max_hours": "0"}, "team_hours_in_rules"),
        ({"max_register_limit": "10001"}, "team_limit_in_rules"),
        ({"widest_prefix": "33"}, "team_prefix_in_rules"),
        ({"allowed_networks": "203.0.113.7/24"}, "Not IPv4 networks: 203.0.113.7/24."),
        ({"regions": ["mars-1"]}, "mars-1 is not one of the available choices"),
        ({"max_hours": "72", "drawn": "0" * 64}, "was changed after the page was drawn"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_cannot_be_is_said_and_changes_nothing(as_erin, policy, web, changes, said):
    before = Team.objects.values().get()

    answer = change(as_erin, policy, **changes)

    assert answer.status_code == 200 and said in text(answer)
    assert Team.objects.values().get() == before and not AuditEvent.objects.exists()


def test_two_administrators_do_not_undo_each_other_unseen(as_erin, policy, web):
    early = fields_of(as_erin, policy, max_hours="72")
    change(as_erin, policy, max_register_limit="5")

    answer = send(as_erin, policy, early)

    assert "was changed after the page was drawn" in text(answer)
    web.refresh_from_db()
    assert (web.max_register_limit, web.max_hours) == (5, 99_999)


def test_a_team_can_be_switched_off_although_a_region_of_it_is_offered_no_more(as_erin, policy, web, settings):
    Team.objects.update(regions=["ap-gone", "ap-singapore"])

    answer = change(as_erin, policy, active=False)

    assert answer.status_code == 302
    web.refresh_from_db()
    assert (web.active, web.regions) == (False, ["ap-gone", "ap-singapore"])


@pytest.mark.parametrize("name", ["key", "name", "sso_group"])
def test_who_is_in_a_team_is_never_changed_here(as_erin, policy, web, name):
    assert f'name="{name}"' not in text(as_erin.get(policy)) and "sample-web" in text(as_erin.get(policy))

    change(as_erin, policy, max_hours="72", **{name: "another"})

    assert getattr(Team.objects.get(), name) == getattr(web, name)


def test_pages_of_teams_are_headed_by_what_they_show_in_the_words_of_the_form(as_dora, policy):
    listed = as_dora.get(LIST)

    assert heading(listed) == "Teams" and heading(as_dora.get(policy)) == "Policy of Web"
    for words in (
        "Most hosts per code",
        "Most hours",
        "Group at the identity provider",
        f">{wording.grouped(99_999)}</td>",
    ):
        assert words in text(listed)
    assert "Sso group" not in text(as_dora.get(policy))


def test_auditors_look_and_change_nothing(as_dora, as_erin, policy):
    assert "Web" in text(as_dora.get(LIST))
    shown = text(as_dora.get(policy))
    assert "99999" in shown and "Reason" not in shown and 'type="submit" value=' not in shown

    answer = send(as_dora, policy, fields_of(as_erin, policy, max_hours="72"))

    assert answer.status_code == 403
    assert not AuditEvent.objects.exclude(action="user.denied").exists()


@pytest.mark.parametrize("tail", ["add/", "{}/delete/", "{}/history/", "{}/"])
def test_a_team_is_neither_made_nor_removed_here_and_djangos_log_stays_empty(as_erin, policy, web, tail):
    change(as_erin, policy, max_hours="72")

    assert as_erin.get(LIST + tail.format(web.pk)).status_code == 404
    assert Team.objects.count() == 1 and not LogEntry.objects.exists()


def test_its_pages_need_no_script(as_dora, as_erin, policy):
    for page in (as_erin.get(LIST), as_erin.get(policy), as_dora.get(policy)):
        assert "<script" not in text(page) and "<style" not in text(page)


def test_queries_are_pinned(as_erin, policy, django_assert_num_queries):
    as_erin.get(policy)
    with django_assert_num_queries(4):
        as_erin.get(policy)
