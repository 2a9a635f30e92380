"""A team's policy narrows what the API takes, says so beside each field beforehand, and is no matter of the form alone."""

import html
import re
import uuid

import pytest
from django.db import IntegrityError, transaction
from reading_pages import chosen_in, errors_beside, picked_in, send, summary, text, typed_in, value_in
from records import a_code

from registercodes import issuing, policies
from registercodes.audit import NOWHERE
from registercodes.models import AuditEvent, RegisterCode, Team
from registercodes.rules import Asked

pytestmark = pytest.mark.django_db

NEW = "/teams/web/codes/new/"
TEN = {"allowed_networks": ["203.0.113.0/24", "198.51.100.0/25"]}

# policy, what is asked, the field it concerns; the same with one step less is allowed.
REFUSED = [
    ({"regions": ["eu-frankfurt"]}, {"region": "ap-singapore"}, "region"),
    ({"max_register_limit": 50}, {"register_limit": 51}, "register_limit"),
    ({"max_hours": 72}, {"effective_time": 73}, "effective_time"),
    ({"permanent_allowed": False}, {"effective_time": 100_000}, "effective_time"),
    ({"permanent_allowed": False, "max_hours": 99_999}, {"effective_time": 10**17}, "effective_time"),
    ({"ip_range_required": True}, {"ip_address_range": ""}, "ip_address_range"),
    ({"ip_range_required": True}, {"ip_address_range": "0.0.0.0/0"}, "ip_address_range"),
    ({"ip_range_required": True}, {"ip_address_range": "203.0.113.9/0"}, "ip_address_range"),
    ({"widest_prefix": 24}, {"ip_address_range": ""}, "ip_address_range"),
    ({"widest_prefix": 24}, {"ip_address_range": "203.0.113.0/23"}, "ip_address_range"),
    ({"widest_prefix": 1}, {"ip_address_range": "203.0.113.9/0"}, "ip_address_range"),
    ({"widest_prefix": 32}, {"ip_address_range": "203.0.113.8/31"}, "ip_address_range"),
    (TEN, {"ip_address_range": ""}, "ip_address_range"),
    (TEN, {"ip_address_range": "0.0.0.0/0"}, "ip_address_range"),
    (TEN, {"ip_address_range": "203.0.112.255"}, "ip_address_range"),
    (TEN, {"ip_address_range": "203.0.113.0/23"}, "ip_address_range"),
    (TEN, {"ip_address_range": "198.51.100.128"}, "ip_address_range"),
    ({"description_required": True}, {"description": ""}, "description"),
]
ALLOWED = [
    ({"regions": ["ap-singapore"]}, {"region": "ap-singapore"}),
    ({"regions": []}, {"region": "na-siliconvalley"}),
    ({"max_register_limit": 50}, {"register_limit": 50}),
    ({"max_hours": 72}, {"effective_time": 72}),
    ({"max_hours": 72}, {"effective_time": 100_000}),
    ({"permanent_allowed": False}, {"effective_time": 99_999}),
    ({"ip_range_required": True}, {"ip_address_range": "203.0.113.9/1"}),
    ({"widest_prefix": 24}, {"ip_address_range": "203.0.113.9/24"}),
    ({"widest_prefix": 32}, {"ip_address_range": "203.0.113.9"}),
    (TEN, {"ip_address_range": "203.0.113.9/24"}),
    (TEN, {"ip_address_range": "198.51.100.127"}),
    ({"description_required": True}, {"description": "d"}),
    ({}, {"ip_address_range": "0.0.0.0/0", "register_limit": 10_000, "effective_time": 10**17}),
]


def asked_for(**changes) -> Asked:
    return Asked(**({"region": "ap-singapore", "description": "web", "ip_address_range": "203.0.113.9"} | changes))


def narrow(team, **policy) -> Team:
    Team.objects.filter(pk=team.pk).update(**policy)
    team.refresh_from_db()
    return team


@pytest.mark.parametrize(("policy", "changes", "field"), REFUSED, ids=lambda part: ascii(part)[:50])
def test_what_goes_beyond_the_policy_is_refused_for_its_field(web, policy, changes, field):
    problems = policies.check(asked_for(**changes), narrow(web, **policy))

    assert [(problem.field, problem.code) for problem in problems] == [(field, "policy")]
    assert str(problems[0]).endswith(".") and "Your team" in str(problems[0])


