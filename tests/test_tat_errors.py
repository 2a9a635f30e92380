"""Every code the vendor lists is mapped to an outcome, an actor and a plain sentence."""

import pytest

from registercodes.tat.errors import ERRORS, NotSent, Refused, Unknown, meaning_of


def words(text):
    return text.split()


# tat-api.md 1.10: the table, the two helper actions, and the module-wide codes named below it.
MODULE = words("""
InvalidParameter InvalidParameterValue InvalidParameterValue.TooLarge InvalidParameterValue.TooLong
InvalidParameterValue.TooSmall InvalidParameterValue.InvalidFilter InvalidParameterValue.InvalidRegisterCodeId
InvalidParameterValue.InvalidRegisterInstanceId InvalidParameterValue.ParameterKeyDuplicated MissingParameter
ResourceNotFound.RegisterCodesNotFoundCode ResourceNotFound.RegisterInstanceNotFoundCode ResourceNotFound.RoleNotFound
UnauthorizedOperation.AssumeRoleUnauthorized ResourceUnavailable.InvalidResourceQuotaResourceCode InternalError
UnauthorizedOperation.CamAuthFailed UnauthorizedOperation.InvalidToken UnauthorizedOperation.MFAExpired
UnauthorizedOperation.MFANotFound UnauthorizedOperation.NeedApproval AuthFailure AuthFailure.UnauthorizedOperation
LimitExceeded OperationDenied ResourceUnavailable.UserHasNoQuotaCode UnknownParameter UnsupportedOperation
FailedOperation.TagOperationFailed
""")

# tat-api.md 3.4.
COMMON = words("""
ActionOffline AuthFailure.InvalidAuthorization AuthFailure.InvalidSecretId AuthFailure.MFAFailure
AuthFailure.SecretIdNotFound AuthFailure.SignatureExpire AuthFailure.SignatureFailure AuthFailure.TokenFailure
AuthFailure.UnauthorizedOperation DryRunOperation FailedOperation InternalError InvalidAction InvalidParameter
InvalidParameterValue InvalidRequest IpInBlacklist IpNotInWhitelist LimitExceeded MissingParameter NoSuchProduct
NoSuchVersion RequestLimitExceeded RequestLimitExceeded.GlobalRegionUinLimitExceeded
RequestLimitExceeded.IPLimitExceeded RequestLimitExceeded.UinLimitExceeded RequestSizeLimitExceeded ResourceInUse
ResourceInsufficient ResourceNotFound ResourceUnavailable ResponseSizeLimitExceeded ServiceUnavailable
UnauthorizedOperation UnknownParameter UnsupportedOperation UnsupportedProtocol UnsupportedRegion
""")

UNKNOWN = {
    "FailedOperation",
    "FailedOperation.TagOperationFailed",
    "InternalError",
    "ResponseSizeLimitExceeded",
    "ServiceUnavailable",
}


@pytest.mark.parametrize("code", sorted({*MODULE, *COMMON}))
def test_every_listed_code_is_mapped_by_itself(code):
    assert code in ERRORS


def test_no_code_is_mapped_that_the_vendor_does_not_list():
    assert set(ERRORS) == {*MODULE, *COMMON}


@pytest.mark.parametrize("code", sorted(ERRORS))
def test_the_message_says_whether_anything_was_created_or_changed(code):
    message = ERRORS[code].message
    if ERRORS[code].outcome == "unknown":
        assert "may or may not have been created" in message
    else:
        assert "Nothing was created." in message or "Nothing was changed" in message
    assert message.endswith(".")


def test_only_codes_that_leave_doubt_are_unknown():
    assert {code for code, meaning in ERRORS.items() if meaning.outcome == "unknown"} == UNKNOWN


def test_limits_and_stale_keys_may_be_tried_again():
    again = {code: meaning.outcome for code, meaning in ERRORS.items() if meaning.outcome.startswith("retry")}
    assert again == {
        "AuthFailure.SecretIdNotFound": "retry_credentials",
        "AuthFailure.TokenFailure": "retry_credentials",
        "RequestLimitExceeded": "retry_limit",
        "RequestLimitExceeded.GlobalRegionUinLimitExceeded": "retry_limit",
        "RequestLimitExceeded.IPLimitExceeded": "retry_limit",
        "RequestLimitExceeded.UinLimitExceeded": "retry_limit",
    }


def test_a_wrong_clock_names_the_clock_and_alerts():
    meaning = meaning_of("AuthFailure.SignatureExpire")
    assert meaning.who == "operator" and meaning.alert and "clock" in meaning.message


def test_an_exact_code_wins_over_the_part_before_its_dot():
    assert meaning_of("ResourceNotFound.RoleNotFound").who == "operator"
    assert meaning_of("ResourceNotFound.SomethingNew") is ERRORS["ResourceNotFound"]
    assert meaning_of("InternalError.A.B").outcome == "unknown"


@pytest.mark.parametrize("code", ["", ".", "NeverHeardOf", "NeverHeardOf.InternalError", "internalerror", "Internal"])
def test_a_code_on_no_list_means_nothing_to_us(code):
    assert meaning_of(code) is None


def test_the_region_is_named_as_the_field_at_fault():
    assert meaning_of("UnsupportedRegion").field == "region"


def test_texts_of_the_exceptions_carry_only_our_own_words():
    assert str(NotSent("dns")) == "not sent: dns"
    assert str(Refused("LimitExceeded", "id-1")) == "refused: LimitExceeded"
    assert str(Unknown("deadline")) == "unknown: deadline"
    assert Refused("LimitExceeded").meaning.who == "administrator"
