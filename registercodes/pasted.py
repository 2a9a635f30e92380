"""Decides what somebody pasted: a code's value, a name of a code or host, or an address; asks nothing, keeps nothing.

In doubt it is a value, which goes no further than this portal: a name is sent to the cloud.
"""

import enum
import ipaddress
import re
from dataclasses import dataclass, field
from typing import Final

from registercodes import rules
from registercodes.wording import NEVER_PUBLIC

WORDS_MOST: Final = 40
# A value is often leaked inside its command: each word of it is tried.
BETWEEN: Final = re.compile(r"[\s\"'`,;=:<>(){}\[\]]+")
CODE_ID: Final = re.compile(r"[0-9a-z]{8}(-[0-9a-z]{4}){3}-[0-9a-z]{12}", re.IGNORECASE)
INSTANCE_ID: Final = re.compile(r"rinst?-[0-9a-z-]{1,60}", re.IGNORECASE)
HOST_NAME: Final = re.compile(r"(?=.{1,63}\Z)[0-9a-z]([0-9a-z._-]*[0-9a-z])?", re.IGNORECASE)
# No name has so long a part without a dot or a hyphen; a value is one part.
SECRET: Final = re.compile(r"[0-9a-z_]{20}", re.IGNORECASE)


class Kind(enum.StrEnum):
    VALUE = "value"
    CODE_ID = "code_id"
    REFERENCE = "reference"
    INSTANCE_ID = "instance_id"
    HOST_NAME = "host_name"
    LOCAL_IP = "local_ip"
    ADDRESS = "address"


@dataclass(frozen=True)
class Pasted:
    """``text`` is the one name or address; ``words`` are what may be a value or an id. Neither is ever drawn."""

    kind: Kind
    text: str = field(repr=False)
    words: tuple[str, ...] = field(repr=False)

    @property
    def is_of_hosts(self) -> bool:
        """Of a bare word of seven letters nobody can tell whether it is a reference."""
        bare = self.kind == Kind.REFERENCE and not self.text.startswith("~")
        return bare or self.kind in (Kind.INSTANCE_ID, Kind.HOST_NAME, Kind.LOCAL_IP)


def recognise(pasted: str) -> Pasted:
    text = pasted.replace("\x00", "").strip()
    words = dict.fromkeys([text, *BETWEEN.split(text)])
    return Pasted(kind_of(text), text, tuple(word for word in words if word)[: WORDS_MOST + 1])


def kind_of(text: str) -> Kind:
    try:
        address = ipaddress.IPv4Address(text)
    except ValueError:
        return _kind_of_word(text)
    return Kind.LOCAL_IP if any(address in block for block in NEVER_PUBLIC) else Kind.ADDRESS


def _kind_of_word(text: str) -> Kind:
    if CODE_ID.fullmatch(text):
        return Kind.CODE_ID
    if rules.REFERENCE.fullmatch(text.lower().removeprefix("~")):
        return Kind.REFERENCE
    if INSTANCE_ID.fullmatch(text):
        return Kind.INSTANCE_ID
    return Kind.HOST_NAME if HOST_NAME.fullmatch(text) and not SECRET.search(text) else Kind.VALUE
