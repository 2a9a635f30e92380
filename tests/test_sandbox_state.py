"""What the sandbox keeps: per region, over a restart, through expiry; and that a value is never part of it."""

import threading
from pathlib import Path

import pytest
from sandbox_callers import call, sdk
from sandbox_process import CREATE, Sandbox


def create(sandbox: Sandbox, **parameters: object) -> dict:
    return call(sandbox, CREATE, parameters).response


@pytest.mark.parametrize("process", [False, True], ids=["thread", "process"])
def test_a_restart_finds_codes_and_hosts(tmp_path: Path, process: bool) -> None:
    with Sandbox(tmp_path, process=process) as sandbox:
        created = create(sandbox, Description="kept")
        sandbox.register_host("ap-singapore", created["RegisterCodeId"], created["RegisterCodeValue"])
        before = (sandbox.codes(), sandbox.hosts(), sandbox.port)

        sandbox.restart()

        assert (sandbox.codes(), sandbox.hosts(), sandbox.port) == before
        assert sandbox.is_value(created["RegisterCodeId"], created["RegisterCodeValue"])
        assert sandbox.calls() == []


def test_a_code_expires_to_the_second_without_any_call(sandbox: Sandbox) -> None:
    code_id = create(sandbox, EffectiveTime=1)["RegisterCodeId"]
    before = sandbox.code(code_id)

    sandbox.advance(seconds=3597)
    assert sandbox.code(code_id).Enabled is True
    sandbox.advance(seconds=3)
    after = sandbox.code(code_id)

    assert after.Enabled is False
    assert after.UpdatedTime == before.UpdatedTime


def test_only_above_99999_hours_is_permanent(sandbox: Sandbox) -> None:
    finite = create(sandbox, EffectiveTime=99999)["RegisterCodeId"]
    permanent = create(sandbox, EffectiveTime=100000)["RegisterCodeId"]

    assert sandbox.code(finite).ExpiredTime
    assert sandbox.code(permanent).ExpiredTime is None
    sandbox.advance(hours=100000)
    assert sandbox.code(finite).Enabled is False
    assert sandbox.code(permanent).Enabled is True


def test_each_region_has_codes_of_its_own(sandbox: Sandbox) -> None:
    code_id = create(sandbox)["RegisterCodeId"]
    ids = {"RegisterCodeIds": [code_id]}

    assert call(sandbox, "DescribeRegisterCodes", ids, x_tc_region="eu-frankfurt").response["TotalCount"] == 0
    elsewhere = call(sandbox, "DisableRegisterCodes", ids, x_tc_region="eu-frankfurt")
    assert elsewhere.error == "ResourceNotFound.RegisterCodesNotFoundCode"
    assert call(sandbox, "DescribeRegisterCodes", ids).response["TotalCount"] == 1


def test_a_used_up_quota_is_refused(tmp_path: Path) -> None:
    with Sandbox(tmp_path, quota=2) as sandbox:
        codes = [create(sandbox)["RegisterCodeId"] for _ in range(2)]
        assert call(sandbox).error == "ResourceUnavailable.UserHasNoQuotaCode"

        call(sandbox, "DeleteRegisterCodes", {"RegisterCodeIds": codes[:1]})
        assert call(sandbox).error == ""


def test_forty_threads_create_without_an_error(tmp_path: Path) -> None:
    with Sandbox(tmp_path, rate=0) as sandbox:
        errors: list[str] = []

        def create_five() -> None:
            errors.extend(call(sandbox).error for _ in range(5))

        threads = [threading.Thread(target=create_five) for _ in range(40)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert errors == [""] * 200
        assert len({code.RegisterCodeId for code in sandbox.codes()}) == 200


def test_a_mixed_list_disables_and_deletes_nothing(sandbox: Sandbox) -> None:
    code_id = create(sandbox)["RegisterCodeId"]
    mixed = {"RegisterCodeIds": [code_id, "00000000-0000-0000-0000-000000000000"]}

    for action in ("DisableRegisterCodes", "DeleteRegisterCodes"):
        assert call(sandbox, action, mixed).error == "ResourceNotFound.RegisterCodesNotFoundCode"
    assert sandbox.code(code_id).Enabled is True


def test_no_value_is_ever_in_the_state_file(tmp_path: Path) -> None:
    with Sandbox(tmp_path, rate=0) as sandbox:
        client_answers = [create(sandbox, Description=f"code {number}") for number in range(30)]
        sandbox.register_host(
            "ap-singapore", client_answers[0]["RegisterCodeId"], client_answers[0]["RegisterCodeValue"]
        )
        assert sdk(sandbox)
        running = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        listed = repr(sandbox.codes()) + repr(sandbox.calls()) + repr(sandbox.hosts())
    stopped = b"".join(path.read_bytes() for path in tmp_path.iterdir())

    for answer in client_answers:
        assert answer["RegisterCodeId"].encode() in running
        assert answer["RegisterCodeValue"].encode() not in running + stopped
        assert answer["RegisterCodeValue"] not in listed
