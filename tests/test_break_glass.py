"""While the provider is dead a one-time code lets somebody known in; it works once, for ten minutes, for five tries."""

import getpass
import logging
import re
from datetime import timedelta

import log_reading
import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone
from glass_breaking import DEAD, PAGE, REASON, enter, let_in, made, printed, wrong_of
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import heading, text
from threads import at_once

from portal.sso import breaking_glass
from portal.sso.models import BreakGlassCode, LiveSession, User
from registercodes.models import AuditEvent

pytestmark = pytest.mark.django_db


@pytest.fixture
def dead(provider, settings):
    """Single sign-on is set up, and nobody answers there."""
    settings.OIDC_ISSUER = DEAD
    return provider


def is_in(client: Client) -> bool:
    return client.get("/").status_code == 200


def test_the_command_prints_one_code_and_keeps_a_digest(alice):
    words = printed()

    [code] = re.findall(r"(?:[A-Z2-9]{4}-){4}[A-Z2-9]{4}", words)
    kept = BreakGlassCode.objects.get()
    assert words.count("\n") == 1 and PAGE in words and "10 minutes" in words
    assert (kept.user, kept.reason, kept.made_by, kept.tries_left) == (alice, REASON, getpass.getuser(), 5)
    assert timedelta(minutes=9) < kept.expires_at - timezone.now() <= timedelta(minutes=10)
    letters = code.replace("-", "")
    assert letters[4:] not in "".join(str(value) for value in vars(kept).values())


def test_making_one_is_on_record_with_who_and_why(alice):
    made()

    event = AuditEvent.objects.get()
    assert (event.action, event.outcome, event.actor) == ("user.break_glass", "success", alice)
    assert event.detail == {"by": getpass.getuser(), "reason": REASON, "step": "code_made"}


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301, "two\nlines", "bell\a", "over\u202eride"])
def test_a_reason_that_is_none_is_refused(alice, reason):
    with pytest.raises(CommandError, match="Say why"):
        printed(reason=reason)
    assert not BreakGlassCode.objects.exists() and not AuditEvent.objects.exists()


@pytest.mark.parametrize("name", ["mallory", "", "Alice", "alice ", "alice@example.com"])
def test_only_people_the_portal_knows_by_that_name_get_one(alice, name):
    with pytest.raises(CommandError, match="knows nobody of this name"):
        printed(name)
    assert not BreakGlassCode.objects.exists()


def test_a_deactivated_person_gets_none(alice):
    User.objects.update(is_active=False)

    with pytest.raises(CommandError, match="deactivated"):
        printed()
    assert not BreakGlassCode.objects.exists()


def test_the_code_lets_in_while_the_provider_is_dead(client, dead, alice):
    answer = enter(client, made())

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_in(client)
    session = LiveSession.objects.get()
    assert (session.user, session.kind) == (alice, "break_glass")


def test_it_is_reached_without_a_session_and_the_page_says_what_it_is(client, dead):
    page = client.get(PAGE)

    assert page.status_code == 200 and heading(page) == "Break-glass sign-in"
    assert "you cannot create" in text(page)


@pytest.mark.parametrize(
    "typed", [str.lower, lambda code: code.replace("-", ""), lambda code: f"  {code.replace('-', ' - ')} "]
)
def test_it_may_be_typed_in_small_letters_and_with_blanks(client, dead, alice, typed):
    assert enter(client, typed(made())).status_code == 302


def test_using_it_is_on_record_with_who_made_it_why_and_from_where(client, dead, alice):
    enter(client, made(), headers={"User-Agent": "a browser"})

    event = AuditEvent.objects.latest("sequence")
    assert (event.action, event.actor, event.client_ip, event.user_agent) == (
        *("user.break_glass", alice, "127.0.0.1", "a browser"),
    )
    assert event.detail == {"by": getpass.getuser(), "reason": REASON, "step": "code_used"}


def test_exactly_one_alarm_line_is_logged_and_only_when_it_is_used(client, dead, alice, caplog):
    code = made()
    enter(client, wrong_of(code))
    assert not [record for record in caplog.records if record.levelno >= logging.CRITICAL]

    enter(client, code)
    client.get("/")

    [alarm] = [record for record in caplog.records if record.levelno >= logging.CRITICAL]
    assert (alarm.getMessage(), alarm.person, alarm.by, alarm.why) == (
        *("break_glass_used", "alice", getpass.getuser(), REASON),
    )


def test_it_works_once(client, dead, alice):
    code = made()
    enter(client, code)

    other = Client()

    assert enter(other, code).status_code == 422
    assert not is_in(other) and is_in(client)


@pytest.mark.django_db(transaction=True)
def test_of_eight_browsers_at_once_one_gets_in(dead, alice):
    code = made()

    answers = at_once(8, lambda number: enter(Client(raise_request_exception=False), code).status_code)

    assert sorted(answers) == [302, *[422] * 7]
    assert LiveSession.objects.count() == 1
    assert AuditEvent.objects.filter(detail__step="code_used").count() == 1