@pytest.mark.parametrize(("policy", "changes"), ALLOWED, ids=lambda part: ascii(part)[:50])
def test_what_lies_within_the_policy_is_allowed(web, policy, changes):
    assert policies.check(asked_for(**changes), narrow(web, **policy)) == []


@pytest.mark.parametrize(("policy", "changes", "field"), REFUSED, ids=lambda part: ascii(part)[:50])
def test_issuing_refuses_it_too_since_a_form_is_no_guard(alice, web, cloud, policy, changes, field):
    result = issuing.issue(
        actor=alice, team=narrow(web, **policy), asked=asked_for(**changes), submission=uuid.uuid4(), origin=NOWHERE
    )

    assert isinstance(result, issuing.Denied) and result.problems[0].field == field
    assert cloud.calls() == [] and not RegisterCode.objects.exists()


def test_issuing_refuses_what_the_api_would_too(alice, web, cloud):
    asked = Asked("mars", "d" * 129, "p" * 33, 0, 0, "::1")

    result = issuing.issue(actor=alice, team=web, asked=asked, submission=uuid.uuid4(), origin=NOWHERE)

    assert len(result.problems) == 6
    assert cloud.calls() == [] and not RegisterCode.objects.exists()


# In the page.


def planned(response) -> list[str]:
    """The sentence, or what is still to mend."""
    panel = re.search(r'id="plan".*?</aside>', text(response), re.DOTALL).group(0)
    found = re.findall(r'<p class="plan-sentence">(.*?)</p>|<li>(.*?)</li>', panel)
    return [html.unescape(sentence or item) for sentence, item in found]


def test_the_first_plan_is_what_the_form_would_send_under_the_policy(as_alice, web):
    narrow(web, description_required=True, ip_range_required=True)

    assert planned(as_alice.get(NEW)) == [
        "Description: Your team asks for a description.",
        "IP range: Your team asks for an IP range.",
    ]


def test_another_like_it_says_what_the_team_may_not_ask_for_any_more(as_alice, alice, web):
    like = a_code(team=web, person=alice, region="eu-frankfurt", register_limit=500)
    narrow(web, regions=["ap-singapore"], max_register_limit=50)

    page = as_alice.get(f"{NEW}?like={like.reference}")

    assert "The earlier code was made in eu-frankfurt, which is not offered to this team any more." in text(page)
    assert planned(page) == ["How many hosts: Your team may enrol at most 50 hosts with one code."]


def test_another_like_it_plans_the_region_that_the_form_holds(as_alice, alice, web):
    like = a_code(team=web, person=alice, region="eu-frankfurt")
    narrow(web, regions=["na-siliconvalley", "ap-singapore"])

    page = as_alice.get(f"{NEW}?like={like.reference}")

    assert planned(page)[0].startswith(f"Up to 10 hosts in {chosen_in(page, 'region')}, ")


def test_another_like_a_permanent_one_is_planned_with_hours_where_permanent_is_not_allowed(as_alice, alice, web):
    like = a_code(team=web, person=alice, permanent=True, effective_time=100_000)
    assert "for ever" in planned(as_alice.get(f"{NEW}?like={like.reference}"))[0]
    narrow(web, permanent_allowed=False)

    assert ", until " in planned(as_alice.get(f"{NEW}?like={like.reference}"))[0]


@pytest.mark.parametrize("ask", ["get", "post"])
def test_nothing_is_planned_once_the_days_quota_is_used_up(as_alice, alice, web, typed, ask):
    narrow(web, codes_per_day=1)
    a_code(team=web, person=alice)

    page = as_alice.get(NEW) if ask == "get" else as_alice.post("/teams/web/codes/plan/", typed())

    assert "quota for today (1) is used up" in text(page) and "Up to 10 hosts" not in text(page)


STRICT = {
    "regions": ["ap-singapore", "eu-frankfurt"],
    "max_register_limit": 5,
    "max_hours": 2,
    "permanent_allowed": False,
    "ip_range_required": True,
    "allowed_networks": ["203.0.113.0/24"],
    "widest_prefix": 28,
    "description_required": True,
}


