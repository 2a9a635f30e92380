"""Whether a call may reach its action at all: signature, version, action, region, rate, a JSON object as body."""

import json
import re
from dataclasses import dataclass

from registercodes.sandbox import VERSION
from registercodes.sandbox.cloud import Cloud
from registercodes.sandbox.errors import ApiError
from registercodes.sandbox.regions import require
from registercodes.sandbox.rules import TABLE
from registercodes.sandbox.signature import Request, verify

JSON_TYPE = re.compile(r"application/json(\s*;.*)?", re.IGNORECASE)
WITHOUT_REGION = {"DescribeRegions"}


@dataclass(frozen=True)
class Admitted:
    action: str
    region: str
    parameters: dict


def admit(cloud: Cloud, request: Request, *, arrived: float) -> Admitted:
    """`arrived` is on the monotonic clock."""
    action, version = _required(request, "Action"), _required(request, "Version")
    verify(request, credentials=cloud.credentials, now=cloud.clock.signature_now())
    if version != VERSION:
        raise ApiError("NoSuchVersion", version[:64])
    if action not in TABLE:
        raise ApiError("InvalidAction", action[:64])
    region = _region(request, action)
    if not cloud.limits.admits(action, at=arrived):
        raise ApiError("RequestLimitExceeded", action)
    return Admitted(action=action, region=region, parameters=parameters_in(request))


def _required(request: Request, name: str) -> str:
    value = request.header(f"x-tc-{name.lower()}")
    if not value:
        raise ApiError("MissingParameter", name)
    return value


def _region(request: Request, action: str) -> str:
    region = request.header("x-tc-region")
    if not region and action in WITHOUT_REGION:
        return ""
    return require(region)


def parameters_in(request: Request) -> dict:
    if not JSON_TYPE.fullmatch(request.header("content-type")):
        raise ApiError("InvalidRequest", "the content type must be application/json")
    try:
        found = json.loads(request.body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ApiError("InvalidParameter", "body") from None
    if not isinstance(found, dict):
        raise ApiError("InvalidParameter", "body")
    return found


def _no_constant(text: str) -> None:
    raise ValueError(text)
