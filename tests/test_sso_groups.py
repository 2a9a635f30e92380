"""Groups that are missing, malformed or almost right: signed in, in no team, and told whom to ask."""

import log_reading
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from misbehaving import GONE, claims, person, userinfo
from provider_visitor import is_signed_in, loopback_provider, provider, visit  # noqa: F401
from reading_pages import text

from portal.sso.models import RoleGrant
from registercodes.models import AuditEvent, Membership, Team

pytestmark = pytest.mark.django_db
User = get_user_model()

ELSEWHERE = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example.com"}}}
# What the provider says, and the word of the log line and the event.
NO_ACCESS = {
    "missing": (person(groups=GONE), "groups_missing"),
    "null": (person(groups=None), "groups_missing"),
    "text": (person(groups="sample-web"), "groups_not_a_list"),
    "several in one text": (person(groups="sample-web,portal-admins"), "groups_not_a_list"),
    "an object": (person(groups={"sample-web": True}), "groups_not_a_list"),
    "a number": (person(groups=1), "groups_not_a_list"),
    "true": (person(groups=True), "groups_not_a_list"),
    "numbers": (person(groups=[1, 2]), "groups_not_text"),
    "a list in a list": (person(groups=[["sample-web"]]), "groups_not_text"),
    "objects": (person(groups=[{"name": "sample-web"}]), "groups_not_text"),
    "5000 of them": (person(groups=[*(f"g{number}" for number in range(5000)), "sample-web"]), "groups_too_many"),
    "none": (person(groups=[]), "no_known_group"),
    "empty text": (person(groups=["", " ", "\0"]), "no_known_group"),
    "others": (person(groups=["everyone"]), "no_known_group"),
    "the beginning of a team's": (person(groups=["sample", "sample-", "sample-we"]), "no_known_group"),
    "a team's and more": (person(groups=["sample-web-admins", "sample-web2"]), "no_known_group"),
    "in capitals": (person(groups=["Sample-Web", "SAMPLE-WEB"]), "no_known_group"),
    "with blanks": (person(groups=["sample-web ", " sample-web", "sample-web\n"]), "no_known_group"),
    "as a path": (person(groups=["/sample-web"]), "no_known_group"),
    "with NUL": (person(groups=["sample-web\0"]), "no_known_group"),
    "with half a character": (person(groups=["sample-web\ud800"]), "no_known_group"),
    "in look-alike letters": (person(groups=["sample-wеb"]), "no_known_group"),
    "the team's key and name": (person(groups=["web", "Web"]), "no_known_group"),
    "a wildcard": (person(groups=["*", "%", "sample-%", "sample-*"]), "no_known_group"),
    "of 10 000 characters": (person(groups=["sample-web" * 1000]), "no_known_group"),
    "Entra's overage": (person(groups=GONE, **ELSEWHERE), "groups_overage"),
    "Entra's overage, in the browser's flow": (person(groups=GONE, hasgroups=True), "groups_overage"),
    "in another claim": (person(groups=GONE, roles=["sample-web"]), "groups_missing"),
    "in capitals of the claim's name": (person(groups=GONE, Groups=["sample-web"]), "groups_missing"),
    "empty in userinfo": (userinfo(groups=[]), "no_known_group"),
    "text in userinfo": (userinfo(groups="sample-web"), "groups_not_a_list"),
    "roles almost": (person(groups=["portal-admin", "Portal-Admins", "portal-auditors "]), "no_known_group"),
}


@pytest.mark.parametrize("name", NO_ACCESS)
def test_such_groups_open_nothing_and_the_page_names_whom_to_ask(client, provider, caplog, name):
    changes, reason = NO_ACCESS[name]
    provider.misbehave(**changes)
    log_reading.everything(caplog)

    assert visit(client, provider).status_code == 302
    page = client.get("/")

    assert page.status_code == 403
    assert "Ask the desk on floor three." in text(page)
    assert not Membership.objects.exists() and not RoleGrant.objects.exists()
    assert client.get("/teams/web/codes/new/").status_code in {403, 404}
    assert [record.reason for record in log_reading.warnings_of_sign_in(caplog)] == [reason]
    assert AuditEvent.objects.filter(action="user.denied", detail__reason=reason).count() == 1
    assert log_reading.leaked(caplog, provider.issued) == []


def test_a_long_list_that_is_still_honest_opens_the_team(client, provider):
    provider.person["groups"] = [*(f"group-{number:04}" for number in range(900)), "sample-web"]

    visit(client, provider)

    assert client.get("/").status_code == 200


