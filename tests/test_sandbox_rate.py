"""Twenty requests of one action are admitted in any second, and the twenty-first is refused."""

from sandbox_callers import call
from sandbox_process import CREATE, Sandbox

from registercodes.sandbox.limits import Limits


def test_the_window_slides() -> None:
    limits = Limits(rate=2)

    admitted = [limits.admits(CREATE, at=at) for at in (0, 0.75, 0.875, 1, 1.5, 1.75)]

    assert admitted == [True, True, False, True, False, True]


def test_each_action_has_a_window_of_its_own() -> None:
    limits = Limits(rate=1)

    assert limits.admits(CREATE, at=0)
    assert limits.admits("DescribeRegions", at=0)
    assert not limits.admits(CREATE, at=0.5)


def test_zero_admits_all() -> None:
    limits = Limits(rate=0)

    assert all(limits.admits(CREATE, at=0) for _ in range(1000))


def test_the_twenty_first_call_in_a_second_is_refused(sandbox: Sandbox) -> None:
    errors = [call(sandbox).error for _ in range(21)]

    calls = sandbox.calls(CREATE)
    assert calls[20].arrived - calls[0].arrived < 1
    assert errors == [""] * 20 + ["RequestLimitExceeded"]
    assert len(sandbox.codes()) == 20


def test_a_refused_request_takes_no_place() -> None:
    limits = Limits(rate=1)

    assert [limits.admits(CREATE, at=at) for at in (0, 0.5, 0.875, 1)] == [True, False, False, True]


def test_an_unsigned_flood_does_not_use_up_the_window(sandbox: Sandbox) -> None:
    for _ in range(25):
        assert call(sandbox, authorization="SKIP").error == "AuthFailure.InvalidAuthorization"

    assert call(sandbox).error == ""
