"""The cast: Alice and Bob are in team Web, Charlie in Payments, Dora audits, Erin administers, Mallory is nobody."""

from dataclasses import dataclass

import pytest
from django.test import Client
from django.utils import timezone

from portal.sso.models import RoleGrant, User
from registercodes import submissions
from registercodes.models import Membership, Team

__all__ = [
    "alice",
    "as_alice",
    "as_bob",
    "as_charlie",
    "as_dora",
    "as_erin",
    "as_mallory",
    "bob",
    "charlie",
    "dora",
    "erin",
    "mallory",
    "payments",
    "typed",
    "web",
]  # fmt: skip


def person(name: str, *, teams: tuple[Team, ...] = (), roles: tuple[str, ...] = ()) -> User:
    user = User.objects.create_user(
        issuer="sample", subject=name, username=name, display_name=f"{name.title()} Sample"
    )
    for team in teams:
        Membership.objects.create(team=team, user=user, checked_at=timezone.now())
    for role in roles:
        RoleGrant.objects.create(user=user, role=role, checked_at=timezone.now())
    return user


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def web(db):
    return Team.objects.create(key="web", name="Web", sso_group="sample-web")


@pytest.fixture
def payments(db):
    return Team.objects.create(key="payments", name="Payments", sso_group="sample-payments")


@pytest.fixture
def alice(web):
    return person("alice", teams=(web,))


@pytest.fixture
def bob(web):
    return person("bob", teams=(web,))


@pytest.fixture
def charlie(payments):
    return person("charlie", teams=(payments,))


@pytest.fixture
def dora(db):
    return person("dora", roles=("auditor",))


@pytest.fixture
def erin(db):
    return person("erin", roles=("administrator",))


@pytest.fixture
def mallory(db):
    return person("mallory")


@pytest.fixture
def as_alice(alice):
    return browser_of(alice)


@pytest.fixture
def as_bob(bob):
    return browser_of(bob)


@pytest.fixture
def as_charlie(charlie):
    return browser_of(charlie)


@pytest.fixture
def as_dora(dora):
    return browser_of(dora)


@pytest.fixture
def as_erin(erin):
    return browser_of(erin)


@pytest.fixture
def as_mallory(mallory):
    return browser_of(mallory)


@dataclass
class Typed:
    """Fields as a browser sends them for one person and team; ``typed(description="…")`` changes some."""

    person: User
    team: Team

    def __call__(self, **changes: str) -> dict[str, str]:
        fields = {
            "region": "ap-singapore",
            "description": "webserver",
            "instance_name_prefix": "web",
            "register_limit": "10",
            "validity": "hours",
            "effective_time": "4",
            "ip_address_range": "203.0.113.0/24",
            "submission": submissions.new_token(person=self.person, team=self.team),
        }
        return {name: value for name, value in (fields | changes).items() if value is not None}


@pytest.fixture
def typed(alice, web):
    """What Alice typed for team Web, with a submission of its own at each call."""
    return Typed(alice, web)
