"""The sandbox stands alone: the standard library and its own modules, nothing of the portal, no Django."""

import ast
import sys
from pathlib import Path

import pytest
from sandbox_process import ROOT

PACKAGE = ROOT / "registercodes" / "sandbox"
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported_by(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module.name} imports relatively"
            names.add(node.module)
    return names


def is_allowed(name: str) -> bool:
    ours = name == "registercodes.sandbox" or name.startswith("registercodes.sandbox.")
    return ours or name.split(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_each_module_says_first_what_it_is_for(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text()))


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.name)
def test_no_module_imports_anything_else(module: Path) -> None:
    assert [name for name in imported_by(module) if not is_allowed(name)] == []
