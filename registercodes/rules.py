"""Decides what CreateRegisterCode accepts: the single source of its parameter rules.

Form, service, model constraints, help texts and the page's attributes read
these. No Django here, no policy of ours, and nothing is ever altered but outer
blanks. Source: https://www.tencentcloud.com/document/api (CreateRegisterCode,
version 2020-10-28, page updated 2026-03-05) unless a line says otherwise.
"""

import dataclasses
import ipaddress
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

DESCRIPTION_MAX: Final = 128  # characters; counted as code points, the vendor does not say (tests/vendor_rules.json)
PREFIX_MAX: Final = 32  # characters
LIMIT_MIN: Final = 1
LIMIT_MAX: Final = 10_000
LIMIT_DEFAULT: Final = 10
HOURS_MIN: Final = 1  # not documented; 0 and below are presumed TooSmall
HOURS_MAX: Final = 99_999  # the longest finite life, about 11.4 years
HOURS_DEFAULT: Final = 4
PERMANENT_HOURS: Final = 100_000  # what the portal sends for "permanent": any number above HOURS_MAX means it
NUMBER_MAX: Final = 2**63 - 1  # the API's integers are int64
NUMBER_DIGITS_MAX: Final = len(str(NUMBER_MAX))  # longer input is refused unread
RANGE_MAX: Final = len("255.255.255.255/32")

NUMBER: Final = re.compile(r"0|-?[1-9][0-9]*", re.ASCII)
OCTET: Final = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
RANGE: Final = re.compile(rf"(?:{OCTET}\.){{3}}{OCTET}(?:/(?:3[0-2]|[12]?[0-9]))?", re.ASCII)
MARK_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
REFERENCE: Final = re.compile(rf"[{MARK_ALPHABET}]{{7}}")
MARK: Final = re.compile(rf"(?:^| )~({REFERENCE.pattern})\Z")
MARK_LENGTH: Final = len(" ~") + 7

# Cc control, Cs surrogate, Zl and Zp separators, Cn unassigned is allowed: new emoji arrive yearly.
FORBIDDEN_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
# Marks, embeddings, overrides and isolates that reorder text on screen (Unicode UAX 9, 2.1-2.4).
BIDI_MARKS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
LOST: Final = "\ufffd"  # what a browser sends for a lone surrogate, and Django reads in broken UTF-8


def gettext_noop(message: str) -> str:
    """Mark a message for translation; forms and pages translate it."""
    return message


@dataclass(frozen=True)
class Problem:
    """What is wrong with one field, for a person. ``message % params`` is the English sentence."""

    field: str
    code: str
    message: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return self.message % self.params


@dataclass(frozen=True)
class Asked:
    """The parameters of one CreateRegisterCode, typed and stripped; empty text means not given."""

    region: str
    description: str = ""
    instance_name_prefix: str = ""
    register_limit: int = LIMIT_DEFAULT
    effective_time: int = HOURS_DEFAULT
    ip_address_range: str = ""

    @property
    def permanent(self) -> bool:
        return is_permanent(self.effective_time)


def is_permanent(hours: int) -> bool:
    """Above 99999 hours the cloud keeps a code for ever; 99999 itself is 99999 hours."""
    return hours > HOURS_MAX


def check(asked: Asked, *, regions: frozenset[str] | set[str] | tuple[str, ...]) -> list[Problem]:
    """Every way in which the API (or the configured region list) would refuse ``asked``."""
    found = [
        check_region(asked.region, regions=regions),
        check_text("description", asked.description, longest=DESCRIPTION_MAX),
        check_description_mark(asked.description),
        check_text("instance_name_prefix", asked.instance_name_prefix, longest=PREFIX_MAX),
        check_register_limit(asked.register_limit),
        check_effective_time(asked.effective_time),
        check_ip_address_range(asked.ip_address_range),
    ]
    return [problem for problem in found if problem]


def check_region(region: str, *, regions: frozenset[str] | set[str] | tuple[str, ...]) -> Problem | None:
    if region in regions:
        return None
    return Problem("region", "unknown", gettext_noop("Choose one of the regions listed."))


def check_text(name: str, text: str, *, longest: int) -> Problem | None:
    """One line of at most ``longest`` code points without anything that hides or reorders text."""
    if len(text) > longest:
        return Problem(
            name,
            "too_long",
            gettext_noop("Use at most %(longest)d characters; this has %(length)d."),
            {"longest": longest, "length": len(text)},
        )
    bad = next((char for char in text if is_forbidden(char)), None)
    if bad is None:
        return None
    return Problem(
        name,
        "forbidden_character",
        gettext_noop("Remove the invisible character %(character)s; one line of visible text is wanted."),
        {"character": f"U+{ord(bad):04X}"},
    )


