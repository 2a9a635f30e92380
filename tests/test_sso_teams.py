"""Teams and roles are what the provider's groups say, to the letter, and nothing a person or the database says besides."""

import pytest
from cast import Typed
from django.core.management import CommandError, call_command
from django.db import models
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import send, text
from records import a_code
from seats import seat

from portal.sso import claims
from portal.sso.models import RoleGrant, User
from registercodes import teams
from registercodes.models import AuditEvent, Membership, Team

pytestmark = pytest.mark.django_db

ADMINS, AUDITORS = "portal-admins", "portal-auditors"


def signed_in(name: str = "ann", *groups: str):
    return seat(name, groups=list(groups)), User.objects.get(username=name)


def keys_of(person: User) -> set[str]:
    return set(Membership.objects.filter(user=person).values_list("team__key", flat=True))


# Where the groups are.

NESTED = {"realm_access": {"roles": ["sample-web"]}}
ADDRESS = "https://portal.example.com/claims/groups"


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("groups", {"groups": ["sample-web"]}),
        ("realm_access.roles", NESTED),
        ("resource_access.register-codes.roles", {"resource_access": {"register-codes": {"roles": ["sample-web"]}}}),
        (ADDRESS, {ADDRESS: ["sample-web"]}),
        ("cognito:groups", {"cognito:groups": ["sample-web"]}),
        ("roles", {"roles": ["sample-web"], "groups": ["other"]}),
    ],
)
def test_the_claim_is_found_where_the_operator_says(client, provider, settings, web, path, told):
    settings.OIDC_GROUPS_CLAIM = path
    provider.person = {name: value for name, value in provider.person.items() if name != "groups"} | told

    visit(client, provider)

    assert keys_of(User.objects.get()) == {"web"}


def test_a_claim_of_the_whole_name_goes_before_the_path():
    told = {"realm_access.roles": ["whole"], "realm_access": {"roles": ["inside"]}}

    assert claims.groups_of(told, path="realm_access.roles").names == {"whole"}


@pytest.mark.parametrize(
    "path", ["realm_access", "realm_access.", ".roles", "realm_access..roles", "realm_access.role"]
)
def test_a_path_that_is_almost_right_leads_nowhere(path):
    found = claims.groups_of(NESTED, path=path)

    assert (found.names, found.problem in {"missing", "not_a_list"}) == (frozenset(), True)


# To the letter.


@pytest.mark.parametrize(
    "group",
    [
        *("sample-we", "sample-web2", "Sample-web", "SAMPLE-WEB", " sample-web", "sample-web ", "sample_web"),
        *("/sample-web", "sample-web/", "ops/sample-web", "sample-web,other", "sample%web", "sample-*", "sample-wеb"),
        *("sample\u2010web", "sample-web\u200b", "ｓample-web", "sample-web\0", ""),
    ],
)
def test_a_group_that_is_almost_a_teams_opens_nothing(provider, web, group):
    browser, person = signed_in("ann", group)

    assert keys_of(person) == set()
    assert browser.get("/").status_code == 403


@pytest.mark.parametrize(
    "group", ["0760b6cf-170e-4a14-91b3-4b78e0739963", "/ops/web", "Ops & Web (EU)", "équipe-web", "*"]
)
def test_a_group_may_have_any_name_that_the_team_has(provider, group):
    Team.objects.create(key="any", name="Any", sso_group=group)

    _, person = signed_in("ann", "everyone", group)

    assert keys_of(person) == {"any"}


def test_two_groups_open_two_teams_and_what_is_lost_is_on_record(provider, web, payments):
    _, person = signed_in("ann", "sample-web", "sample-payments")
    assert keys_of(person) == {"web", "payments"}

    signed_in("ann", "sample-payments", ADMINS)

    assert keys_of(person) == {"payments"}
    event = AuditEvent.objects.filter(action="user.teams_changed").latest("sequence")
    assert event.detail == {"gained": [], "lost": ["web"], "roles_gained": ["administrator"], "roles_lost": []}


# Roles.


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        ([ADMINS], {"administrator"}),
        ([AUDITORS], {"auditor"}),
        ([ADMINS, AUDITORS], {"administrator", "auditor"}),
        ([ADMINS.upper(), f"{AUDITORS} ", "portal-admin", ""], set()),
    ],
)
def test_roles_come_from_their_groups_alone(provider, web, groups, roles):
    browser, person = signed_in("ann", *groups)

    assert person.roles == roles
    assert keys_of(person) == set()
    assert browser.get("/").status_code == (200 if roles else 403)


def test_a_role_may_be_given_by_several_groups(provider, settings):
    settings.OIDC_ADMIN_GROUPS = ["night-shift", ADMINS]

    assert [signed_in(name, group)[1].roles for name, group in (("ann", ADMINS), ("ben", "night-shift"))] == [
        {"administrator"},
        {"administrator"},
    ]


