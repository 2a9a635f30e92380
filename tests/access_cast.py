"""Who the tests of access are about: a code of Alice’s, a team that is switched off, and a browser of anybody."""

import pytest
from cast import browser_of, person
from django.test import Client
from django.utils import timezone
from records import a_code

from portal.sso.models import User
from registercodes.models import Membership, Team


@pytest.fixture
def asleep(alice, bob):
    team = Team.objects.create(key="asleep", name="Asleep", sso_group="asleep", active=False)
    for user in (alice, bob):
        Membership.objects.create(team=team, user=user, checked_at=timezone.now())
    return team


@pytest.fixture
def code(web, alice):
    return a_code(team=web, person=alice)


@pytest.fixture
def seated(request, web):
    """Of the one whom ``who`` names."""

    def of(who: str) -> Client:
        if who == "anonymous":
            return Client()
        if who == "deactivated":
            gone = browser_of(user := person("zoe", teams=(web,), roles=("administrator",)))
            User.objects.filter(pk=user.pk).update(is_active=False)
            return gone
        return request.getfixturevalue(f"as_{who}")

    return of
