"""`manage.py team` makes, changes and lists teams, each change on record with who, why, before and after."""

import getpass
import shlex

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from records import break_in_chain

from registercodes import teams
from registercodes.models import AuditEvent, Team

pytestmark = pytest.mark.django_db

POLICY = (
    *("--regions", "ap-singapore,eu-frankfurt", "--max-register-limit", "50", "--max-hours", "72"),
    *("--permanent-allowed", "no", "--ip-range-required", "yes"),
    *("--allowed-networks", "203.0.113.0/24,198.51.100.0/24", "--widest-prefix", "24"),
    *("--description-required", "yes", "--codes-per-day", "20"),
)


def team(*words) -> None:
    call_command("team", *words)


def create(key="web", *more) -> Team:
    team("create", key, "--name", key.title(), "--sso-group", f"group-{key}", *more)
    return Team.objects.get(key=key)


def change(*options, reason="asked for in OPS-7") -> AuditEvent:
    team("change", "web", "--reason", reason, *options)
    return AuditEvent.objects.latest("sequence")


def test_a_new_team_may_ask_for_whatever_the_api_allows():
    web = create()

    assert (web.name, web.sso_group, web.active) == ("Web", "group-web", True)
    assert (web.max_register_limit, web.max_hours, web.permanent_allowed, web.codes_per_day) == (
        10_000,
        99_999,
        True,
        None,
    )
    assert (web.regions, web.allowed_networks, web.widest_prefix, web.ip_range_required) == ([], [], 0, False)


def test_making_one_is_on_record_with_the_operators_name():
    create()

    event = AuditEvent.objects.get()
    assert (event.action, event.team_name, event.actor_name) == ("team.created", "Web", "")
    assert event.detail["by"] == getpass.getuser()
    assert event.detail["after"]["sso_group"] == "group-web"
    assert break_in_chain() == ""


def test_every_limit_can_be_set():
    create()

    change(
        *("--name", "Web shop", "--sso-group", "other", "--active", "no", "--regions", "ap-singapore, eu-frankfurt"),
        *POLICY[2:],
    )

    assert Team.objects.values().get() | {"id": 0, "created_at": 0} == {
        "id": 0,
        "key": "web",
        "name": "Web shop",
        "sso_group": "other",
        "active": False,
        "regions": ["ap-singapore", "eu-frankfurt"],
        "max_register_limit": 50,
        "max_hours": 72,
        "permanent_allowed": False,
        "ip_range_required": True,
        "allowed_networks": ["203.0.113.0/24", "198.51.100.0/24"],
        "widest_prefix": 24,
        "description_required": True,
        "codes_per_day": 20,
        "created_at": 0,
    }


def test_a_change_is_on_record_with_its_reason_and_only_what_changed():
    create()

    event = change("--max-hours", "72", "--permanent-allowed", "yes")

    assert event.action == "team.changed"
    assert event.detail == {
        "by": getpass.getuser(),
        "reason": "asked for in OPS-7",
        "before": {"max_hours": 99_999},
        "after": {"max_hours": 72},
    }


def test_lists_and_the_quota_can_be_emptied_again():
    create("web", "--regions", "ap-singapore", "--codes-per-day", "5")

    change("--regions", "", "--codes-per-day", "none")

    assert Team.objects.values_list("regions", "codes_per_day").get() == ([], None)


def test_teams_are_listed_by_name(capsys):
    team("list")
    assert "No teams yet" in capsys.readouterr().out
    create("web")
    create("apps", "--active", "no")
    capsys.readouterr()

    team("list")

    assert capsys.readouterr().out.splitlines()[::2] == [
        "apps\tApps (inactive)\tgroup group-apps",
        "web\tWeb\tgroup group-web",
    ]


def test_the_list_shows_each_policy_in_the_words_that_set_it(capsys):
    create("web", *POLICY)
    create("apps")
    capsys.readouterr()

    team("list")

    apps, web = (shlex.split(line) for line in capsys.readouterr().out.splitlines()[1::2])
    assert web == ["--active", "yes", *POLICY]
    assert apps[apps.index("--regions") + 1] == "" and apps[-2:] == ["--codes-per-day", "none"]
    team("change", "apps", "--reason", "as web", *web)
    assert len({str(Team.objects.values(*teams.POLICY).get(key=key)) for key in ("web", "apps")}) == 1


def test_the_help_of_create_and_change_names_every_limit(capsys):
    for action in ("create", "change"):
        with pytest.raises(SystemExit):
            team(action, "--help")
        named = capsys.readouterr().out
        assert [word for word in POLICY[::2] if word not in named] == []


