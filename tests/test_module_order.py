"""Two processes share the suite: modules with servers and browsers begin first, and no module is torn or reordered."""

from pathlib import Path
from types import SimpleNamespace

import on_both
from module_order import longest_first


def collected(module: str, *names: str, marker: str = "") -> list:
    """As pytest collects them."""
    return [
        SimpleNamespace(path=Path(module), name=name, get_closest_marker=lambda asked: asked == marker)
        for name in names
    ]


def order_of(items: list) -> str:
    return " ".join(f"{item.path}:{item.name}" for item in items)


def test_servers_and_browsers_come_before_modules_with_more_tests():
    many, few = collected("many", *"abcd"), collected("few", "a")
    served, drawn = collected("served", "a", marker="processes"), collected("drawn", *"ab", marker="browser")

    found = order_of(longest_first([*many, *served, *few, *drawn]))

    assert found == "drawn:a drawn:b served:a many:a many:b many:c many:d few:a"


def test_one_slow_test_makes_its_module_a_slow_one():
    mixed = [*collected("mixed", "a"), *collected("mixed", "b", marker="browser")]

    assert order_of(longest_first([*collected("many", *"abc"), *mixed])) == "mixed:a mixed:b many:a many:b many:c"


def test_a_module_stays_whole_and_in_its_order():
    torn = [*collected("one", "b"), *collected("two", "a"), *collected("one", "a")]

    assert order_of(longest_first(torn)) == "one:b one:a two:a"


def test_pytest_xdist_is_asked_to_keep_that_order():
    assert {"loadfile", "--no-loadscope-reorder"} <= set(on_both.TOGETHER)
