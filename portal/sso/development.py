"""Sample people and teams for development: one click, no proof. Cannot be loaded in production."""

import time
from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.sso.backends import People
from portal.sso.signing_in import Known

if settings.PORTAL_MODE != "development":
    raise ImproperlyConfigured("PORTAL_MODE is production: sample people exist in development only.")

ISSUER = "sample"


class SamplePeople(People):
    """Sessions of sample people."""


@dataclass(frozen=True)
class SamplePerson:
    username: str
    name: str
    summary: str
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()

    @property
    def known(self) -> Known:
        return Known(ISSUER, self.username, self.username, self.name, "", self.groups, self.roles, time.time())


SAMPLE_TEAMS = (
    {"key": "web", "name": "Web", "sso_group": "sample-web"},
    {
        "key": "payments",
        "name": "Payments",
        "sso_group": "sample-payments",
        "regions": ["ap-singapore", "eu-frankfurt"],
        "max_register_limit": 50,
        "max_hours": 72,
        "permanent_allowed": False,
        "ip_range_required": True,
        "widest_prefix": 16,
        "description_required": True,
        "codes_per_day": 20,
    },
)

PEOPLE = (
    SamplePerson("alice", "Alice Anders", "Ops engineer, team Web", frozenset({"sample-web"})),
    SamplePerson("bob", "Bob Brandt", "Ops engineer, team Web", frozenset({"sample-web"})),
    SamplePerson("charlie", "Charlie Chen", "Ops engineer, team Payments", frozenset({"sample-payments"})),
    SamplePerson("dora", "Dora Diaz", "Auditor", roles=frozenset({"auditor"})),
    SamplePerson("erin", "Erin Eklund", "Administrator", roles=frozenset({"administrator"})),
)
BY_NAME = {person.username: person for person in PEOPLE}