WRONG = {
    "limit of 0": (("--max-register-limit", "0"), "limit"),
    "limit above the API's": (("--max-register-limit", "10001"), "limit"),
    "hours of 0": (("--max-hours", "0"), "hours"),
    "hours above the API's": (("--max-hours", "100000"), "hours"),
    "prefix of 33": (("--widest-prefix", "33"), "prefix"),
    "unknown region": (("--regions", "ap-singapore,mars"), "regions: Not among TAT_REGIONS: mars."),
    "host bits": (("--allowed-networks", "203.0.113.1/24"), "allowed_networks: Not IPv4 networks: 203.0.113.1/24."),
    "IPv6": (("--allowed-networks", "2001:db8::/32"), "allowed_networks"),
    "no group": (("--sso-group", ""), "sso_group"),
    "no name": (("--name", ""), "name"),
    "long name": (("--name", "n" * 81), "name"),
}


@pytest.mark.parametrize(("options", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_and_changes_nothing(options, said):
    before = create() and Team.objects.values().get()

    with pytest.raises(CommandError, match=said.replace(".", r"\.")):
        change(*options)

    assert Team.objects.values().get() == before
    assert AuditEvent.objects.count() == 1


def test_a_group_belongs_to_one_team_and_a_key_to_one():
    create("web")

    for words in (("web", "--sso-group", "another"), ("shop", "--sso-group", "group-web")):
        with pytest.raises(CommandError, match=r"^(A t|key: T)eam with this .* already exists"):
            team("create", words[0], "--name", "Shop", *words[1:])
    assert Team.objects.count() == 1


@pytest.mark.parametrize("key", ["", "Web Shop", "web/shop", "wéb", "k" * 41, "<b>"])
def test_a_key_is_a_word_for_an_address(key):
    with pytest.raises(CommandError, match="key"):
        create(key)


@pytest.mark.parametrize(
    "words",
    [
        *(
            (),
            ("create",),
            ("create", "web"),
            ("create", "web", "--name", "Web"),
            ("change", "web"),
            ("delete", "web"),
        ),
        ("change", "web", "--name", "no reason"),
        ("change", "web", "--reason", "r", "--active", "perhaps"),
        ("change", "web", "--reason", "r", "--max-hours", "many"),
        ("change", "web", "--reason", "r", "--key", "other"),
    ],
    ids=" ".join,
)
def test_words_the_command_does_not_know_are_refused(words):
    with pytest.raises((CommandError, SystemExit)):
        team(*words)


def test_a_change_needs_something_to_change_and_a_team_that_exists():
    with pytest.raises(CommandError, match="There is no team web"):
        change("--max-hours", "1")
    create()
    with pytest.raises(CommandError, match="at least one thing"):
        change()


def test_a_team_can_be_switched_off_although_its_region_is_offered_no_more(settings):
    create("web", "--regions", "ap-singapore,eu-frankfurt")
    settings.TAT_REGIONS = ["eu-frankfurt"]

    change("--active", "no")

    assert Team.objects.values_list("active", "regions").get() == (False, ["ap-singapore", "eu-frankfurt"])
    with pytest.raises(CommandError, match="Not among TAT_REGIONS: ap-singapore"):
        change("--regions", "ap-singapore")


@pytest.mark.parametrize("reason", ["", "   "])
def test_no_change_is_ever_made_without_a_reason(reason):
    create()

    with pytest.raises(CommandError, match="reason"):
        change("--max-hours", "1", reason=reason)

    assert Team.objects.get().max_hours == 99_999


NOT_OURS = {
    "another mode": ("PORTAL_MODE", "production"),
    "another cloud": ("TAT_ENDPOINT", "http://127.0.0.1:8002"),
    "another account": ("TAT_ACCOUNT", "another"),
    "another key": ("AUDIT_KEY", "m" * 40),
}


@pytest.mark.parametrize(("variable", "value"), NOT_OURS.values(), ids=NOT_OURS)
def test_nothing_is_written_into_the_record_of_another_portal(settings, variable, value):
    create()
    before = list(Team.objects.values())
    setattr(settings, variable, value)

    for words in (
        ("create", "apps", "--name", "Apps", "--sso-group", "g"),
        ("change", "web", "--reason", "r", "--name", "W"),
    ):
        with pytest.raises(ImproperlyConfigured, match=variable):
            team(*words)

    assert list(Team.objects.values()) == before
    assert AuditEvent.objects.count() == 1
