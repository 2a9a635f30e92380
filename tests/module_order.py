"""In which order two processes take the tests' modules: never the other order of tests within one.

A long module that began last would run by itself while the other process idles. What starts servers or browsers takes
longest, then what has most tests: told from the modules themselves, so no list of weights can be wrong.
"""

import pytest

SLOW = ("browser", "processes")


def longest_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Needs --no-loadscope-reorder: pytest-xdist by itself looks at the number of tests alone, and starts browsers last."""
    modules: dict[object, list[pytest.Item]] = {}
    for item in items:
        modules.setdefault(item.path, []).append(item)
    return [item for module in sorted(modules.values(), key=_shortness) for item in module]


def _shortness(module: list[pytest.Item]) -> tuple[bool, int]:
    slow = any(item.get_closest_marker(name) for item in module for name in SLOW)
    return not slow, -len(module)
