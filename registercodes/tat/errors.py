"""Decides what each failure of the cloud means and who should act; never repeats the vendor's own text.

Codes: tests/test_tat_errors.py holds the vendor's list. Messages are matched by
code alone, since the vendor's text changes and follows the language header.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from registercodes.rules import gettext_noop

Outcome = Literal["refused", "unknown", "retry_limit", "retry_credentials"]
Actor = Literal["person", "administrator", "operator", "wait"]


class TatError(Exception):
    """A call that gave no result. Its text never contains vendor text, bodies or secrets."""


class NotSent(TatError):
    """The connection never stood, or the call was given up before a byte left: nothing happened in the cloud."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not sent: {reason}")
        self.reason = reason


class Refused(TatError):
    """The cloud said no: nothing was created."""

    def __init__(self, code: str, request_id: str = "") -> None:
        super().__init__(f"refused: {code}")
        self.code = code
        self.request_id = request_id

    @property
    def meaning(self) -> "Meaning | None":
        return meaning_of(self.code)


class Unknown(TatError):
    """It may or may not have happened; never to be repeated by software when it was a create."""

    def __init__(
        self, reason: str, *, code: str = "", request_id: str = "", alert: bool = False, detail: str = ""
    ) -> None:
        super().__init__(f"unknown: {reason} {code}".rstrip())
        self.reason = reason
        self.code = code
        self.request_id = request_id
        self.alert = alert
        self.detail = detail  # name of the exception underneath, for the log

    @property
    def meaning(self) -> "Meaning | None":
        return meaning_of(self.code)


def reason_of(failure: TatError) -> str:
    """The vendor's code, or our reason where it gave none."""
    return getattr(failure, "code", "") or getattr(failure, "reason", "")


@dataclass(frozen=True)
class Meaning:
    """What a vendor code means: the outcome, who should act, and a plain sentence for the person."""

    outcome: Outcome
    who: Actor
    message: str
    alert: bool = False
    field: str = ""


def meaning_of(code: str) -> Meaning | None:
    """By the exact code, then by the part before its first dot; None when it is on no list of ours."""
    return ERRORS.get(code) or ERRORS.get(code.partition(".")[0])


def _person(message: str, *, field: str = "") -> Meaning:
    return Meaning("refused", "person", message, field=field)


def _administrator(message: str) -> Meaning:
    return Meaning("refused", "administrator", message, alert=True)


def _operator(message: str) -> Meaning:
    return Meaning("refused", "operator", message, alert=True)


def _unknown(message: str, *, alert: bool = False) -> Meaning:
    return Meaning("unknown", "wait", message, alert=alert)


_PARAMETER = gettext_noop("The cloud refused one of the values. Nothing was created. Check the form and try again.")
_TOO_LONG = gettext_noop(
    "The cloud found the description or the name prefix too long. Nothing was created. Shorten it and try again."
)
_TOO_LARGE = gettext_noop(
    "The cloud found the registration limit or the hours too large. Nothing was created. Lower it and try again."
)
_TOO_SMALL = gettext_noop(
    "The cloud found the registration limit or the hours too small. Nothing was created. Raise it and try again."
)
_BAD_CODE_ID = gettext_noop("The cloud does not accept this as the id of a register code. Nothing was changed.")
_BAD_HOST_ID = gettext_noop("The cloud does not accept this as the id of a registered host. Nothing was changed.")
_NO_CODE = gettext_noop("The cloud no longer has this register code. Nothing was changed; it can no longer be used.")
_NO_HOST = gettext_noop("The cloud no longer has this registered host. Nothing was changed.")
_NOT_FOUND = gettext_noop(
    "The cloud did not find something that the portal's request relies on. Nothing was created. "
    "Tell the portal's operator."
)
_REGION = gettext_noop("The cloud does not offer register codes in this region. Nothing was created. Choose another.")
_OUR_REQUEST = gettext_noop(
    "The cloud did not accept the form of the portal's request. Nothing was created. Tell the portal's operator."
)
_KEYS = gettext_noop("The cloud refused the portal's own keys. Nothing was created. Tell the portal's operator.")
_CLOCK = gettext_noop(
    "The cloud refused the request because the portal's clock is wrong. Nothing was created. "
    "Tell the portal's operator: the clock must be set right."
)
_RIGHTS = gettext_noop(
    "The portal's account is not allowed to do this in the cloud. Nothing was created. Tell the portal's operator."
)
_ROLE = gettext_noop(
    "The cloud account has not yet authorised TAT to act for it. Nothing was created. "
    "Tell the portal's operator: the service role has to be granted."
)
_ADDRESS = gettext_noop(
    "The cloud does not accept requests from the portal's address. Nothing was created. Tell the portal's operator."
)
_QUOTA = gettext_noop(
    "The cloud account's limit for register codes is reached. Nothing was created. "
    "Ask an administrator to remove old codes or to have the limit raised."
)
_UNAVAILABLE = gettext_noop(
    "The cloud cannot do this at the moment. Nothing was created. Try again later; "
    "if it goes on, tell the portal's operator."
)
_BUSY = gettext_noop(
    "The cloud is receiving too many requests at the moment. Nothing was created. Try again in a minute."
)
_FAULT = gettext_noop(
    "The cloud reported a fault of its own, so a code may or may not have been created. "
    "If one was, nobody has seen its value."
)

