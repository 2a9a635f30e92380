"""Takes all figures in one run, prints them as a table and writes them as JSON. It measures: goals missed exit 0 too."""

import argparse
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench import auditing, calls, issuing, postgresql, sites, starting, syncing, visiting  # noqa: E402
from bench.figures import Figure, machine, table, write  # noqa: E402

PARTS = ("issuing", "calls", "starting", "checking", "auditing", "syncing", "sites")
TINY_RECORD = auditing.Sizes(short=100, long=200, times=1)
TINY_CLOUD = syncing.Sizes(codes=330)
TINY_SITES = sites.Sizes(lines=6)
TINY = issuing.Sizes(seconds=0.4, events=3, pages=20)


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    os.environ.pop("DATABASE_URL", None)  # each measurement names its own database
    before = machine()
    figures: list[Figure] = []
    notes: list[str] = []
    (ROOT / "run").mkdir(exist_ok=True)
    # On the disk that a portal's own database is on.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=ROOT / "run", ignore_cleanup_errors=True) as directory:
        for part in options.only or PARTS:
            figures += MEASURED[part](Path(directory), options, notes)
    after = machine()
    write(options.output, figures, notes=notes, before=before, after=after)
    print(table(figures), *notes, _conditions(before, after), f"Written to {options.output}", sep="\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="this part (may be repeated)")
    parser.add_argument("--database", action="append", choices=["SQLite", "PostgreSQL"], help="default: both")
    parser.add_argument("--tiny", action="store_true", help="sizes that prove it works and measure nothing")
    parser.add_argument("--output", type=Path, default=ROOT / "run" / "bench.json")
    return parser.parse_args()


def _issuing(directory: Path, options: argparse.Namespace, notes: list[str]) -> list[Figure]:
    sizes = TINY if options.tiny else issuing.Sizes()
    found: list[Figure] = []
    for database, server in _databases(options, notes):
        found += _on(directory / database, database, server, sizes=sizes, with_visit=not found)
    return found


def _databases(options: argparse.Namespace, notes: list[str]) -> Iterator[tuple[str, str]]:
    """Those that are asked for and there: (name, server's address or empty)."""
    for database in options.database or ["SQLite", "PostgreSQL"]:
        server, note = postgresql.server() if database == "PostgreSQL" else ("", "")
        notes += [note] if note and note not in notes else []
        if database == "SQLite" or server:
            yield database, server


def _on(directory: Path, database: str, server: str, *, sizes: issuing.Sizes, with_visit: bool) -> list[Figure]:
    _say(f"issuing on {database}")
    directory.mkdir()
    with issuing.served(directory, server=server) as portal:
        visit = visiting.figures(portal) if with_visit else []
        found = issuing.overhead(portal, database=database, sizes=sizes)
        return [*found, issuing.new_code_page(portal, database=database, sizes=sizes), *visit]


def _calls(directory: Path, options: argparse.Namespace, notes: list[str]) -> list[Figure]:
    _say("the client against the official SDK")
    return calls.figures(directory, calls=20 if options.tiny else 800)


def _starting(directory: Path, options: argparse.Namespace, notes: list[str]) -> list[Figure]:
    _say("make run")
    return starting.figures(directory)


def _checking(directory: Path, options: argparse.Namespace, notes: list[str]) -> list[Figure]:
    _say("a silent re-check in the browser")
    # For this import alone: what the other parts start must not inherit it.
    with mock.patch.dict(os.environ, DJANGO_SETTINGS_MODULE="settings_for_tests", PORTAL_MODE="development"):
        from bench import checking
    missing = checking.missing()
    if missing:
        notes.append(f"NOT MEASURED in the browser: {missing}")
        return []
    return checking.figures(directory, navigations=2 if options.tiny else 20)


def _on_each(
    options: argparse.Namespace, notes: list[str], what: str, taken: Callable[..., list[Figure]]
) -> list[Figure]:
    found: list[Figure] = []
    for database, server in _databases(options, notes):
        _say(f"{what} on {database}")
        found += taken(database=database, server=server)
    return found


def _auditing(directory: Path, options: argparse.Namespace, notes: list[str]) -> list[Figure]:
    sizes = TINY_RECORD if options.tiny else auditing.Sizes()
    return _on_each(options, notes, "a long record", partial(auditing.figures, directory, sizes=sizes))


def _syncing(directory: Path, options: argparse.Namespace, notes: list[str]) -> list[Figure]:
    sizes = TINY_CLOUD if options.tiny else syncing.Sizes()
    return _on_each(options, notes, "a sync of a full cloud", partial(syncing.figures, directory, sizes=sizes))


def _sites(directory: Path, options: argparse.Namespace, notes: list[str]) -> list[Figure]:
    sizes = TINY_SITES if options.tiny else sites.Sizes()
    return _on_each(options, notes, "several sites at once", partial(sites.figures, directory, sizes=sizes))


MEASURED: dict[str, Callable[[Path, argparse.Namespace, list[str]], list[Figure]]] = {
    "issuing": _issuing,
    "calls": _calls,
    "starting": _starting,
    "checking": _checking,
    "auditing": _auditing,
    "syncing": _syncing,
    "sites": _sites,
}


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _conditions(before: dict, after: dict) -> str:
    return f"{before['cpus']} CPUs, load {before['load'][0]} before and {after['load'][0]} after"


if __name__ == "__main__":
    sys.exit(main())