def test_the_form_says_each_limit_beside_its_field_before_anything_is_typed(as_alice, web):
    narrow(web, **STRICT)

    page = text(as_alice.get(NEW))

    for said in (
        *(
            "From 1 to 5; 5 if left empty.",
            "From 1 to 2 hours. Your team may not make permanent codes.",
            "At the widest /28.",
        ),
        *("Your team may use 203.0.113.0/24.", "Your team asks for one."),
    ):
        assert said in page
    assert "na-siliconvalley" not in page


def test_the_form_begins_within_the_policy(as_alice, web, cloud, typed):
    narrow(web, max_register_limit=5, max_hours=2)
    page = as_alice.get(NEW)

    assert (typed_in(page, "register_limit"), typed_in(page, "effective_time")) == ("5", "2")
    assert value_in(send(as_alice, NEW, typed(register_limit="", effective_time="")))
    assert RegisterCode.objects.values_list("register_limit", "effective_time").get() == (5, 2)


def test_every_limit_that_was_passed_is_told_beside_its_field_and_noted_once(as_alice, web, typed, cloud):
    narrow(web, **STRICT)
    beyond = typed(
        region="ap-seoul", description="", register_limit="6", effective_time="3", ip_address_range="10.0.0.1"
    )

    answers = [send(as_alice, NEW, beyond) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {422}
    assert set(errors_beside(answers[0])) == set(beyond) - {"instance_name_prefix", "validity", "submission"}
    assert errors_beside(answers[0])["region"] == ["Your team may not make codes in this region."]
    assert AuditEvent.objects.get().detail["reason"] == (
        "web:description.policy,effective_time.policy,ip_address_range.policy,region.policy,register_limit.policy"
    )
    assert cloud.calls() == []


@pytest.mark.parametrize(
    ("change", "field"), [({"validity": "permanent"}, "Valid"), ({"effective_time": "100000"}, "Hours")], ids=str
)
def test_permanent_by_choice_or_by_number_meets_the_same_policy(as_alice, web, typed, cloud, change, field):
    narrow(web, permanent_allowed=False)

    answer = send(as_alice, NEW, typed(**change))

    assert summary(answer) == [f"{field}: Your team may not make permanent codes."]
    assert AuditEvent.objects.get().detail["reason"] == "web:effective_time.policy"
    assert cloud.calls() == []


def test_permanent_is_offered_only_to_a_team_that_may_and_to_whom_chose_it(as_alice, web, typed):
    assert "Permanently" in text(as_alice.get(NEW))
    narrow(web, permanent_allowed=False)

    assert "Permanently" not in text(as_alice.get(NEW))
    assert "Permanently" not in text(send(as_alice, NEW, typed(register_limit="0")))
    answer = send(as_alice, NEW, typed(validity="permanent"))
    assert picked_in(answer, "validity") == "permanent"
    assert list(errors_beside(answer)) == ["validity"]


def test_a_team_without_permanent_codes_sends_its_form_without_the_choice(as_alice, web, typed, cloud):
    narrow(web, permanent_allowed=False)

    assert value_in(send(as_alice, NEW, typed(validity=None)))


def test_no_policy_ever_allows_more_than_the_portal_offers(web, settings):
    settings.TAT_REGIONS = ["ap-singapore"]
    narrow(web, regions=["ap-singapore", "eu-frankfurt"])

    assert policies.regions_of(web) == ("ap-singapore",)
    assert policies.check(asked_for(region="eu-frankfurt"), web)


@pytest.mark.parametrize("policy", [{"max_register_limit": 10_001}, {"max_hours": 0}, {"widest_prefix": 33}], ids=str)
def test_no_policy_outside_the_apis_rules_can_be_stored(web, policy):
    with pytest.raises(IntegrityError), transaction.atomic():
        Team.objects.filter(pk=web.pk).update(**policy)


def test_an_inactive_team_never_issues_even_past_the_view(alice, web, cloud):
    narrow(web, active=False)

    result = issuing.issue(actor=alice, team=web, asked=asked_for(), submission=uuid.uuid4(), origin=NOWHERE)

    assert [problem.code for problem in result.problems] == ["inactive"]
    assert cloud.calls() == [] and not RegisterCode.objects.exists()
