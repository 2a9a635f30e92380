"""Which parameters each action accepts: the sandbox's own reading of the vendor's tables, kept apart on purpose.

Source: https://www.tencentcloud.com/document/api (TAT, version 2020-10-28), page of CreateRegisterCode of 2026-03-05.
Where a list of errors names no code for a bound, the common code InvalidParameterValue answers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from registercodes.sandbox.errors import ApiError

REGISTER_CODE_ID = re.compile(r"[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{12}", re.ASCII)
INSTANCE_ID = re.compile(r"rins-[0-9a-z]{8}", re.ASCII)
OCTET = r"(0|[1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
IPV4 = re.compile(rf"{OCTET}(\.{OCTET}){{3}}(/([0-9]|[12][0-9]|3[0-2]))?", re.ASCII)
INT64 = 2**63
PERMANENT_ABOVE = 99999
MISSING = object()


@dataclass(frozen=True)
class Text:
    most: int
    least: int = 0
    required: bool = False

    def default(self) -> str:
        return ""

    def read(self, name: str, value: object) -> str:
        text = text_of(name, value)
        if len(text) > self.most:
            raise ApiError("InvalidParameterValue.TooLong", name)
        if len(text) < self.least:
            raise ApiError("InvalidParameterValue", name)
        return text


@dataclass(frozen=True)
class Whole:
    start: int
    least: int
    most: int = INT64
    too_small: str = "InvalidParameterValue"
    too_large: str = "InvalidParameterValue"
    required: bool = False

    def default(self) -> int:
        return self.start

    def read(self, name: str, value: object) -> int:
        if type(value) is not int or not -INT64 <= value < INT64:
            raise ApiError("InvalidParameter", name)
        if value < self.least:
            raise ApiError(self.too_small, name)
        if value > self.most:
            raise ApiError(self.too_large, name)
        return value


@dataclass(frozen=True)
class Address:
    """One IPv4 address or CIDR, host bits allowed, kept as sent; empty means any source."""

    required: bool = False

    def default(self) -> str:
        return ""

    def read(self, name: str, value: object) -> str:
        text = text_of(name, value)
        if text and not IPV4.fullmatch(text):
            raise ApiError("InvalidParameter", name)
        return text


@dataclass(frozen=True)
class Names:
    """A list of texts of one form."""

    form: re.Pattern[str]
    malformed: str
    most: int = 100
    too_many: str = "InvalidParameterValue"
    duplicated: str = ""
    required: bool = False

    def default(self) -> tuple:
        return ()

    def read(self, name: str, value: object) -> tuple[str, ...]:
        texts = [text_of(name, item) for item in list_of(name, value)]
        if self.required and not texts:
            raise ApiError("MissingParameter", name)
        if len(texts) > self.most:
            raise ApiError(self.too_many, name)
        for text in texts:
            if not self.form.fullmatch(text):
                raise ApiError(self.malformed, text[:64])
        return self._once_each(name, texts)

    def _once_each(self, name: str, texts: list[str]) -> tuple[str, ...]:
        once = tuple(dict.fromkeys(texts))
        if self.duplicated and len(once) < len(texts):
            raise ApiError(self.duplicated, name)
        return once


@dataclass(frozen=True)
class One:
    """A single id."""

    form: re.Pattern[str]
    malformed: str
    required: bool = True

    def default(self) -> str:
        return ""

    def read(self, name: str, value: object) -> str:
        text = text_of(name, value)
        if not text:
            raise ApiError("MissingParameter", name)
        if not self.form.fullmatch(text):
            raise ApiError(self.malformed, text[:64])
        return text


@dataclass(frozen=True)
class Filters:
    known: tuple[str, ...]
    closed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    most: int = 10
    most_values: int = 5
    required: bool = False

    def default(self) -> tuple:
        return ()

    def read(self, name: str, value: object) -> tuple[tuple[str, tuple[str, ...]], ...]:
        items = list_of(name, value)
        if len(items) > self.most:
            raise ApiError("InvalidParameterValue.InvalidFilter", name)
        return tuple(self._one(item) for item in items)

    def _one(self, item: object) -> tuple[str, tuple[str, ...]]:
        if not isinstance(item, dict) or set(item) != {"Name", "Values"}:
            raise ApiError("InvalidParameterValue.InvalidFilter", "Filters")
        key = text_of("Filters.Name", item["Name"])
        values = tuple(text_of("Filters.Values", value) for value in list_of("Filters.Values", item["Values"]))
        if not self._is_known(key) or not 1 <= len(values) <= self.most_values:
            raise ApiError("InvalidParameterValue.InvalidFilter", key[:64])
        if key in self.closed and not set(values) <= set(self.closed[key]):
            raise ApiError("InvalidParameterValue.InvalidFilter", key)
        return key, values

    def _is_known(self, key: str) -> bool:
        return key in self.known or (key.startswith("tag:") and len(key) > len("tag:"))


Rule = Text | Whole | Address | Names | One | Filters

CODE_IDS = Names(
    REGISTER_CODE_ID,
    "InvalidParameterValue.InvalidRegisterCodeId",
    most=99,  # "fewer than 100"
    duplicated="InvalidParameterValue.ParameterKeyDuplicated",
    required=True,
)
PAGE: dict[str, Rule] = {"Offset": Whole(start=0, least=0), "Limit": Whole(start=20, least=0, most=100)}
INSTANCE = One(INSTANCE_ID, "InvalidParameterValue.InvalidRegisterInstanceId")

TABLE: dict[str, dict[str, Rule]] = {
    "CreateRegisterCode": {
        "Description": Text(most=128),
        "InstanceNamePrefix": Text(most=32),
        "RegisterLimit": Whole(
            start=10,
            least=1,
            most=10000,
            too_small="InvalidParameterValue.TooSmall",
            too_large="InvalidParameterValue.TooLarge",
        ),
        "EffectiveTime": Whole(start=4, least=1, too_small="InvalidParameterValue.TooSmall"),
        "IpAddressRange": Address(),
    },
    "DescribeRegisterCodes": {
        "RegisterCodeIds": Names(
            REGISTER_CODE_ID,
            "InvalidParameterValue.InvalidRegisterCodeId",
            too_many="InvalidParameterValue.TooLong",
        ),
        **PAGE,
    },
    "DisableRegisterCodes": {"RegisterCodeIds": CODE_IDS},
    "DeleteRegisterCodes": {"RegisterCodeIds": CODE_IDS},
    "DescribeRegisterInstances": {
        "InstanceIds": Names(INSTANCE_ID, "InvalidParameterValue.InvalidRegisterInstanceId"),
        "Filters": Filters(
            known=(
                "instance-name",
                "instance-id",
                "register-status",
                "local-ip",
                "register-code-id",
                "sys-name",
                "tag-key",
                "tag-value",
            ),
            closed={"register-status": ("Online", "Offline"), "sys-name": ("Linux", "Windows")},
        ),
        **PAGE,
    },
    "ModifyRegisterInstance": {"InstanceId": INSTANCE, "InstanceName": Text(most=60, least=1, required=True)},
    "DeleteRegisterInstance": {"InstanceId": INSTANCE},
    "DescribeRegions": {},
    "DescribeQuotas": {
        "ResourceNames": Names(
            re.compile("COMMAND|REGISTER_CODE"),
            "ResourceUnavailable.InvalidResourceQuotaResourceCode",
            required=True,
        )
    },
}


def check(action: str, parameters: Mapping[str, object]) -> dict:
    """The parameters with defaults filled in, or ApiError with the documented code."""
    table = TABLE[action]
    for name in parameters:
        if name not in table:
            raise ApiError("UnknownParameter", name[:64])
    values = {name: _read(name, rule, parameters.get(name, MISSING)) for name, rule in table.items()}
    if values.get("InstanceIds") and values.get("Filters"):
        raise ApiError("InvalidParameterValue.InvalidFilter", "InstanceIds and Filters together")
    return values


def _read(name: str, rule: Rule, value: object) -> object:
    if value is not MISSING:
        return rule.read(name, value)
    if rule.required:
        raise ApiError("MissingParameter", name)
    return rule.default()


def text_of(name: str, value: object) -> str:
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        raise ApiError("InvalidParameter", name)
    return value


def list_of(name: str, value: object) -> list:
    if not isinstance(value, list):
        raise ApiError("InvalidParameter", name)
    return value
