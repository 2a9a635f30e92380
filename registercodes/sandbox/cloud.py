"""The parts of one sandbox and how long each lives: state in a file, everything else in memory."""

from dataclasses import dataclass, field
from pathlib import Path

from registercodes.sandbox.calls import Calls
from registercodes.sandbox.clock import Clock
from registercodes.sandbox.faults import Faults
from registercodes.sandbox.limits import Limits
from registercodes.sandbox.signature import Credentials
from registercodes.sandbox.store import Store

DEFAULT_QUOTA = 5000  # the total in the vendor's sample of DescribeQuotas


@dataclass
class Cloud:
    store: Store
    credentials: Credentials = field(default_factory=Credentials)
    limits: Limits = field(default_factory=lambda: Limits(rate=20))
    quota: int = DEFAULT_QUOTA
    clock: Clock = field(default_factory=Clock)
    calls: Calls = field(default_factory=Calls)
    faults: Faults = field(default_factory=Faults)


def open_cloud(
    *, state: Path | str, rate: int = 20, quota: int = DEFAULT_QUOTA, credentials: Credentials | None = None
) -> Cloud:
    return Cloud(store=Store(state), limits=Limits(rate=rate), quota=quota, credentials=credentials or Credentials())
