"""What tests and demonstrations may ask of the sandbox beside the API; refused to browsers and to foreign names."""

import dataclasses
import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs

from registercodes.sandbox.actions import code_info, instance_info
from registercodes.sandbox.cloud import Cloud
from registercodes.sandbox.faults import Armed, FaultError
from registercodes.sandbox.plays import BEFORE_READING, KINDS
from registercodes.sandbox.regions import AVAILABLE
from registercodes.sandbox.signature import Credentials

PREFIX = "/_sandbox/"
BROWSER_HEADERS = ("origin", "sec-fetch-site", "sec-fetch-mode", "referer")
LOOPBACK_NAMES = {"127.0.0.1", "localhost", "[::1]"}


def is_permitted(headers: Mapping[str, str]) -> bool:
    """A page in a browser must not reach these, be it by another origin or by a rebound DNS name."""
    name = headers.get("host", "").rsplit(":", 1)[0] if not headers.get("host", "").endswith("]") else headers["host"]
    return name.lower() in LOOPBACK_NAMES and not any(header in headers for header in BROWSER_HEADERS)


def respond(cloud: Cloud, method: str, path: str, query: str, body: bytes) -> tuple[int, object]:
    """HTTP status and the JSON to answer."""
    act = ROUTES.get((method, path.removeprefix(PREFIX)))
    if not act:
        return 404, {"error": f"no {method} {path} here", "known": sorted(f"{m} {PREFIX}{p}" for m, p in ROUTES)}
    try:
        asked = _asked(body)
        asked.update({name: values[-1] for name, values in parse_qs(query).items()})
        return 200, act(cloud, asked)
    except (FaultError, TypeError, ValueError) as problem:
        return 400, {"error": str(problem)}


def _asked(body: bytes) -> dict:
    asked = json.loads(body) if body else {}
    if not isinstance(asked, dict):
        raise ValueError("the body must be a JSON object")
    return asked


def list_faults(cloud: Cloud, asked: dict) -> dict:
    kinds = {name: {"explanation": kind.explanation, "options": sorted(kind.options)} for name, kind in KINDS.items()}
    early = {name: {"explanation": text, "options": []} for name, text in BEFORE_READING.items()}
    return {"armed": [_armed(armed) for armed in cloud.faults.listed()], "kinds": kinds | early}


def _armed(armed: Armed) -> dict:
    return {**dataclasses.asdict(armed.fault), "times": armed.times, "skip": armed.skip}


def arm_fault(cloud: Cloud, asked: dict) -> dict:
    cloud.faults.arm(asked)
    return {"armed": len(cloud.faults.listed())}


def clear_faults(cloud: Cloud, asked: dict) -> dict:
    cloud.faults.clear()
    return {"armed": 0}


def list_calls(cloud: Cloud, asked: dict) -> dict:
    return {"calls": [dataclasses.asdict(call) for call in cloud.calls.listed(asked.get("action", ""))]}


def forget_calls(cloud: Cloud, asked: dict) -> dict:
    cloud.calls.forget()
    return {"calls": []}


def list_codes(cloud: Cloud, asked: dict) -> dict:
    now = cloud.clock.now()
    return {
        "codes": [
            {"Region": code.region, "ValueSha256": code.value_sha256, **code_info(code, now=now)}
            for code in cloud.store.all_codes()
        ]
    }


def list_hosts(cloud: Cloud, asked: dict) -> dict:
    return {
        "hosts": [
            {"Region": region, **instance_info(instance)}
            for region in AVAILABLE
            for instance in reversed(cloud.store.instances(region))
        ]
    }


def set_host_status(cloud: Cloud, asked: dict) -> dict:
    if asked.get("status") not in ("Online", "Offline"):
        raise ValueError("status must be Online or Offline")
    known = cloud.store.set_instance_status(asked["instance_id"], status=asked["status"], now=cloud.clock.now())
    return {"known": known}


def show_clock(cloud: Cloud, asked: dict) -> dict:
    return {
        "now": cloud.clock.now(),
        "offset": cloud.clock.offset,
        "signature_offset": cloud.clock.signature_offset,
    }


def set_clock(cloud: Cloud, asked: dict) -> dict:
    """`offset` moves the codes' time, `signature_offset` the time signatures are compared with; seconds."""
    cloud.clock.offset = float(asked.get("offset", cloud.clock.offset))
    cloud.clock.signature_offset = float(asked.get("signature_offset", cloud.clock.signature_offset))
    return show_clock(cloud, asked)


def set_credentials(cloud: Cloud, asked: dict) -> dict:
    cloud.credentials = Credentials(**asked)
    return {"secret_id": cloud.credentials.secret_id}


def set_limits(cloud: Cloud, asked: dict) -> dict:
    cloud.limits.rate = int(asked.get("rate", cloud.limits.rate))
    cloud.quota = int(asked.get("quota", cloud.quota))
    return {"rate": cloud.limits.rate, "quota": cloud.quota}


ROUTES: dict[tuple[str, str], Callable[[Cloud, dict], dict]] = {
    ("GET", "faults"): list_faults,
    ("POST", "faults"): arm_fault,
    ("DELETE", "faults"): clear_faults,
    ("GET", "calls"): list_calls,
    ("DELETE", "calls"): forget_calls,
    ("GET", "codes"): list_codes,
    ("GET", "hosts"): list_hosts,
    ("POST", "hosts"): set_host_status,
    ("GET", "clock"): show_clock,
    ("POST", "clock"): set_clock,
    ("POST", "credentials"): set_credentials,
    ("POST", "limits"): set_limits,
}
