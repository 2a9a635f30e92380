"""A database for one portal, copied from a migrated template, and what tests ask of it: rows, locks, a long queue.

SQLite unless DATABASE_URL (or `server`) names a PostgreSQL server.
"""

import atexit
import contextlib
import functools
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit, urlunsplit

import psycopg

ROOT = Path(__file__).resolve().parent.parent
TABLES = ("team", "registercode", "auditevent", "audithead", "callbudget", "fold")
PREPARE = """
from django.core.management import call_command
from portal.sso.management.commands.demo import Command
call_command("migrate", verbosity=0, interactive=False)
Command().make_sample_teams()
Command().collect_static()
"""


class Database:
    """What both kinds share; `url` is what DATABASE_URL takes, `?` marks a value."""

    url: str

    def _connect(self) -> "sqlite3.Connection | psycopg.Connection":
        raise NotImplementedError

    def query(self, statement: str, *values: object) -> list[SimpleNamespace]:
        with contextlib.closing(self._connect()) as connection:
            return _rows(connection, self.spelled(statement), values)

    def execute(self, statement: str, *values: object) -> None:
        with contextlib.closing(self._connect()) as connection:
            connection.execute(self.spelled(statement), values)

    def wait_for(self, statement: str, *values: object, seconds: float = 20) -> SimpleNamespace:
        """The first row of a query, as soon as there is one: asked over one connection without a pause."""
        deadline = time.monotonic() + seconds
        with contextlib.closing(self._connect()) as connection:
            while time.monotonic() < deadline:
                if rows := _rows(connection, self.spelled(statement), values):
                    return rows[0]
                time.sleep(0.001)
        raise AssertionError(f"no row after {seconds} s: {statement} {values}")

    def spelled(self, statement: str) -> str:
        return statement

    def fill_queue(self, seconds: float, *, action: str = "CreateRegisterCode") -> None:
        """The next call of `action` has to wait that long for its turn, as if many callers stood before it."""
        self.execute("DELETE FROM registercodes_callbudget WHERE action = ?", action)
        self.execute(
            "INSERT INTO registercodes_callbudget (account, action, next_at) VALUES ('default', ?, ?)",
            action,
            int((time.time() + seconds) * 1_000_000),
        )


class SqliteDatabase(Database):
    def __init__(self, file: Path) -> None:
        self.file = file
        self.url = f"sqlite:///{file}"

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, timeout=10, isolation_level=None)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Nobody else can write until the block ends; reading goes on."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Nobody can open it until the block ends."""
        folder = self.file.parent
        hidden = folder.rename(folder.with_name(folder.name + "-away"))
        try:
            yield
        finally:
            hidden.rename(folder)

    def content(self) -> bytes:
        """Every byte of it, the write-ahead log included."""
        return b"".join(path.read_bytes() for path in sorted(self.file.parent.glob(self.file.name + "*")))

    def remove(self) -> None:
        """The directory is the test's own."""


class PostgresqlDatabase(Database):
    def __init__(self, url: str, *, server: str) -> None:
        self.url, self._server = url, server

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self.url, autocommit=True)

    def spelled(self, statement: str) -> str:
        return statement.replace("?", "%s")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        names = ", ".join(f"registercodes_{table}" for table in TABLES)
        with contextlib.closing(self._connect()) as connection, connection.transaction():
            connection.execute(f"LOCK TABLE {names} IN EXCLUSIVE MODE")
            yield

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        """Every connection is cut and no new one is let in until the block ends."""
        name = _name_in(self.url)
        with _maintenance(self._server) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
            try:
                yield
            finally:
                connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")

    def drop_connections(self) -> None:
        """As a restart of the server does."""
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def content(self) -> bytes:
        dumped = subprocess.run(["pg_dump", "--inserts", self.url], check=True, capture_output=True)
        return dumped.stdout

    def remove(self) -> None:
        _drop(self._server, _name_in(self.url))


def _rows(
    connection: "sqlite3.Connection | psycopg.Connection", statement: str, values: tuple
) -> list[SimpleNamespace]:
    cursor = connection.execute(statement, values)
    names = [column[0] for column in cursor.description]
    return [SimpleNamespace(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def new_database(directory: Path, *, endpoint: str, server: str = "") -> "SqliteDatabase | PostgresqlDatabase":
    """Migrated, with the sample teams, stamped for the sandbox at `endpoint`."""
    server = server or os.environ.get("DATABASE_URL", "")
    database = _on_postgresql(server) if server.startswith("postgres") else _as_file(directory)
    database.execute("UPDATE registercodes_installation SET endpoint_host = ?", endpoint)
    return database


def _as_file(directory: Path) -> SqliteDatabase:
    file = directory / "portal.sqlite3"
    shutil.copyfile(_template_file(), file)
    return SqliteDatabase(file)


def _on_postgresql(server: str) -> PostgresqlDatabase:
    name = f"portal_{uuid.uuid4().hex[:12]}"
    with _maintenance(server) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {_template_database(server)}")
    return PostgresqlDatabase(_named(server, name), server=server)


@functools.cache
def _template_file() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="portal-template-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    _prepare(f"sqlite:///{directory / 'template.sqlite3'}")
    return directory / "template.sqlite3"


@functools.cache
def _template_database(server: str) -> str:
    name = f"portal_template_{uuid.uuid4().hex[:12]}"
    with _maintenance(server) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    atexit.register(_drop, server, name)
    _prepare(_named(server, name))
    return name


def _prepare(url: str) -> None:
    variables = {"PATH": os.environ["PATH"], "PORTAL_MODE": "development", "DATABASE_URL": url}
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "-c", PREPARE]
    subprocess.run(command, cwd=ROOT, env=variables, check=True, capture_output=True)


def _maintenance(server: str) -> psycopg.Connection:
    return psycopg.connect(server, autocommit=True)


def _drop(server: str, name: str) -> None:
    with _maintenance(server) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _named(server: str, name: str) -> str:
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


def _name_in(url: str) -> str:
    return urlsplit(url).path.lstrip("/")
