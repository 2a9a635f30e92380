"""A leaked value names its code, team and maker to those who may know, and is itself never kept, shown or logged."""

import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from interruptions import COOKIE, ENDINGS, INTERRUPTIONS, grow_old
from interruptions import typed as typed_elsewhere
from log_reading import everything, lines
from provider_visitor import loopback_provider, provider, visit  # noqa: F401
from reading_pages import heading, send, text, value_in
from rechecking import asks_again, asks_to_sign_in, there_and_back
from records import a_code, break_in_chain
from test_database_away import Unwritable

from portal.sso import kept
from registercodes import keys
from registercodes.models import AuditEvent, RegisterCode
from registercodes.secret import OneTimeValue

pytestmark = pytest.mark.django_db

FIND = "/find/"
NEW = "/teams/web/codes/new/"
VALUE = "Z7leak" * 10  # of no shape that the log's own redaction would take out
OTHER = "Z8othr" * 10
NOTHING = "No code that you may see has this value"
User = get_user_model()


def with_value(team, person, value: str = VALUE, **changes) -> RegisterCode:
    """As issuing leaves it: a fingerprint under the key of that day."""
    key = keys.current()
    mark = {"value_fingerprint": OneTimeValue(value).fingerprint(key.fingerprint), "fingerprint_key": key.id}
    return a_code(team=team, person=person, **(mark | changes))


def look(browser, pasted: str = VALUE):
    return send(browser, FIND, {"leaked": pasted})


def lookups() -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action="value.looked_up").order_by("sequence"))


def test_a_value_that_the_portal_showed_names_its_code_team_and_maker(as_alice, as_dora, typed, cloud):
    value = value_in(send(as_alice, NEW, typed()))
    code = RegisterCode.objects.get()

    page = look(as_dora, value)

    assert page.status_code == 200
    for fact in (code.reference, code.code_id, ">Web<", "Alice Sample", "Unconfirmed", "webserver"):
        assert fact in text(page)
    assert value not in text(page)


LEAKS = {
    "alone": VALUE,
    "with blanks": f"\n  {VALUE}\t\n",
    "its command": f"tat_agent register ap-singapore 9b5rb72b-418f-4a81-b32e-000000000000 {VALUE}",
    "quoted": f"export RC='{VALUE}';",
    "an assignment": f"RegisterCodeValue={VALUE}",
    "JSON": json.dumps({"RegisterCodeValue": VALUE}),
}


@pytest.mark.parametrize("name", LEAKS)
def test_it_is_found_however_it_was_leaked(as_alice, alice, web, name):
    code = with_value(web, alice)

    assert code.reference in text(look(as_alice, LEAKS[name]))


def test_one_shown_under_a_key_that_was_retired_since_is_found(as_alice, alice, web, settings):
    settings.AUDIT_KEY_FALLBACKS = [settings.AUDIT_KEY]
    code = with_value(web, alice)
    settings.AUDIT_KEY = "n" * 40

    assert code.reference in text(look(as_alice))


def test_whoever_may_close_it_is_offered_that_and_others_are_not(as_alice, as_erin, as_dora, alice, web):
    code = with_value(web, alice)

    offers = [f'href="/codes/{code.reference}/disable/"' in text(look(who)) for who in (as_alice, as_erin, as_dora)]

    assert offers == [True, True, False]


def test_one_that_is_disabled_says_so_and_offers_nothing_more(as_alice, alice, web):
    code = with_value(web, alice)
    RegisterCode.objects.filter(pk=code.pk).update(disable_wanted_at=code.created_at, disabled_at=code.created_at)

    page = text(look(as_alice))

    assert ">Disabled<" in page and f"/codes/{code.reference}/disable/" not in page


def test_each_look_up_is_on_record_found_or_not_without_the_value(as_alice, alice, web):
    code = with_value(web, alice)
    look(as_alice)
    look(as_alice, OTHER)

    found, not_found = lookups()

    assert (found.actor, found.register_code, found.outcome, found.team) == (alice, code, "success", web)
    assert (not_found.actor, not_found.register_code, not_found.outcome) == (alice, None, "failure")
    assert VALUE not in str(found.__dict__) and OTHER not in str(not_found.__dict__)
    assert break_in_chain() == ""


def test_a_flood_of_look_ups_writes_one_event_of_a_kind_in_ten_minutes(as_alice, alice, web):
    with_value(web, alice)
    second = with_value(web, alice, OTHER)
    for _ in range(4):
        look(as_alice)
        look(as_alice, "no such value")
    assert len(lookups()) == 2

    look(as_alice, OTHER)  # another code is no repetition

    assert lookups()[-1].register_code == second


def test_the_empty_form_explains_itself_and_asks_browsers_to_keep_nothing(as_alice):
    page = text(as_alice.get(FIND))

    assert "is kept nowhere" in page and "on record" in page
    for attribute in ('autocomplete="off"', 'spellcheck="false"', 'translate="no"', 'method="post"'):
        assert attribute in page
    assert "no-store" in as_alice.get(FIND)["Cache-Control"]


