"""Every refused row of the call fault table through the real page: state, reason, events, what the person reads, one call."""

import pytest
from call_endings import CREATE, NEW, actions, ended, posts
from reading_pages import send, text, value_in
from tat_wire import CODE_ID, VALUE, created, error, http, read_request, wire

from registercodes.models import AuditEvent, RegisterCode
from registercodes.tat.answers import CODE_MAX

pytestmark = pytest.mark.django_db


REFUSALS = {
    "LimitExceeded": "limit for register codes is reached",
    "InvalidParameterValue.TooLong": "Shorten it",
    "UnauthorizedOperation.CamAuthFailed": "not allowed to do this in the cloud",
    "AuthFailure.SecretIdNotFound": "refused the portal’s own keys",
    "AuthFailure.TokenFailure": "refused the portal’s own keys",
    "ResourceInsufficient": "cannot do this at the moment",
    "ResourceNotFound": "something that the portal’s request relies on",
    "ResourceNotFound.SomethingNew": "something that the portal’s request relies on",
}


@pytest.mark.parametrize(("code", "said"), REFUSALS.items(), ids=REFUSALS)
def test_a_listed_definitive_code_is_refused_in_plain_words(as_alice, typed, cloud, code, said):
    cloud.fault("error", code=code)
    page = send(as_alice, NEW, typed())
    ended(page, "refused", error_code=code)
    assert said in text(page).replace("&#x27;", "’").replace("'", "’")
    assert len(cloud.calls(CREATE)) == 1


def test_a_code_as_long_as_any_that_is_believed_is_kept_whole(as_alice, typed, cloud):
    longest = "InvalidParameterValue." + "A" * (CODE_MAX - len("InvalidParameterValue."))
    cloud.fault("error", code=longest)
    ended(send(as_alice, NEW, typed()), "refused", error_code=longest)
    assert AuditEvent.objects.get(action="code.refused").error_code == longest


def test_an_error_under_another_content_type_is_still_a_refusal(as_alice, typed, cloud):
    cloud.fault("wrong_content_type", content_type="text/html", code="LimitExceeded")
    ended(send(as_alice, NEW, typed()), "refused", error_code="LimitExceeded")


def test_a_clock_that_is_wrong_is_refused_and_the_operator_is_told_it_is_the_clock(as_alice, typed, cloud, caplog):
    cloud.skew_signatures(400)
    try:
        page = send(as_alice, NEW, typed())
    finally:
        cloud.skew_signatures(0)
    ended(page, "refused", error_code="AuthFailure.SignatureExpire")
    assert "clock is wrong" in text(page)
    assert [record.alert for record in caplog.records if record.message == "tat.call"] == ["clock"]


def test_too_many_requests_is_signed_again_within_the_budget_and_issues(as_alice, typed, cloud):
    cloud.fault("error", code="RequestLimitExceeded", times=2)
    page = send(as_alice, NEW, typed())
    code = RegisterCode.objects.get()
    assert cloud.is_value(code.code_id, value_in(page))
    assert [call.executed for call in cloud.calls(CREATE)] == [False, False, True]
    assert actions() == ["code.requested", "code.issued"]


def test_too_many_requests_for_ever_is_refused_with_try_again(as_alice, typed, cloud):
    cloud.fault("error", code="RequestLimitExceeded.UinLimitExceeded", times=None)
    page = send(as_alice, NEW, typed())
    ended(page, "refused", error_code="RequestLimitExceeded.UinLimitExceeded")
    assert "Try again in a minute" in text(page)
    assert len(cloud.calls(CREATE)) == 4
    assert not any(call.executed for call in cloud.calls(CREATE))


def test_keys_that_were_rotated_meanwhile_are_read_again_and_sign_once_more(
    as_alice, typed, settings, point_at, tmp_path
):
    keys = {name: tmp_path / name for name in ("SECRET_ID", "SECRET_KEY", "TOKEN")}
    rotate(keys, "old")
    for name, path in keys.items():
        setattr(settings, f"TENCENTCLOUD_{name}_FILE", str(path))

    def rotating(connection, server):
        read_request(connection, server)
        rotate(keys, "new")
        connection.sendall(http(error("AuthFailure.TokenFailure")))
        read_request(connection, server)
        connection.sendall(http(created()))

    with wire(rotating) as server:
        point_at(server.url)
        page = send(as_alice, NEW, typed())
        assert value_in(page) == VALUE
        assert [server.headers(number)["x-tc-token"] for number in (0, 1)] == ["TOKEN-old", "TOKEN-new"]
        assert posts(server) == 2
    assert RegisterCode.objects.get().code_id == CODE_ID


def rotate(keys, generation):
    for name, path in keys.items():
        path.write_text(f"{name}-{generation}\n")
