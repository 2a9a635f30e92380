"""Gives the cloud's lists types; never invents a fact: absent is empty or None, wrong makes the answer Unknown."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Generic, TypeVar

from registercodes.tat.errors import Unknown

log = logging.getLogger("registercodes.tat")

Item = TypeVar("Item")

IDENTITY_MAX: Final = 128
NUMBER_MAX: Final = 2**63 - 1  # the API's integers are int64, and so are the database's


@dataclass(frozen=True)
class RegisterCodeInfo:
    """One code as the cloud sees it; it never tells the value, nor who made it.

    ``enabled`` is computed by the cloud and seems to turn false at expiry too:
    it does not say that somebody disabled the code.
    """

    code_id: str
    description: str
    instance_name_prefix: str
    register_limit: int
    expires_at: datetime | None
    ip_address_range: str
    enabled: bool
    registered_count: int
    created_at: datetime | None
    updated_at: datetime | None


@dataclass(frozen=True)
class RegisterInstanceInfo:
    """One host that registered; ``status`` is Online or Offline."""

    code_id: str
    instance_id: str
    instance_name: str
    machine_id: str
    system_name: str
    host_name: str
    local_ip: str
    public_key: str
    status: str
    created_at: datetime | None
    updated_at: datetime | None
    tags: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Region:
    region: str
    name: str
    available: bool


@dataclass(frozen=True)
class Quota:
    resource: str
    used: int
    total: int


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Some of ``total`` items."""

    total: int
    items: tuple[Item, ...]


class Row:
    """One JSON object, read field by field."""

    def __init__(self, row: object) -> None:
        if not isinstance(row, dict):
            raise Unknown("shape")
        self._row: Mapping[str, object] = row

    def text(self, name: str) -> str:
        found = self._row.get(name)
        if found is None:
            return ""
        if not isinstance(found, str):
            raise Unknown("shape")
        return found

    def identity(self, name: str) -> str:
        """Opaque text that can be recorded: without it a row says nothing of anything."""
        found = self.text(name)
        return found if found.strip() and found.isprintable() and len(found) <= IDENTITY_MAX else _absent()

    def number(self, name: str) -> int:
        found = self._row.get(name)
        if isinstance(found, bool) or not isinstance(found, int) or abs(found) > NUMBER_MAX:
            raise Unknown("shape")
        return found

    def flag(self, name: str) -> bool:
        found = self._row.get(name)
        if not isinstance(found, bool):
            raise Unknown("shape")
        return found

    def time(self, name: str) -> datetime | None:
        return parse_time(self.text(name))

    def rows(self, name: str) -> "list[Row]":
        found = self._row.get(name)
        if found is None:
            return []
        if not isinstance(found, list):
            raise Unknown("shape")
        return [Row(row) for row in found]


def _absent() -> str:
    raise Unknown("shape")


def parse_time(text: str) -> datetime | None:
    """The three spellings seen: ``…T12:50:45Z``, ``…T00:00:00+00:00`` and ``2023-12-01 00:00:00`` (taken as UTC)."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        log.warning("tat.time_unreadable", extra={"length": len(text)})
        return None


def register_code(row: Row) -> RegisterCodeInfo:
    return RegisterCodeInfo(
        code_id=row.identity("RegisterCodeId"),
        description=row.text("Description"),
        instance_name_prefix=row.text("InstanceNamePrefix"),
        register_limit=row.number("RegisterLimit"),
        expires_at=row.time("ExpiredTime"),
        ip_address_range=row.text("IpAddressRange"),
        enabled=row.flag("Enabled"),
        registered_count=row.number("RegisteredCount"),
        created_at=row.time("CreatedTime"),
        updated_at=row.time("UpdatedTime"),
    )


def register_instance(row: Row) -> RegisterInstanceInfo:
    return RegisterInstanceInfo(
        code_id=row.text("RegisterCodeId"),
        instance_id=row.identity("InstanceId"),
        instance_name=row.text("InstanceName"),
        machine_id=row.text("MachineId"),
        system_name=row.text("SystemName"),
        host_name=row.text("HostName"),
        local_ip=row.text("LocalIp"),
        public_key=row.text("PublicKey"),
        status=row.text("Status"),
        created_at=row.time("CreatedTime"),
        updated_at=row.time("UpdatedTime"),
        tags=tuple((tag.text("Key"), tag.text("Value")) for tag in row.rows("Tags")),
    )


def region(row: Row) -> Region:
    return Region(row.identity("Region"), row.text("RegionName"), row.text("RegionState") == "AVAILABLE")


def quota(row: Row) -> Quota:
    return Quota(row.identity("ResourceName"), row.number("ResourceQuotaUsed"), row.number("ResourceQuotaTotal"))