@pytest.mark.parametrize(
    ("pasted", "said"),
    [("", "Paste the value first."), ("  \n ", "Paste the value first."), ("x" * 4001, "at most 4000")],
)
def test_what_cannot_be_a_value_is_said_without_a_look_up(as_alice, pasted, said):
    page = look(as_alice, pasted)

    assert page.status_code == 422 and said in text(page) and lookups() == []


# What must not happen.


def test_a_member_learns_nothing_of_another_team_s_code(as_charlie, alice, web):
    code = with_value(web, alice)

    theirs, none = look(as_charlie), look(as_charlie, OTHER)

    assert NOTHING in text(theirs) and code.reference not in text(theirs)
    token = 'name="csrfmiddlewaretoken" value="'
    parts = [
        [part[64 if number else 0 :] for number, part in enumerate(text(page).split(token))] for page in (theirs, none)
    ]
    numbers = [page["X-Request-Id"] for page in (theirs, none)]
    assert "".join(parts[0]).replace(numbers[0], "") == "".join(parts[1]).replace(numbers[1], "")


def test_that_somebody_else_holds_its_value_is_on_the_team_s_record(as_charlie, as_alice, alice, charlie, web):
    code = with_value(web, alice)
    look(as_charlie)

    event = lookups()[0]

    assert (event.actor, event.register_code, event.detail["shown"]) == (charlie, code, False)
    assert "Value looked up" in text(as_alice.get(f"/codes/{code.reference}/"))


def test_another_team_s_code_costs_the_statements_of_none(as_charlie, alice, web):
    with_value(web, alice)

    def statements(pasted: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            look(as_charlie, pasted)
        return len(captured)

    statements(OTHER)
    statements(VALUE)  # the first of each writes an event
    assert statements(VALUE) == statements(OTHER)


def test_what_was_pasted_is_in_no_page_log_session_or_table(as_alice, alice, web, caplog):
    everything(caplog)
    with_value(web, alice)

    pages = [look(as_alice), look(as_alice, OTHER), look(as_alice, OTHER + "x" * 4000), as_alice.get(FIND)]

    sessions = [session.get_decoded() for session in Session.objects.all()]
    events = list(AuditEvent.objects.values())
    for value in (VALUE, OTHER):
        assert not [page for page in pages if value in text(page) or value in str(page.headers)]
        assert value not in "".join(lines(caplog)) and value not in str((sessions, events))
        assert value not in str(as_alice.cookies)


def test_an_address_never_holds_a_value(as_alice, alice, web):
    with_value(web, alice)

    page = text(as_alice.get(f"{FIND}?leaked={VALUE}"))

    assert VALUE not in page and "It belongs to" not in page and lookups() == []


@pytest.mark.parametrize("error", [OperationalError, ValueError])
def test_an_error_page_and_its_log_do_not_show_it(as_alice, alice, web, caplog, error):
    """A look-up that cannot be recorded finds nothing."""
    everything(caplog)
    with_value(web, alice)
    as_alice.raise_request_exception = False
    with connection.execute_wrapper(Unwritable(error)):
        page = look(as_alice)

    assert page.status_code in (500, 503) and VALUE not in text(page) and "It belongs to" not in text(page)
    assert VALUE not in "".join(lines(caplog))


def test_a_stale_token_s_page_does_not_show_it(alice):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)

    page = look(strict)

    assert page.status_code == 403 and VALUE not in text(page) and lookups() == []


@pytest.fixture
def alice_here(client, provider):
    visit(client, provider)
    return client


@pytest.mark.parametrize("how", INTERRUPTIONS)
def test_a_press_that_came_too_late_keeps_it_in_no_cookie(alice_here, provider, how):
    INTERRUPTIONS[how](alice_here)

    sent = send(alice_here, FIND, {"leaked": VALUE, "submission": VALUE})

    assert asks_again(sent) or asks_to_sign_in(sent)
    assert COOKIE not in sent.cookies and VALUE not in str(sent.cookies) + text(sent) + str(sent.headers)
    page = there_and_back(alice_here, provider, sent)
    assert heading(page) == "Find the owner of a value" and VALUE not in text(page) and lookups() == []


def test_after_a_session_that_ended_nothing_is_kept_either(alice_here, provider):
    """Whoever adds the token of another form to it: that names a person to keep words for."""
    ENDINGS["idle"](alice_here)

    sent = send(alice_here, FIND, {"leaked": VALUE, **typed_elsewhere()})

    assert COOKIE not in sent.cookies and VALUE not in text(sent)


def test_words_of_another_form_stay_kept_and_a_find_takes_none_of_them_along(alice_here, provider):
    grow_old(alice_here)
    send(alice_here, NEW, {"description": "kept"})
    before = alice_here.cookies[COOKIE].value
    send(alice_here, FIND, {"leaked": VALUE})

    assert alice_here.cookies[COOKIE].value == before != ""


def test_the_views_that_are_never_kept_are_ones_that_exist():
    named = {name for name, *_ in get_resolver("registercodes.urls").reverse_dict.lists() if isinstance(name, str)}
    assert {name.removeprefix("registercodes:") for name in kept.NEVER_KEPT} <= named
