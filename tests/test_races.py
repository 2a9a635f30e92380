"""Many hands at once, against the real portal: one submission makes one code, a stalled cloud freezes nothing."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from reading_pages import heading, value_in
from server_forms import form_on
from server_process import Press, creates

pytestmark = pytest.mark.processes

DISABLE = "DisableRegisterCodes"
NEW = "/teams/web/codes/new/"
STILL_WORKING = "Still working on this code"
WITHHELD = "The code was made, but its value is withheld"


def send_together(portal, visitor, forms: list[dict]) -> list:
    together, answers = threading.Barrier(len(forms)), [None] * len(forms)

    def send(number: int) -> None:
        together.wait(30)
        answers[number] = portal.send(visitor, forms[number])

    threads = [threading.Thread(target=send, args=(number,)) for number in range(len(forms))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    return answers


def stalled(portal, visitor, **how) -> tuple[Press, dict]:
    """A create that the cloud has executed and does not answer until the faults are cleared."""
    portal.sandbox.fault("stall", seconds=60)
    fields = portal.form(visitor)
    press = Press(portal, visitor, fields, **how)
    portal.sandbox.wait_for_calls(1)
    return press, fields


# The same button.


def test_thirty_posts_of_one_submission_make_one_call_and_no_500(portal):
    alice = portal.sign_in("alice")
    answers = send_together(portal, alice, [portal.form(alice)] * 30)
    assert {answer.status_code for answer in answers} <= {200, 503}
    [value] = [value for value in map(value_in, answers) if value]
    assert creates(portal) == 1
    [row] = portal.rows()
    assert row.state == "issued"
    assert portal.sandbox.is_value(row.code_id, value)
    assert portal.events(row.reference).count("code.replayed") == 1
    assert portal.chain_problem() == ""


def test_pressing_again_while_the_cloud_answers_shows_still_working_until_it_settles(portal):
    alice = portal.sign_in("alice")
    press, fields = stalled(portal, alice)
    assert heading(portal.send(alice, fields)) == STILL_WORKING
    [row] = portal.rows()
    assert "Still working" in alice.get(f"/codes/{row.reference}/").text
    portal.sandbox.clear_faults()
    assert value_in(press.answer())
    assert "Unconfirmed" in alice.get(f"/codes/{row.reference}/").text
    again = portal.send(alice, fields)
    assert (value_in(again), "one code was made" in again.text) == ("", True)
    assert portal.events(row.reference) == ["code.requested", "code.replayed", "code.issued"]
    assert creates(portal) == 1


def test_the_same_submission_with_other_words_is_409_and_offers_them_as_a_new_code(portal):
    alice = portal.sign_in("alice")
    fields = portal.form(alice, description="the first")
    assert value_in(portal.send(alice, fields))
    other = portal.send(alice, fields | {"description": "the second"})
    offered = form_on(other.text, action=NEW)
    assert (other.status_code, offered["description"]) == (409, "the second")
    assert offered["submission"] != fields["submission"]
    assert creates(portal) == 1
    assert value_in(portal.send(alice, offered))
    assert [row.description for row in portal.rows()] == ["the first", "the second"]


def test_two_tabs_make_two_codes(portal):
    alice = portal.sign_in("alice")
    tabs = [portal.form(alice), portal.form(alice)]
    assert len({value_in(answer) for answer in send_together(portal, alice, tabs)} - {""}) == 2
    assert len(portal.sandbox.codes()) == 2


# A cloud that does not answer, a process that stands still.


def test_sixteen_creates_against_a_stalled_api_leave_other_pages_answering(portal):
    alice, bob = portal.sign_in("alice"), portal.sign_in("bob")
    forms = [portal.form(alice) for _ in range(16)]
    portal.sandbox.fault("stall", seconds=60, times=None)
    presses = [Press(portal, alice, form) for form in forms]
    portal.sandbox.wait_for_calls(4)
    for path in ("/", NEW, "/healthz", "/readyz", "/"):
        started = time.monotonic()
        assert bob.get(path).status_code == 200
        assert time.monotonic() - started < 1
    portal.sandbox.clear_faults()
    answers = [press.answer() for press in presses]
    assert {answer.status_code for answer in answers} == {200, 503}
    assert all("created nothing" in answer.text for answer in answers if answer.status_code == 503)
    assert len(portal.rows()) == creates(portal) == len([answer for answer in answers if value_in(answer)])


@pytest.mark.alone  # a second is measured, beside nothing else
def test_thirty_disables_against_a_stalled_api_leave_other_pages_answering_and_their_wish_on_record(portal):
    alice, bob = portal.sign_in("alice"), portal.sign_in("bob")
    portal.post_new(alice)
    [row] = portal.rows()
    address = f"/codes/{row.reference}/disable/"
    fields = form_on(alice.get(address).text, action=address)
    portal.sandbox.fault("stall", action=DISABLE, seconds=60, times=None)
    with ThreadPoolExecutor(30) as pool:
        pressed = [pool.submit(alice.post, address, fields) for _ in range(30)]
        portal.sandbox.wait_for_calls(4, DISABLE)
        for path in ("/", NEW, "/healthz", "/readyz", "/"):
            started = time.monotonic()
            assert bob.get(path).status_code == 200
            assert time.monotonic() - started < 1
        assert len(portal.sandbox.calls(DISABLE)) <= 8  # two processes, four places each
        portal.sandbox.clear_faults()
    assert {answer.result().status_code for answer in pressed} == {200}
    wishes = portal.events(row.reference).count("code.disable_requested")
    assert portal.rows()[0].disabled_at and wishes == 2  # the wish, and once that the cloud could not be asked


def test_a_browser_that_left_while_the_cloud_answers_leaves_a_recorded_outcome(portal):
    alice = portal.sign_in("alice")
    press, _ = stalled(portal, alice, timeout=1)
    assert press.was_lost()
    portal.sandbox.clear_faults()
    row = portal.wait_for_row("issued")
    assert portal.events(row.reference) == ["code.requested", "code.issued"]
    assert row.confirmed_at is None
    assert creates(portal) == 1


def test_a_process_that_stood_still_between_its_row_and_its_call_does_not_send(portal):
    alice = portal.sign_in("alice")
    portal.database.fill_queue(2)
    press = Press(portal, alice, portal.form(alice))
    portal.wait_for_row("pending")
    portal.signal(signal.SIGSTOP)
    time.sleep(8)
    portal.signal(signal.SIGCONT)
    assert heading(press.answer()) == "The request never reached the cloud"
    [row] = portal.rows()
    assert (row.state, row.reason, creates(portal)) == ("not_sent", "stale", 0)


# What must not happen: a call without a record, a value without one.


def test_a_database_that_stays_busy_is_503_before_any_call_and_the_button_stays_good(portal):
    alice = portal.sign_in("alice")
    fields = portal.form(alice, description="kept")
    with portal.database.locked():
        busy = portal.send(alice, fields)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "5")
    assert "created nothing" in busy.text
    assert form_on(busy.text, action=NEW)["description"] == "kept"
    assert (portal.rows(), creates(portal)) == ([], 0)
    assert value_in(portal.send(alice, fields))


def test_a_database_that_is_busy_when_the_answer_comes_is_waited_for(portal):
    alice = portal.sign_in("alice")
    press, _ = stalled(portal, alice)
    with portal.database.locked():
        portal.sandbox.clear_faults()
        time.sleep(6)  # longer than one statement waits
        assert press.is_open
    assert value_in(press.answer())
    assert [row.state for row in portal.rows()] == ["issued"]


def test_an_outcome_that_cannot_be_written_withholds_the_value_and_disables_the_code(portal):
    alice = portal.sign_in("alice")
    press, _ = stalled(portal, alice)
    with portal.database.locked():
        portal.sandbox.clear_faults()
        answer = press.answer()
    assert (answer.status_code, heading(answer), value_in(answer)) == (200, WITHHELD, "")
    [row], [code] = portal.rows(), portal.sandbox.codes()
    assert (row.state, code.Enabled) == ("pending", False)
    assert portal.events(row.reference) == ["code.requested"]
    assert len(portal.sandbox.calls("DisableRegisterCodes")) == 1


RIGHTS_END = {
    "membership": "DELETE FROM registercodes_membership",
    "person": "UPDATE sso_user SET is_active = false",
    "team": "UPDATE registercodes_team SET active = false WHERE key = 'web'",
}


@pytest.mark.parametrize("ending", RIGHTS_END.values(), ids=RIGHTS_END)
def test_rights_that_end_while_the_cloud_answers_withhold_the_value_and_disable_the_code(portal, ending):
    press, _ = stalled(portal, portal.sign_in("alice"))
    portal.database.execute(ending)
    portal.sandbox.clear_faults()
    answer = press.answer()
    assert (answer.status_code, heading(answer), value_in(answer)) == (200, WITHHELD, "")
    [row], [code] = portal.rows(), portal.sandbox.codes()
    assert (row.state, row.reason, code.Enabled) == ("withheld", "rights_gone", False)
    assert portal.events(row.reference) == [
        "code.requested",
        "code.withheld",
        "code.disable_requested",
        "code.disabled",
    ]


def test_an_answer_after_somebody_else_settled_the_row_never_shows_a_value(portal):
    press, _ = stalled(portal, portal.sign_in("alice"))
    portal.database.execute("UPDATE registercodes_registercode SET state = 'unknown'")
    portal.sandbox.clear_faults()
    answer = press.answer()
    assert (heading(answer), value_in(answer)) == (WITHHELD, "")
    [row], [code] = portal.rows(), portal.sandbox.codes()
    assert (row.state, code.Enabled) == ("unknown", False)


def test_a_database_that_drops_its_connections_while_the_cloud_answers_loses_no_value(portal):
    if portal.database.url.startswith("sqlite"):
        pytest.skip("a file drops nobody")
    press, _ = stalled(portal, portal.sign_in("alice"))
    portal.database.drop_connections()
    portal.sandbox.clear_faults()
    assert value_in(press.answer())
    assert [row.state for row in portal.rows()] == ["issued"]