@pytest.mark.parametrize(("group", "role"), [("portal-admins", "administrator"), ("portal-auditors", "auditor")])
def test_a_role_comes_from_its_group_and_opens_no_team(client, provider, group, role):
    provider.person["groups"] = [group]

    visit(client, provider)

    assert list(RoleGrant.objects.values_list("role", flat=True)) == [role]
    assert not Membership.objects.exists()
    assert client.get("/teams/web/codes/new/").status_code in {403, 404}


@pytest.mark.parametrize("path", ["realm_access.roles", "https://portal.example.com/groups"])
def test_the_claim_may_be_a_path_or_a_name_with_dots(client, provider, settings, path):
    settings.OIDC_GROUPS_CLAIM = path
    nested = {"realm_access": {"roles": ["sample-web"]}, "https://portal.example.com/groups": ["sample-web"]}
    provider.person = {name: value for name, value in provider.person.items() if name != "groups"} | nested

    visit(client, provider)

    assert client.get("/").status_code == 200


@pytest.mark.parametrize("found", [None, "sample-web", ["sample-web"], {"roles": "sample-web"}, {"roles": {"a": 1}}])
def test_a_path_that_leads_nowhere_opens_nothing(client, provider, settings, found):
    settings.OIDC_GROUPS_CLAIM = "realm_access.roles"
    provider.misbehave(**person(realm_access=found))

    visit(client, provider)

    assert client.get("/").status_code == 403


def test_groups_of_userinfo_count_before_those_of_the_id_token(client, provider, payments):
    provider.misbehave(**claims(groups=["sample-payments"]))

    visit(client, provider)

    assert list(Membership.objects.values_list("team__key", flat=True)) == ["web"]


def test_a_group_that_is_gone_at_the_next_sign_in_takes_the_team_away(client, provider):
    visit(client, provider)
    provider.person["groups"] = ["everyone"]
    again = Client()

    visit(again, provider)

    assert again.get("/").status_code == 403
    assert not Membership.objects.exists()


STRANGER = {"sub": "subject-of-mallory", "groups": []}


@pytest.mark.parametrize(
    "stolen", ["preferred_username", "email", "name"], ids=["user name", "e-mail", "display name"]
)
def test_a_stranger_under_a_known_label_is_somebody_else(client, provider, stolen):
    visit(client, provider)
    alice = User.objects.get()
    mallory = {"preferred_username": "mallory", "name": "Mallory", "email": "mallory@example.com"} | STRANGER
    provider.person = mallory | {stolen: provider.person[stolen]}
    other = Client()

    visit(other, provider)

    assert is_signed_in(other) and other.get("/").status_code == 403
    assert User.objects.count() == 2
    assert list(Membership.objects.values_list("user", flat=True)) == [alice.pk]
    assert User.objects.get(pk=alice.pk).username == alice.username
    assert len(set(User.objects.values_list("username", flat=True))) == 2


@pytest.mark.parametrize("subject", ["SUBJECT-OF-ALICE", "subject-of-alic", "subject-of-alice2", " subject-of-alice"])
def test_a_subject_is_compared_to_the_letter(client, provider, subject):
    visit(client, provider)
    provider.person |= STRANGER | {"sub": subject}
    other = Client()

    visit(other, provider)

    assert other.get("/").status_code in {302, 403}
    assert User.objects.filter(subject="subject-of-alice").count() == 1
    assert Membership.objects.get().user.subject == "subject-of-alice"


def test_the_same_subject_of_another_issuer_is_another_person(client, provider, alice):
    User.objects.filter(pk=alice.pk).update(issuer="https://old.example.com", subject=provider.person["sub"])
    provider.person["groups"] = []

    visit(client, provider)

    assert client.get("/").status_code == 403
    assert User.objects.count() == 2 and Membership.objects.get().user == alice


def test_a_deactivated_person_is_not_let_in(client, provider, caplog):
    visit(client, provider)
    User.objects.update(is_active=False)
    other = Client()

    answer = visit(other, provider)

    assert answer.status_code == 403
    assert not is_signed_in(other) and not is_signed_in(client)
    assert [record.reason for record in log_reading.warnings_of_sign_in(caplog)] == ["deactivated"]
    assert AuditEvent.objects.filter(action="user.denied", detail__reason="deactivated").count() == 1


def test_a_team_without_a_group_of_its_own_is_opened_by_no_empty_name(client, provider, web):
    """The constraint forbids an empty group; an empty name in the list must not even ask."""
    Team.objects.create(key="blank", name="Blank", sso_group=" ")
    provider.person["groups"] = ["", " ", "  "]

    visit(client, provider)

    assert not Membership.objects.filter(team=web).exists()
