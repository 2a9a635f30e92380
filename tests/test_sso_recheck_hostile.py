"""The silent re-check, answered by a hostile provider or by a stranger's link: rights are never renewed by it."""

from urllib.parse import parse_qs, urlsplit

import log_reading
import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from hostile_provider import ALICE
from misbehaviours import TABLE
from provider_visitor import (  # noqa: F401
    CALLBACK,
    decided,
    is_signed_in,
    loopback_provider,
    provider,
    start,
    visit,
)  # fmt: skip

from portal.sso import provider as portal_side
from portal.sso.models import LiveSession
from registercodes.models import Membership

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("default::joserfc.errors.SecurityWarning"),
]
User = get_user_model()
MALLORY = {"sub": "subject-of-mallory", "preferred_username": "mallory", "name": "Mallory", "groups": ["sample-web"]}


@pytest.fixture
def stale(client, provider, settings):
    """Alice's browser, whose next request is a re-check, and the provider's address that it is sent to."""
    visit(client, provider)
    settings.OIDC_RECHECK_SECONDS = -1
    sent = client.get("/")
    settings.OIDC_RECHECK_SECONDS = 300
    return sent


def checked_at():
    return LiveSession.objects.get().checked_at


def test_a_re_check_asks_silently_about_this_person(stale, provider):
    asked = parse_qs(urlsplit(stale["Location"]).query)

    assert asked["prompt"] == ["none"]
    assert len(asked["id_token_hint"][0].split(".")) == 3


def test_an_honest_re_check_renews_the_session_and_paints_no_page(stale, client, provider):
    before = checked_at()

    assert client.get(decided(provider, stale)).status_code == 302
    assert checked_at() > before


# One of each kind: what is believed is decided by the code that a sign-in passes too.
ANSWERED = {row.reasons: name for name, row in TABLE.items() if not row.slow and "discovery" not in name}.values()


@pytest.mark.parametrize("name", ANSWERED)
def test_no_misbehaviour_renews_a_session_or_makes_an_error(stale, client, provider, caplog, name):
    before = checked_at()
    portal_side.forget()  # keys of a minute ago are still believed, and rightly
    provider.misbehave(**TABLE[name].changes)
    log_reading.everything(caplog)

    answer = client.get(decided(provider, stale))

    assert answer.status_code in {302, 400, 403, 503}
    assert [live.checked_at for live in LiveSession.objects.all()] in ([], [before])
    assert User.objects.count() == 1
    assert log_reading.warnings_of_sign_in(caplog)
    assert log_reading.leaked(caplog, provider.issued) == []


def test_a_re_check_that_answers_with_somebody_else_ends_the_session(stale, client, provider):
    provider.person = MALLORY

    client.get(decided(provider, stale))

    assert not is_signed_in(client)
    assert not User.objects.filter(subject=MALLORY["sub"]).exists()


def test_a_re_check_that_is_refused_ends_the_session(stale, client, provider):
    provider.misbehave(**TABLE["access denied"].changes)

    client.get(decided(provider, stale))

    assert not is_signed_in(client) and not LiveSession.objects.exists()


def test_a_session_that_ended_at_the_provider_ends_here_and_a_sign_in_begins(stale, client, provider):
    provider.misbehave(**TABLE["login required"].changes)

    answer = client.get(decided(provider, stale))

    assert urlsplit(answer["Location"]).path == "/authorize" and "prompt=none" not in answer["Location"]
    assert not is_signed_in(client)


def test_a_group_that_was_lost_is_lost_with_the_re_check(stale, client, provider):
    provider.person = ALICE | {"groups": []}

    client.get(decided(provider, stale))

    assert client.get("/").status_code == 403
    assert not Membership.objects.exists()


@pytest.mark.parametrize(
    "query",
    ["error=access_denied", "error=login_required&state=x", "code=x&state=x", "state=", "error=login_required"],
)
def test_a_hostile_link_while_a_re_check_is_under_way_harms_nothing(stale, client, provider, query):
    assert client.get(f"{CALLBACK}?{query}").status_code == 400

    assert client.get("/").status_code == 200
    assert client.get(decided(provider, stale)).status_code == 302


def test_a_re_check_of_one_browser_is_no_answer_in_another(stale, client, provider):
    other = Client()
    start(other)

    assert other.get(decided(provider, stale)).status_code == 400
    assert not is_signed_in(other)


def test_a_re_check_is_good_once(stale, client, provider):
    callback = decided(provider, stale)
    client.get(callback)
    before = checked_at()

    assert client.get(callback).status_code == 400
    assert checked_at() == before and client.get("/").status_code == 200


def test_a_re_check_that_comes_back_after_signing_out_signs_nobody_in(stale, client, provider):
    callback = decided(provider, stale)
    client.post("/sso/logout/")

    client.get(callback)

    assert not is_signed_in(client)