@pytest.mark.django_db(transaction=True)
def test_tries_that_come_at_once_are_counted_each(dead, alice):
    code = made()

    at_once(8, lambda number: enter(Client(raise_request_exception=False), wrong_of(code)).status_code)

    assert BreakGlassCode.objects.get().tries_left == 0
    assert enter(Client(), code).status_code == 422


@pytest.mark.parametrize(("wrong", "status"), [(4, 302), (5, 422)])
def test_it_dies_after_five_wrong_tries(client, dead, alice, wrong, status):
    code = made()
    for _ in range(wrong):
        assert enter(client, wrong_of(code)).status_code == 422

    assert enter(client, code).status_code == status


def test_a_wrong_try_is_counted_against_its_own_code_only(client, dead, alice, bob):
    hers, his = made("alice"), made("bob")

    for _ in range(6):
        enter(client, wrong_of(hers))

    tries = dict(BreakGlassCode.objects.values_list("user__username", "tries_left"))
    assert tries == {"alice": 0, "bob": 5}
    assert enter(client, his).status_code == 302


@pytest.mark.parametrize(("minutes", "status"), [(9.9, 302), (10.1, 422)])
def test_it_dies_after_ten_minutes(client, dead, alice, minutes, status):
    code = made()
    BreakGlassCode.objects.update(expires_at=timezone.now() + timedelta(minutes=10 - minutes))

    assert enter(client, code).status_code == status


def test_what_has_expired_is_forgotten_when_the_next_is_made(dead, alice):
    made()
    BreakGlassCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    made()

    assert BreakGlassCode.objects.count() == 1


def test_a_person_who_is_deactivated_meanwhile_is_not_let_in(client, dead, alice, caplog):
    code = made()
    User.objects.update(is_active=False)

    assert enter(client, code).status_code == 422
    assert not is_in(client) and not LiveSession.objects.exists()
    assert [record.reason for record in log_reading.warnings_of_sign_in(caplog)] == ["deactivated"]


def test_whoever_was_signed_in_in_that_browser_is_not_any_more(dead, alice, bob):
    client = let_in("bob")

    enter(client, made("alice"))

    assert "Alice Sample" in text(client.get("/")) and "Bob Sample" not in text(client.get("/"))
    assert list(LiveSession.objects.values_list("user__username", flat=True)) == ["alice"]


def test_the_session_has_an_id_that_no_visitor_had_before(client, provider, settings, alice):
    visit(client, provider)
    before = client.session.session_key
    settings.OIDC_ISSUER = DEAD

    enter(client, made())

    assert client.session.session_key != before
    assert not LiveSession.objects.filter(key=before).exists()


def test_nothing_is_asked_of_the_provider(client, provider, alice):
    client = let_in()
    client.get("/")

    assert provider.requests == []


# What must not happen.


@pytest.mark.parametrize("typed", ["", "   ", "-", "AAAA", "A" * 40, "A" * 41, "A" * 5000, "ÄÖÜ", "\0", "' or 1=1 --"])
def test_what_is_no_code_opens_nothing(client, dead, alice, typed):
    made()

    assert enter(client, typed).status_code == 422
    assert not is_in(client)
    assert BreakGlassCode.objects.get().tries_left == 5


@pytest.mark.parametrize("more", ["", " and some words that make it longer than a code may be"])
def test_a_code_is_never_sent_back_in_a_page(client, dead, alice, more):
    code = wrong_of(made())

    page = enter(client, code + more)

    assert page.status_code == 422
    assert code not in text(page) and code[5:9] not in text(page)


def test_a_link_never_carries_one(client, dead, alice):
    code = made()

    page = client.get(PAGE, {"code": code})

    assert page.status_code == 200 and code not in text(page)
    assert not is_in(client)
    assert BreakGlassCode.objects.get().tries_left == 5


def test_another_site_cannot_send_one(dead, alice):
    strict = Client(enforce_csrf_checks=True)

    assert enter(strict, made(), headers={"Origin": "https://evil.example.com"}).status_code == 403
    assert BreakGlassCode.objects.get().tries_left == 5


def test_neither_code_nor_digest_is_in_a_log_an_event_or_a_session(client, dead, alice, caplog):
    log_reading.everything(caplog)
    code = made()
    enter(client, wrong_of(code))
    enter(client, code)
    client.get("/")

    digest = BreakGlassCode.objects.get().digest
    kept = "\n".join(
        [
            *log_reading.lines(caplog),
            *map(str, AuditEvent.objects.values_list("detail", flat=True)),
            str(dict(client.session)),
        ]
    )
    assert [word for word in (code, code.replace("-", ""), code[5:], digest) if word in kept] == []


def test_an_anonymous_try_leaves_a_line_and_no_row(client, dead, alice, caplog):
    enter(client, "AAAA-AAAA-AAAA-AAAA-AAAA")

    assert [record.reason for record in log_reading.warnings_of_sign_in(caplog)] == ["no_such_code"]
    assert not AuditEvent.objects.exists() and not LiveSession.objects.exists()


def test_no_letter_is_taken_for_another():
    assert not set("IO01") & set(breaking_glass.LETTERS)
    assert len(set(breaking_glass.LETTERS)) == 32
