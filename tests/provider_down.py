"""Ways in which a provider is down, and somebody signed in who has to be checked just then."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from hostile_provider import Provider
from misbehaving import answer, instead
from provider_visitor import visit
from provider_wire import DISCOVERY, Answer
from rechecking import age

from portal.sso import provider as portal_side
from registercodes import submissions
from registercodes.models import Team

User = get_user_model()
NEW = "/teams/web/codes/new/"
OLD = 301  # seconds, one more than OIDC_RECHECK_SECONDS
BANNER = "Your company’s sign-in does not answer</strong>"


def break_down(provider, settings) -> None:
    provider.misbehave(**answer("discovery", status=500))


def say_html(provider, settings) -> None:
    provider.misbehave(**instead("discovery_answer", Answer(b"<html>maintenance</html>", content_type="text/html")))


def hang(provider, settings) -> None:
    settings.OIDC_DEADLINE = 0.3
    provider.misbehave(**answer("discovery", silent=True))


DOWN = {"500": break_down, "html": say_html, "hangs": hang}


def come_up_again(provider) -> None:
    provider.misbehave(discovery_answer=lambda plan, _: plan)


def wait_until_asked_again() -> None:
    """As if AWAY_SECONDS had passed."""
    portal_side._remembered().away_until = 0.0


def asked(provider: Provider) -> int:
    return provider.requests.count(DISCOVERY)


@pytest.fixture
def here(client, provider) -> Client:
    """Alice, who was last checked five minutes ago."""
    visit(client, provider)
    age(client, checked=OLD)
    provider.requests.clear()
    return client


@pytest.fixture
def broken(here, provider, settings) -> Client:
    break_down(provider, settings)
    return here


def typed(**changes: str) -> dict[str, str]:
    token = submissions.new_token(person=User.objects.get(), team=Team.objects.get())
    fields = {"region": "ap-singapore", "description": "webserver", "register_limit": "10", "effective_time": "4"}
    return fields | {"validity": "hours", "submission": token} | changes
