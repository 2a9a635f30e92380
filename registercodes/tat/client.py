"""Decides what the register-code actions ask and return; never repeats a call that may have been done."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from registercodes.secret import OneTimeValue
from registercodes.tat import records
from registercodes.tat.answers import Answer
from registercodes.tat.calls import Caller
from registercodes.tat.credentials import CredentialSource
from registercodes.tat.errors import Unknown
from registercodes.tat.records import Page, Quota, Region, RegisterCodeInfo, RegisterInstanceInfo

__all__ = ["Created", "Page", "Quota", "Region", "RegisterCodeInfo", "RegisterInstanceInfo", "TatClient"]


@dataclass(frozen=True)
class Created:
    """A code exists. Without a usable value nobody can ever use it: the caller withholds and disables."""

    code_id: str
    value: OneTimeValue | None
    request_id: str


def always() -> bool:
    return True


def no_slot(action: str, seconds: float) -> bool:
    """No shared budget is known, so nothing is sent again."""
    return False


class TatClient:
    """The register-code family of one account. Safe for threads; a forked child connects anew.

    ``wait_for_slot(action, seconds)`` waits for the shared call budget and is asked only before sending
    again what the cloud refused as too many requests; the first slot is the caller's affair.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        credentials: CredentialSource,
        connect_timeout: float = 5,
        deadline: float = 15,
        client_name: str = "register-code-portal",
        clock: Callable[[], float] = time.time,
        wait_for_slot: Callable[[str, float], bool] = no_slot,
        ca_file: str | None = None,
    ) -> None:
        self._caller = Caller(
            endpoint=endpoint,
            credentials=credentials,
            connect_timeout=connect_timeout,
            deadline=deadline,
            client_name=client_name,
            clock=clock,
            wait_for_slot=wait_for_slot,
            ca_file=ca_file,
        )

    def create_register_code(
        self, *, region: str, parameters: Mapping[str, str | int], trace_id: str, fresh: Callable[[], bool] = always
    ) -> Created:
        """``fresh`` is asked on the connection right before the first send; False: NotSent("stale")."""
        return self._caller.call(
            "CreateRegisterCode", region=region, parameters=parameters, trace_id=trace_id, fresh=fresh, read=_created
        )

    def describe_register_codes(
        self, *, region: str, code_ids: Sequence[str] = (), offset: int = 0, limit: int = 100, trace_id: str
    ) -> Page[RegisterCodeInfo]:
        asked: dict[str, object] = {"Offset": offset, "Limit": limit}
        if code_ids:
            asked["RegisterCodeIds"] = list(code_ids)
        return self._caller.call(
            "DescribeRegisterCodes", region=region, parameters=asked, trace_id=trace_id, read=_code_page
        )

    def disable_register_codes(self, *, region: str, code_ids: Sequence[str], trace_id: str) -> str:
        """The request id. A code once disabled stays so."""
        asked = {"RegisterCodeIds": list(code_ids)}
        return self._caller.call(
            "DisableRegisterCodes", region=region, parameters=asked, trace_id=trace_id, read=_request_id
        )

    def delete_register_codes(self, *, region: str, code_ids: Sequence[str], trace_id: str) -> str:
        """The request id. Fewer than 100 ids at a time."""
        asked = {"RegisterCodeIds": list(code_ids)}
        return self._caller.call(
            "DeleteRegisterCodes", region=region, parameters=asked, trace_id=trace_id, read=_request_id
        )

    def describe_register_instances(
        self,
        *,
        region: str,
        filters: Mapping[str, Sequence[str]] | None = None,
        offset: int = 0,
        limit: int = 100,
        trace_id: str,
    ) -> Page[RegisterInstanceInfo]:
        asked: dict[str, object] = {"Offset": offset, "Limit": limit}
        if filters:
            asked["Filters"] = [{"Name": name, "Values": list(values)} for name, values in filters.items()]
        return self._caller.call(
            "DescribeRegisterInstances", region=region, parameters=asked, trace_id=trace_id, read=_instance_page
        )

    def describe_regions(self, *, trace_id: str, region: str = "") -> Page[Region]:
        return self._caller.call("DescribeRegions", region=region, parameters={}, trace_id=trace_id, read=_region_page)

    def describe_quotas(self, *, region: str, resource_names: Sequence[str], trace_id: str) -> tuple[Quota, ...]:
        asked = {"ResourceNames": list(resource_names)}
        return self._caller.call("DescribeQuotas", region=region, parameters=asked, trace_id=trace_id, read=_quotas)

    def is_sandbox(self, *, timeout: float = 0.5) -> bool:
        """Whether the endpoint itself says that it is our sandbox; never an exception."""
        return self._caller.says_sandbox(timeout=timeout)


def _created(answer: Answer) -> Created:
    code_id = answer.code_id()
    if not code_id:
        raise Unknown("no_id", request_id=answer.request_id, alert=True)
    return Created(code_id=code_id, value=answer.value, request_id=answer.request_id)


def _code_page(answer: Answer) -> Page[RegisterCodeInfo]:
    row = answer.row
    return Page(row.number("TotalCount"), tuple(records.register_code(one) for one in row.rows("RegisterCodeSet")))


def _instance_page(answer: Answer) -> Page[RegisterInstanceInfo]:
    row = answer.row
    found = tuple(records.register_instance(one) for one in row.rows("RegisterInstanceSet"))
    return Page(row.number("TotalCount"), found)


def _region_page(answer: Answer) -> Page[Region]:
    row = answer.row
    return Page(row.number("TotalCount"), tuple(records.region(one) for one in row.rows("RegionSet")))


def _quotas(answer: Answer) -> tuple[Quota, ...]:
    return tuple(records.quota(one) for one in answer.row.rows("GeneralResourceQuotaSet"))


def _request_id(answer: Answer) -> str:
    return answer.request_id
