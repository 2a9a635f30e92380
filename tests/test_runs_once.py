"""What runs once and not on both databases: said with a reason, and never what a database could decide."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
MARKER = "same_on_any_database"
# What somebody waits for, presses twice or comes back to is decided by locks, commits and rows: always on both.
ON_BOTH = (
    "test_browser_attention.py",
    "test_browser_audit.py",
    "test_browser_issuing.py",
    "test_browser_life.py",
    "test_browser_return.py",
    "test_browser_show_once.py",
    "test_browser_sites.py",
    "test_browser_sso.py",
    "test_browser_stale.py",
    "test_kills.py",
    "test_races.py",
)


def uses(source: str) -> list[ast.expr]:
    """Every place that names the marker, with the call around it where there is one."""
    tree = ast.parse(source)
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    named = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == MARKER]
    return [called.get(id(node), node) for node in named]


def gives_a_reason(use: ast.expr) -> bool:
    """One sentence, written out where the marker stands."""
    if not isinstance(use, ast.Call) or len(use.args) != 1 or use.keywords:
        return False
    reason = use.args[0]
    return isinstance(reason, ast.Constant) and isinstance(reason.value, str) and len(reason.value.split()) >= 5


POSTGRESQL = "postgres://nobody@127.0.0.1:1/none"  # nothing connects to it


def collected(database: str, *modules: str) -> set[str]:
    """Those of the modules that a run on such a database has tests of."""
    paths = [f"tests/{name}" for name in modules]
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *paths]
    variables = os.environ | {"DATABASE_URL": database}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
    return {line.partition("::")[0].removeprefix("tests/") for line in done.stdout.splitlines() if "::" in line}


def test_whatever_runs_once_says_why():
    found = {path.name: uses(path.read_text()) for path in sorted(TESTS.glob("test_*.py"))}

    assert any(found.values())
    assert [name for name, places in found.items() if not all(map(gives_a_reason, places))] == []


@pytest.mark.parametrize(
    "written", ["", "()", '("")', '("it is slow")', "(WHY)", '(reason="it is drawn alike on both")']
)
def test_a_marker_without_a_sentence_gives_no_reason(written):
    assert [gives_a_reason(use) for use in uses(f"pytestmark = pytest.mark.{MARKER}{written}")] == [False]


@pytest.mark.parametrize("name", ON_BOTH)
def test_nothing_that_a_database_decides_is_marked(name):
    assert uses((TESTS / name).read_text()) == []


def test_what_is_marked_is_left_out_on_postgresql_and_the_rest_is_not():
    assert collected(POSTGRESQL, "test_browser_pages.py", *ON_BOTH) == set(ON_BOTH)
