"""About the project rather than its behaviour: layers, documents, commands, pinned files."""

import ast
import itertools
import json
import re
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from portal import settings as portal_settings

ROOT = Path(__file__).resolve().parent.parent
OURS = ("portal", "registercodes")

# Top to bottom; a module imports only from its own layer or lower ones.
LAYERS = (
    ("urls",),
    ("views", "admin", "management"),
    (
        "forms",
        "siteforms",
        "reasons",
        "queries",
        "overview",
        "telling",
        "tabular",
        "attention",
        "finding",
        "reporting",
    ),
    ("history", "refreshing", "standing"),
    ("issuing", "explaining", "submissions", "syncing", "closing"),
    ("settling", "disabling", "outside", "cleaning"),
    ("lifecycle", "teams", "proving", "archiving", "restoring", "extracts", "exporting", "following"),
    ("quotas", "tracing"),
    ("upstream", "resolving", "alarming", "hosts"),
    ("anchors", "witness"),
    ("verifying", "walking", "sealing", "spelling", "matching"),
    ("checks", "installation", "apps", "cloud"),
    ("access", "policies", "audit", "ownership", "throttle", "places", "triggers", "leases", "facts", "recognising"),
    ("replacing", "listing", "admitting"),
    ("models", "keys"),
    ("wording", "enrolling", "paging", "states", "batches", "sites", "pasted"),
    ("rules", "secret", "tat", "database", "operator", "files", "charts", "risk", "prepared", "stopping"),
)
WITHOUT_DJANGO = ("rules", "secret", "charts", "enrolling", "tat", "sandbox")


def sources(*folders: str) -> list[Path]:
    return [
        path for folder in folders for path in sorted(ROOT.glob(f"{folder}/**/*.py")) if "migrations" not in path.parts
    ]


def imports_of(path: Path) -> set[str]:
    """Dotted names of everything imported, inside functions and by relative names too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            folders = path.relative_to(ROOT).parts[: -node.level] if node.level else ()
            module = ".".join([*folders, *([node.module] if node.module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def commands_in(source: str) -> set[str]:
    """Commands that a test calls: through call_command, a helper called manage, or manage.py's own words."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in {"call_command", "manage"}:
            found |= {word.value for word in node.args[:1] if isinstance(word, ast.Constant)}
        elif isinstance(node, ast.List | ast.Tuple):
            pairs = itertools.pairwise(node.elts)
            found |= {b.value for a, b in pairs if "manage.py" in ast.unparse(a) and isinstance(b, ast.Constant)}
    return found


def part_of(path: Path) -> str:
    return path.relative_to(ROOT / "registercodes").parts[0].removesuffix(".py")


def layer_of(part: str) -> int:
    return next(number for number, layer in enumerate(LAYERS) if part in layer)


def test_every_module_has_a_place_in_the_layers():
    parts = {part_of(path) for path in sources("registercodes")} - {"__init__", "sandbox"}
    assert parts == {part for layer in LAYERS for part in layer}


def test_imports_point_down_only():
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources("registercodes")
        if part_of(path) not in {"__init__", "sandbox"}
        for name in imports_of(path)
        if name.startswith("registercodes.") and name.split(".")[1] != "sandbox"
        if layer_of(name.split(".")[1]) < layer_of(part_of(path))
    ]
    assert wrong == []


def test_registercodes_never_imports_the_wiring():
    wrong = [path for path in sources("registercodes") for name in imports_of(path) if name.split(".")[0] == "portal"]
    assert wrong == []


@pytest.mark.parametrize("part", WITHOUT_DJANGO)
def test_the_lowest_layer_knows_no_django(part):
    files = [path for path in sources("registercodes") if part_of(path) == part]
    assert files
    assert [path for path in files for name in imports_of(path) if name.split(".")[0] in {"django", "environ"}] == []


def test_nothing_prints_or_asserts_at_run_time():
    """Lines go through logging; an assert vanishes under -O."""
    allowed = {"portal/wsgi.py"}  # says on stderr why it does not start
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(*OURS)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assert)
        or (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print")
        if str(path.relative_to(ROOT)) not in allowed
    ]
    assert found == []