def test_one_group_may_give_both_roles(provider, settings):
    settings.OIDC_AUDITOR_GROUPS = settings.OIDC_ADMIN_GROUPS

    assert signed_in("ann", ADMINS)[1].roles == {"administrator", "auditor"}


@pytest.mark.parametrize("groups", [[ADMINS], [AUDITORS], [ADMINS, AUDITORS]])
def test_a_role_without_a_team_cannot_issue(provider, web, cloud, groups):
    browser, person = signed_in("ann", *groups)

    assert browser.get("/teams/web/codes/new/").status_code == 404
    assert send(browser, "/teams/web/codes/new/", Typed(person, web)()).status_code == 404
    assert cloud.calls() == []


def test_a_role_with_a_team_issues_for_that_team_alone(provider, web, payments, cloud):
    browser, person = signed_in("ann", "sample-web", ADMINS)

    assert send(browser, "/teams/web/codes/new/", Typed(person, web)()).status_code == 200
    assert browser.get("/teams/payments/codes/new/").status_code == 404
    assert len(cloud.calls("CreateRegisterCode")) == 1


def test_a_role_that_is_lost_is_lost_at_the_next_sign_in(provider, payments):
    code = a_code(team=payments, person=User.objects.create_user(issuer="i", subject="s", username="zoe"))
    signed_in("ann", AUDITORS)

    browser, person = signed_in("ann", "everyone")

    assert not RoleGrant.objects.exists() and not person.is_staff
    assert browser.get(f"/codes/{code.reference}/").status_code == 404


def test_staff_is_derived_and_never_stored(provider):
    columns = {field.name for field in User._meta.get_fields() if isinstance(field, models.Field)}

    assert not columns & {"is_staff", "is_superuser", "groups", "user_permissions"}
    assert [signed_in(name, group)[1].is_staff for name, group in (("ann", ADMINS), ("ben", AUDITORS))] == [True, True]
    person = signed_in("cora", "sample-web")[1]
    assert not person.is_staff and not person.is_superuser
    with pytest.raises(AttributeError):
        person.is_staff = True


def test_nobody_who_is_deactivated_is_staff(provider):
    _, person = signed_in("ann", ADMINS)
    person.is_active = False

    assert not person.is_staff


def test_a_role_opens_no_permission_of_djangos(provider):
    _, person = signed_in("ann", ADMINS, AUDITORS)

    assert not person.has_perm("sso.change_user") and not person.has_module_perms("registercodes")


# What must not happen: a team on a role's group, by whichever way it came about.


@pytest.mark.parametrize("group", [ADMINS, AUDITORS])
def test_the_operator_cannot_point_a_team_at_a_roles_group(provider, web, group):
    with pytest.raises(CommandError, match="This group gives a role"):
        call_command("team", "create", "staff", "--name", "Staff", "--sso-group", group)
    with pytest.raises(CommandError, match="This group gives a role"):
        call_command("team", "change", "web", "--reason", "OPS-7", "--sso-group", group)
    assert list(Team.objects.values_list("key", "sso_group")) == [("web", "sample-web")]


@pytest.mark.parametrize("group", [ADMINS, AUDITORS])
def test_a_team_that_has_one_all_the_same_is_opened_to_nobody(provider, web, group):
    """The variables may have changed after the team was made."""
    Team.objects.filter(pk=web.pk).update(sso_group=group)

    browser, person = signed_in("ann", group)

    assert keys_of(person) == set() and person.roles
    assert browser.get("/teams/web/codes/new/").status_code == 404


def test_a_membership_from_before_the_group_gave_a_role_ends_at_the_next_sign_in(provider, settings, web):
    _, person = signed_in("ann", "sample-web")
    settings.OIDC_AUDITOR_GROUPS = ["sample-web"]

    signed_in("ann", "sample-web")

    assert keys_of(person) == set()


@pytest.mark.parametrize("group", [" sample", "sample ", "\tsample", "sam\nple", "sample\0", "sam\u202eple"])
def test_a_team_cannot_have_a_group_with_blanks_around_it_or_what_cannot_be_seen(group):
    assert teams.group_problem(group)
    with pytest.raises(CommandError, match="matched to the letter"):
        call_command("team", "create", "blank", "--name", "Blank", "--sso-group", group)


@pytest.mark.parametrize("group", ["", " ", "  "])
def test_a_team_cannot_have_an_empty_group(group):
    with pytest.raises(CommandError, match="sso_group"):
        call_command("team", "create", "blank", "--name", "Blank", "--sso-group", group)
    assert not Team.objects.exists()


def test_a_person_without_groups_is_told_whom_to_ask(provider):
    browser, _ = signed_in("ann")

    assert "Ask the desk on floor three." in text(browser.get("/"))
