"""Many hands at once, against the real portal: one submission makes one code, a stalled cloud freezes nothing."""

import re
import threading
import time

import pytest

pytestmark = pytest.mark.processes

VALUE = re.compile(r'id="the-value"[^>]*>([0-9a-f]{64})<')
CREATE = "CreateRegisterCode"


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


def test_thirty_posts_of_one_submission_make_one_call_and_no_500(portal):
    alice = portal.sign_in("alice")
    answers = send_together(portal, alice, [portal.form(alice)] * 30)

    assert {answer.status_code for answer in answers} <= {200, 503}
    assert len([answer for answer in answers if VALUE.search(answer.text)]) == 1
    assert len(portal.sandbox.calls(CREATE)) == 1
    assert [row.state for row in portal.rows()] == ["issued"]


def test_two_forms_make_two_codes(portal):
    alice = portal.sign_in("alice")
    first, second = portal.post_new(alice), portal.post_new(alice)
    assert VALUE.search(first.text)[1] != VALUE.search(second.text)[1]
    assert len(portal.sandbox.codes()) == 2


def test_sixteen_creates_against_a_stalled_api_leave_other_pages_answering(portal):
    alice = portal.sign_in("alice")
    forms = [portal.form(alice) for _ in range(16)]
    portal.sandbox.fault("stall", seconds=6, times=None)
    sending = threading.Thread(target=send_together, args=(portal, alice, forms))
    sending.start()
    portal.sandbox.wait_for_calls(4)

    started = time.monotonic()
    assert all(alice.get("/").status_code == 200 for _ in range(5))
    assert time.monotonic() - started < 3
    portal.sandbox.clear_faults()
    sending.join(60)
    assert {row.state for row in portal.rows()} == {"issued"}


def test_the_value_never_comes_back_with_the_same_submission(portal):
    alice = portal.sign_in("alice")
    form = portal.form(alice)
    value = VALUE.search(portal.send(alice, form).text)[1]

    again = portal.send(alice, form)

    assert again.status_code == 200
    assert value not in again.text
    other = portal.send(alice, form | {"description": "something else"})
    assert other.status_code == 409
    assert "something else" in other.text
    assert len(portal.sandbox.calls(CREATE)) == 1