def test_every_module_opens_with_what_it_decides():
    silent = [
        str(path.relative_to(ROOT))
        for path in sources(*OURS)
        if path.name not in {"__init__.py", "apps.py"} and not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def test_every_variable_is_documented():
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", (ROOT / "README.md").read_text()))
    assert {name for name in portal_settings.env.read if not name.endswith("_FILE")} - documented == set()


def test_the_example_environment_names_only_variables_that_are_read():
    named = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named - portal_settings.env.read == set()


def test_every_make_target_is_in_the_help():
    text = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"^([a-z-]+):", text, re.MULTILINE))
    explained = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert named == explained


def test_every_command_of_ours_is_called_by_some_test():
    ours = {name for name, app in get_commands().items() if app in {"registercodes", "portal.sso"}}
    called = set().union(*(commands_in(path.read_text()) for path in ROOT.glob("tests/*.py")))
    assert ours - called == set()


def test_a_command_that_is_only_named_does_not_count_as_called():
    assert commands_in('team = "team"; x = ["demo", "manage.py"]; f("sandbox")') == set()
    assert commands_in('call_command("team"); portal.manage("sandbox"); [x, str(ROOT / "manage.py"), "demo"]') == {
        *("team", "sandbox", "demo")
    }


def test_a_relative_import_counts_like_any_other(monkeypatch, tmp_path):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    module = tmp_path / "registercodes" / "tat" / "calls.py"
    module.parent.mkdir(parents=True)
    module.write_text("from . import answers\nfrom .. import views\nfrom ..forms import New\nimport django.http")

    assert imports_of(module) == {
        *("registercodes.tat.answers", "registercodes.views", "registercodes.forms.New", "django.http")
    }


def test_createsuperuser_refuses():
    with pytest.raises(Exception, match="Nobody is a superuser here"):
        call_command("createsuperuser")


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_requirements_are_pinned_with_hashes():
    for name in ("requirements.txt", "requirements-dev.txt"):
        pins = re.findall(r"^([a-z0-9-]+(?:\[[a-z]+\])?)==\S+(.*?)(?=^\S|\Z)", (ROOT / name).read_text(), re.M | re.S)
        assert pins
        assert [package for package, rest in pins if "--hash=sha256:" not in rest] == []


def test_the_sample_provider_is_pinned_with_hashes_and_to_no_registry():
    lock = json.loads((ROOT / "tests/provider/package-lock.json").read_text())
    packages = {name: facts for name, facts in lock["packages"].items() if name}
    assert packages
    assert [name for name, facts in packages.items() if "integrity" not in facts or "resolved" in facts] == []


def test_tracked_files_hold_no_machine_of_ours():
    """No registry's address, no path of a home folder, no cache."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [ROOT / name for name in listed.stdout.split()]
    assert [path for path in files if "__pycache__" in path.parts or path.suffix in {".pyc", ".sqlite3"}] == []
    texts = {path: path.read_text(errors="ignore") for path in files if path.exists() and path.suffix != ".png"}
    pattern = re.compile(r"(?:--index-url|--find-links|/home/[a-z]+/|/Users/)")
    assert [path for path, text in texts.items() if path != Path(__file__) and pattern.search(text)] == []


def test_a_pin_names_the_extras_that_other_packages_ask_it_for():
    """Else pip takes the newest version for the extra, finds it unpinned and installs nothing: on the day of a release."""
    pins = (ROOT / "requirements-dev.txt").read_text()
    asked = {
        (canonicalize_name(wanted.name), extra)
        for installed in distributions()
        for wanted in map(Requirement, installed.requires or [])
        if wanted.extras and (wanted.marker is None or wanted.marker.evaluate({"extra": ""}))
        for extra in wanted.extras
    }

    assert asked
    assert [name for name, extra in asked if not re.search(rf"^{name}\[[^]]*{extra}", pins, re.M)] == []
