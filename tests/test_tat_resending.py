"""A call is sent again only after the cloud definitely refused it, and only while time is left."""

import time

import pytest

from registercodes.tat import CredentialsUnavailable, NotSent, Refused, StaticCredentials, Unknown
from tests.tat_wire import SECRET_KEY, VALUE, answering, client_of, create, created, error, http, wire

LIMITED = http(error("RequestLimitExceeded.UinLimitExceeded"))


def keys(name):
    return StaticCredentials(secret_id=name, secret_key=SECRET_KEY).current()


class Rotating:
    """A source whose next look finds the next key."""

    def __init__(self, *names):
        self.names = list(names)
        self.reloads = 0

    def current(self):
        return keys(self.names[0])

    def reload(self):
        self.reloads += 1
        if len(self.names) == 1:
            return False
        self.names.pop(0)
        return True


class Slots:
    """A shared budget that grants some slots and keeps what it was asked."""

    def __init__(self, granted):
        self.granted = granted
        self.asked = []

    def __call__(self, action, seconds):
        self.asked.append((action, seconds))
        return len(self.asked) <= self.granted


def ids_used(server):
    return [
        server.headers(number)["authorization"].split("=")[1].split("/")[0] for number in range(len(server.requests))
    ]


@pytest.mark.parametrize("code", ["AuthFailure.TokenFailure", "AuthFailure.SecretIdNotFound"])
def test_changed_keys_sign_once_more(code):
    source = Rotating("OLD", "NEW")
    with wire(answering(http(error(code)), http(created()))) as server:
        assert create(client_of(server, credentials=source)).value.reveal() == VALUE
        assert ids_used(server) == ["OLD", "NEW"]


def test_unchanged_keys_are_refused_after_one_send():
    source = Rotating("OLD")
    with wire(answering(http(error("AuthFailure.TokenFailure")))) as server:
        with pytest.raises(Refused) as caught:
            create(client_of(server, credentials=source))
        assert (len(server.requests), source.reloads) == (1, 1)
    assert caught.value.code == "AuthFailure.TokenFailure"


def test_keys_refused_again_are_not_tried_a_third_time():
    source = Rotating("A", "B", "C", "D")
    with wire(answering(http(error("AuthFailure.TokenFailure")))) as server:
        with pytest.raises(Refused):
            create(client_of(server, credentials=source))
        assert ids_used(server) == ["A", "B"]


def test_keys_another_thread_reloaded_count_as_changed():
    class Elsewhere(Rotating):
        def reload(self):
            self.names = ["NEW"]
            return False

    with wire(answering(http(error("AuthFailure.TokenFailure")), http(created()))) as server:
        create(client_of(server, credentials=Elsewhere("OLD")))
        assert ids_used(server) == ["OLD", "NEW"]


def test_keys_reloaded_after_the_deadline_are_refused_and_not_sent():
    class Slow(Rotating):
        def reload(self):
            time.sleep(0.3)
            return super().reload()

    with wire(answering(http(error("AuthFailure.TokenFailure")))) as server:
        with pytest.raises(Refused):
            create(client_of(server, credentials=Slow("OLD", "NEW"), deadline=0.25))
        assert len(server.requests) == 1


def test_keys_that_cannot_be_reloaded_are_refused():
    class Gone(Rotating):
        def reload(self):
            raise CredentialsUnavailable("gone")

    with wire(answering(http(error("AuthFailure.TokenFailure")))) as server, pytest.raises(Refused):
        create(client_of(server, credentials=Gone("OLD")))


def test_too_many_requests_waits_for_the_shared_budget_and_signs_anew():
    slots = Slots(granted=9)
    ticks = iter(range(1_772_699_245, 1_772_799_245))
    with wire(answering(LIMITED, LIMITED, http(created()))) as server:
        client = client_of(server, wait_for_slot=slots, deadline=5.0, clock=lambda: next(ticks))
        assert create(client).value.reveal() == VALUE
        stamps = [server.headers(number)["x-tc-timestamp"] for number in range(3)]
    assert len(set(stamps)) == 3
    assert [action for action, _ in slots.asked] == ["CreateRegisterCode"] * 2
    assert all(0 < seconds < 5.0 for _, seconds in slots.asked)


def test_too_many_requests_without_a_slot_is_refused():
    with wire(answering(LIMITED)) as server:
        with pytest.raises(Refused) as caught:
            create(client_of(server, wait_for_slot=Slots(granted=0)))
        assert len(server.requests) == 1
    assert caught.value.code == "RequestLimitExceeded.UinLimitExceeded"


def test_too_many_requests_is_given_up_after_three_more_tries():
    slots = Slots(granted=99)
    with wire(answering(LIMITED)) as server:
        with pytest.raises(Refused):
            create(client_of(server, wait_for_slot=slots, deadline=5.0))
        assert (len(server.requests), len(slots.asked)) == (4, 3)


def test_too_many_requests_never_outlasts_the_deadline():
    began = time.monotonic()
    with wire(answering(LIMITED)) as server, pytest.raises(Refused):
        create(client_of(server, wait_for_slot=lambda action, seconds: not time.sleep(seconds), deadline=0.5))
    assert time.monotonic() - began < 0.7


def test_without_a_shared_budget_nothing_is_sent_again():
    with wire(answering(LIMITED)) as server:
        with pytest.raises(Refused):
            create(client_of(server))
        assert len(server.requests) == 1


def test_doubt_after_a_second_send_is_doubt():
    with wire(answering(LIMITED, http(error("InternalError")), http(created()))) as server:
        with pytest.raises(Unknown):
            create(client_of(server, wait_for_slot=Slots(granted=9)))
        assert len(server.requests) == 2


def test_the_callers_freshness_is_asked_once_since_waiting_in_the_queue_is_allowed():
    answers = iter([True])
    with wire(answering(LIMITED, http(created()))) as server:
        create(client_of(server, wait_for_slot=Slots(granted=9)), fresh=lambda: next(answers))


def test_a_process_that_slept_after_its_slot_does_not_send_again():
    now = [1_772_699_245.0]

    class Sleepy(Slots):
        def __call__(self, action, seconds):
            return True

    def clock():
        now[0] += 3.0  # every look at the clock is 3 s later: slot, signature, idle check, freshness
        return now[0]

    with wire(answering(LIMITED, http(created()))) as server:
        with pytest.raises(NotSent) as caught:
            create(client_of(server, wait_for_slot=Sleepy(9), clock=clock))
        assert (caught.value.reason, len(server.requests)) == ("stale", 1)


@pytest.mark.parametrize("code", ["InternalError", "ServiceUnavailable", "FailedOperation", "NeverHeardOf"])
def test_doubt_is_never_sent_again_however_much_budget_there_is(code):
    slots = Slots(granted=99)
    with wire(answering(http(error(code)), http(created()))) as server:
        with pytest.raises(Unknown):
            create(client_of(server, wait_for_slot=slots, credentials=Rotating("A", "B")))
        time.sleep(0.02)
        assert (len(server.requests), slots.asked) == (1, [])