def is_forbidden(char: str) -> bool:
    return char in BIDI_MARKS or char == LOST or unicodedata.category(char) in FORBIDDEN_CATEGORIES


def check_description_mark(description: str) -> Problem | None:
    """Only the portal writes marks: a typed one would make an unknown outcome resolve to the wrong code."""
    if not MARK.search(description):
        return None
    return Problem(
        "description",
        "looks_like_mark",
        gettext_noop("The portal ends descriptions with “~” and seven letters itself; remove that from the end."),
    )


def check_register_limit(limit: int) -> Problem | None:
    return check_bounds("register_limit", limit, low=LIMIT_MIN, high=LIMIT_MAX)


def check_effective_time(hours: int) -> Problem | None:
    """No upper bound: above HOURS_MAX a code is permanent, up to the API's int64."""
    return check_bounds("effective_time", hours, low=HOURS_MIN, high=NUMBER_MAX)


def check_bounds(name: str, number: int, *, low: int, high: int) -> Problem | None:
    if number < low:
        return Problem(name, "too_small", gettext_noop("Use %(low)d or more."), {"low": low})
    if number > high:
        return Problem(name, "too_large", gettext_noop("Use %(high)d or less."), {"high": high})
    return None


def parse_number(name: str, text: str) -> int | Problem:
    """A whole number in plain digits. Not ``+5``, ``010``, ``1_0``, ``1e1``, ``10.0`` or other scripts' digits."""
    if len(text.lstrip("-")) > NUMBER_DIGITS_MAX and NUMBER.fullmatch(text[: NUMBER_DIGITS_MAX + 2]):
        return Problem(name, "too_large", gettext_noop("This number is too long."))
    if not NUMBER.fullmatch(text):
        return Problem(name, "not_a_number", gettext_noop("Use a whole number in plain digits, such as 10."))
    return int(text)


def check_ip_address_range(text: str) -> Problem | None:
    """Empty, one IPv4 address, or one IPv4 CIDR block; host bits may be set, as in the vendor's own example."""
    if not text or RANGE.fullmatch(text):
        return None
    return Problem("ip_address_range", *_range_complaint(text))


def _range_complaint(text: str) -> tuple[str, str]:
    if "," in text or ";" in text or " " in text or "-" in text:
        return "one_only", gettext_noop("One address or one CIDR block only: a code takes no lists or from–to ranges.")
    if ":" in text:
        return "ipv6", gettext_noop("IPv4 only: the cloud offers no IPv6 here.")
    if re.search(r"(?:^|[./])0[0-9]", text):
        return "leading_zero", gettext_noop("Remove leading zeros: they mean octal to some programs.")
    if re.fullmatch(r"[0-9.]+/[0-9]+\.[0-9.]+", text):
        return "netmask", gettext_noop("Write the prefix length, such as /24, rather than a mask.")
    return "not_ipv4", gettext_noop("Use an IPv4 address or CIDR block, such as 203.0.113.7 or 203.0.113.0/24.")


def network_of(text: str) -> ipaddress.IPv4Network | None:
    """The network a well-formed range means; ``None`` for empty text, that is any address."""
    return ipaddress.IPv4Network(text, strict=False) if text else None


def bounds_of(text: str) -> tuple[int, int] | None:
    """First and last address as numbers; ``None`` when unrestricted, which ``/0`` is too."""
    network = network_of(text)
    if network is None or network.prefixlen == 0:
        return None
    return int(network.network_address), int(network.broadcast_address)


def with_mark(description: str, reference: str) -> str:
    """The description as sent: with the mark at its end whenever both fit."""
    marked = f"{description} ~{reference}" if description else f"~{reference}"
    return marked if len(marked) <= DESCRIPTION_MAX else description


def mark_in(description: str) -> str | None:
    """The reference at the end of a description, if one is there."""
    match = MARK.search(description)
    return match.group(1) if match else None


def api_parameters(asked: Asked, *, description: str) -> dict[str, str | int]:
    """The JSON body: limit and hours always, absent text absent rather than empty."""
    parameters: dict[str, str | int] = {
        "Description": description,
        "InstanceNamePrefix": asked.instance_name_prefix,
        "RegisterLimit": asked.register_limit,
        "EffectiveTime": asked.effective_time,
        "IpAddressRange": asked.ip_address_range,
    }
    return {name: value for name, value in parameters.items() if value != ""}