_LIMIT = Meaning("retry_limit", "wait", _BUSY)
_STALE_KEYS = Meaning("retry_credentials", "operator", _KEYS, alert=True)

ERRORS: Final[Mapping[str, Meaning]] = MappingProxyType(
    {
        # What was asked
        "InvalidParameter": _person(_PARAMETER),
        "InvalidParameterValue": _person(_PARAMETER),
        "InvalidParameterValue.TooLarge": _person(_TOO_LARGE),
        "InvalidParameterValue.TooLong": _person(_TOO_LONG),
        "InvalidParameterValue.TooSmall": _person(_TOO_SMALL),
        "InvalidParameterValue.InvalidRegisterCodeId": _person(_BAD_CODE_ID),
        "InvalidParameterValue.InvalidRegisterInstanceId": _person(_BAD_HOST_ID),
        "ResourceNotFound": _operator(_NOT_FOUND),
        "ResourceNotFound.RegisterCodesNotFoundCode": _person(_NO_CODE),
        "ResourceNotFound.RegisterInstanceNotFoundCode": _person(_NO_HOST),
        "UnsupportedRegion": _person(_REGION, field="region"),
        # How the portal asked
        "ActionOffline": _operator(_OUR_REQUEST),
        "DryRunOperation": _operator(_OUR_REQUEST),
        "InvalidAction": _operator(_OUR_REQUEST),
        "InvalidParameterValue.InvalidFilter": _operator(_OUR_REQUEST),
        "InvalidParameterValue.ParameterKeyDuplicated": _operator(_OUR_REQUEST),
        "InvalidRequest": _operator(_OUR_REQUEST),
        "MissingParameter": _operator(_OUR_REQUEST),
        "NoSuchProduct": _operator(_OUR_REQUEST),
        "NoSuchVersion": _operator(_OUR_REQUEST),
        "RequestSizeLimitExceeded": _operator(_OUR_REQUEST),
        "ResourceUnavailable.InvalidResourceQuotaResourceCode": _operator(_OUR_REQUEST),
        "UnknownParameter": _operator(_OUR_REQUEST),
        "UnsupportedOperation": _operator(_OUR_REQUEST),
        "UnsupportedProtocol": _operator(_OUR_REQUEST),
        # Who the portal is in the cloud
        "AuthFailure": _operator(_KEYS),
        "AuthFailure.InvalidAuthorization": _operator(_KEYS),
        "AuthFailure.InvalidSecretId": _operator(_KEYS),
        "AuthFailure.MFAFailure": _operator(_RIGHTS),
        "AuthFailure.SecretIdNotFound": _STALE_KEYS,
        "AuthFailure.SignatureExpire": _operator(_CLOCK),
        "AuthFailure.SignatureFailure": _operator(_KEYS),
        "AuthFailure.TokenFailure": _STALE_KEYS,
        "AuthFailure.UnauthorizedOperation": _operator(_RIGHTS),
        "IpInBlacklist": _operator(_ADDRESS),
        "IpNotInWhitelist": _operator(_ADDRESS),
        "OperationDenied": _operator(_RIGHTS),
        "ResourceNotFound.RoleNotFound": _operator(_ROLE),
        "UnauthorizedOperation": _operator(_RIGHTS),
        "UnauthorizedOperation.AssumeRoleUnauthorized": _operator(_ROLE),
        "UnauthorizedOperation.CamAuthFailed": _operator(_RIGHTS),
        "UnauthorizedOperation.InvalidToken": _operator(_KEYS),
        "UnauthorizedOperation.MFAExpired": _operator(_RIGHTS),
        "UnauthorizedOperation.MFANotFound": _operator(_RIGHTS),
        "UnauthorizedOperation.NeedApproval": _operator(_RIGHTS),
        # How much is left
        "LimitExceeded": _administrator(_QUOTA),
        "ResourceUnavailable.UserHasNoQuotaCode": _administrator(_QUOTA),
        "ResourceInUse": Meaning("refused", "wait", _UNAVAILABLE),
        "ResourceInsufficient": Meaning("refused", "wait", _UNAVAILABLE),
        "ResourceUnavailable": Meaning("refused", "wait", _UNAVAILABLE),
        "RequestLimitExceeded": _LIMIT,
        "RequestLimitExceeded.GlobalRegionUinLimitExceeded": _LIMIT,
        "RequestLimitExceeded.IPLimitExceeded": _LIMIT,
        "RequestLimitExceeded.UinLimitExceeded": _LIMIT,
        # Nobody can tell whether it was done
        "FailedOperation": _unknown(_FAULT),
        "FailedOperation.TagOperationFailed": _unknown(_FAULT),
        "InternalError": _unknown(_FAULT),
        "ServiceUnavailable": _unknown(_FAULT),
        "ResponseSizeLimitExceeded": _unknown(_FAULT, alert=True),  # it was done; only its answer was too large
    }
)
