"""A provider that is hostile, broken or careless: nobody gets in, nobody sees a 500, and one line says why."""

import time

import log_reading
import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.test import Client
from misbehaving import MARK
from misbehaviours import TABLE
from provider_visitor import is_signed_in, loopback_provider, provider, start, visit  # noqa: F401
from reading_pages import heading, text
from threads import at_once

from registercodes.models import AuditEvent, Membership

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("default::joserfc.errors.SecurityWarning"),  # at run time it only warns
]
User = get_user_model()
STAGES_REMEMBERED = {"discovery", "discovery_answer", "keys", "keys_answer"}  # of which the portal keeps copies
REMEMBERED = [name for name, row in TABLE.items() if STAGES_REMEMBERED & row.changes.keys() and not row.slow]
DEADLINE, PATIENCE = 0.5, 4.0


def is_a_page_of_ours(answer) -> bool:
    page = text(answer)
    return bool(heading(answer)) and "/sso/login/" in page and MARK not in page and "Traceback" not in page


@pytest.mark.parametrize("name", TABLE)
def test_nobody_gets_in(client, provider, settings, caplog, name):
    misbehaviour = TABLE[name]
    provider.misbehave(**misbehaviour.changes)
    settings.OIDC_DEADLINE = DEADLINE if misbehaviour.slow else settings.OIDC_DEADLINE
    log_reading.everything(caplog)
    began = time.monotonic()

    answer = visit(client, provider)

    assert not misbehaviour.slow or time.monotonic() - began < PATIENCE
    assert answer.status_code in misbehaviour.statuses
    assert is_a_page_of_ours(answer)
    assert not is_signed_in(client)
    assert not (User.objects.exists() or Session.objects.exists() or AuditEvent.objects.exists())
    said = log_reading.warnings_of_sign_in(caplog)
    assert [record.getMessage() for record in said] == ["sign_in_failed"]
    assert said[0].reason in misbehaviour.reasons
    assert log_reading.leaked(caplog, provider.issued) == []
    assert MARK not in "".join(log_reading.lines(caplog))
    assert not [path for path in provider.requests if path.startswith("/moved")]
    assert len(provider.requests) <= 5 and provider.requests.count("/token") <= 1


@pytest.mark.parametrize("name", REMEMBERED)
def test_the_same_browser_gets_in_once_the_provider_is_honest_again(client, provider, settings, name):
    """Nothing of a bad answer is kept."""
    provider.misbehave(**TABLE[name].changes)
    visit(client, provider)
    provider.reset()

    assert visit(client, provider).status_code == 302
    assert is_signed_in(client)


def test_a_provider_that_is_not_there_is_a_page_that_says_so(client, provider, settings, caplog):
    settings.OIDC_ISSUER = "http://127.0.0.1:9"

    answer = visit(client, provider)

    assert answer.status_code == 503 and is_a_page_of_ours(answer)
    assert [record.getMessage() for record in log_reading.warnings_of_sign_in(caplog)] == ["sign_in_failed"]


@pytest.mark.parametrize("fault", ["userinfo of another person", "signature changed", "tokens: invalid_grant"])
def test_what_somebody_else_may_do_is_never_gained_by_a_failed_sign_in(client, alice, provider, fault):
    """Nor lost: the membership of the person who was named stays what it was."""
    User.objects.filter(pk=alice.pk).update(issuer=provider.issuer, subject=provider.person["sub"])
    provider.misbehave(**TABLE[fault].changes)

    visit(client, provider)

    assert not is_signed_in(client)
    assert Membership.objects.filter(user=alice).count() == 1
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_provider_that_stalls_never_holds_every_thread(provider, settings):
    """Anonymous browsers alone could: those past the places for it are told at once that it is away."""
    settings.OIDC_DEADLINE = 4
    provider.misbehave(**TABLE["discovery: never"].changes)

    answers = at_once(12, lambda _: start(Client()).status_code)

    assert answers == [503] * 12
    assert len(provider.requests) <= 6


def test_the_table_holds_what_it_promises():
    assert len(TABLE) >= 28
    assert all(row.changes and row.reasons for row in TABLE.values())
