"""Which calls a scripted fault strikes, whether and when a code is made, and what is never armed."""

import json
import threading
import time
from collections.abc import Callable

import pytest
from sandbox_callers import call, send
from sandbox_process import CREATE, Sandbox
from sandbox_sockets import connect, provoke, request

from registercodes.sandbox.plays import BEFORE_READING, KINDS


def wait_until(happened: Callable[[], bool], *, seconds: float = 5) -> None:
    give_up = time.monotonic() + seconds
    while not happened() and time.monotonic() < give_up:
        time.sleep(0.01)


@pytest.mark.parametrize("execute", [True, False, "late"])
@pytest.mark.parametrize("fault", sorted(KINDS))
def test_a_code_is_made_exactly_when_the_fault_says_so(sandbox: Sandbox, fault: str, execute: bool | str) -> None:
    provoke(sandbox, fault, execute=execute)
    if execute == "late":  # the fault is over for us before the code is made
        wait_until(lambda: sandbox.calls(CREATE)[0].executed)

    made = sandbox.codes()
    record = sandbox.calls(CREATE)[0]
    assert len(made) == (1 if execute else 0)
    assert (record.fault, record.executed) == (fault, bool(execute))
    assert record.code_id == (made[0].RegisterCodeId if execute else "")
    assert call(sandbox).error == ""


def test_a_late_execution_happens_after_the_client_has_gone(sandbox: Sandbox) -> None:
    sandbox.fault("stall", seconds=0.4, execute="late")
    with connect(sandbox) as connection:
        connection.sendall(request(sandbox))
        sandbox.wait_for_calls(1)
    assert sandbox.codes() == []

    deadline = time.monotonic() + 3
    while not sandbox.codes() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(sandbox.codes()) == 1


def test_clearing_the_faults_releases_whoever_stalls(sandbox: Sandbox) -> None:
    sandbox.fault("stall", times=None, seconds=30)
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(call(sandbox).error)) for _ in range(5)]
    for thread in threads:
        thread.start()
    stalled = sandbox.wait_for_calls(5)
    assert [record.answered for record in stalled] == [None] * 5

    sandbox.clear_faults()
    for thread in threads:
        thread.join(5)

    assert answers == [""] * 5
    assert all(record.answered for record in sandbox.calls(CREATE))


def test_a_fault_strikes_the_calls_it_is_for_and_no_others(sandbox: Sandbox) -> None:
    sandbox.fault("error", code="LimitExceeded", times=2, skip=1)
    sandbox.fault("error", code="FailedOperation", when="please fail")
    sandbox.fault("error", code="OperationDenied", action="DescribeRegions")

    assert [call(sandbox).error for _ in range(4)] == ["", "LimitExceeded", "LimitExceeded", ""]
    assert call(sandbox, CREATE, {"Description": "now please fail."}).error == "FailedOperation"
    assert call(sandbox, "DescribeRegions").error == "OperationDenied"
    assert call(sandbox, "DescribeRegions").error == ""


def test_a_badly_signed_call_does_not_use_up_a_fault(sandbox: Sandbox) -> None:
    sandbox.fault("error", code="LimitExceeded")

    assert call(sandbox, authorization="SKIP").error == "AuthFailure.InvalidAuthorization"
    assert call(sandbox).error == "LimitExceeded"


def test_a_call_that_breaks_the_rules_is_not_executed_by_a_fault(sandbox: Sandbox) -> None:
    _, body, _ = provoke(sandbox, "stall", asked=b'{"RegisterLimit": 0}')

    assert json.loads(body)["Response"]["Error"]["Code"] == "InvalidParameterValue.TooSmall"
    assert sandbox.calls(CREATE)[0].executed is False


@pytest.mark.parametrize(
    "asked",
    [
        {"fault": "no_such"},
        {"fault": "stall", "second": 3},
        {"fault": "stall", "seconds": "3"},
        {"fault": "http", "status": True},
        {"fault": "stall", "times": 0},
        {"fault": "stall", "execute": "maybe"},
        {"fault": "reset_before_reading", "execute": True},
    ],
)
def test_a_fault_with_a_slip_in_it_is_never_armed(sandbox: Sandbox, asked: dict) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        sandbox.fault(**asked)

    listed = json.loads(send(sandbox, "GET", "/_sandbox/faults").body)
    assert listed["armed"] == []
    assert set(listed["kinds"]) == {*KINDS, *BEFORE_READING}
