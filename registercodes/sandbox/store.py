"""What the sandbox remembers between restarts, in one SQLite file; of a code's value only the SHA-256."""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

SCHEMA_VERSION = 1
SCHEMA = """
CREATE TABLE IF NOT EXISTS code (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, region TEXT NOT NULL,
    value_sha256 TEXT NOT NULL, description TEXT NOT NULL, prefix TEXT NOT NULL, register_limit INTEGER NOT NULL,
    ip_address_range TEXT NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, expires INTEGER,
    disabled INTEGER NOT NULL, registered INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS code_region ON code (region, number);
CREATE TABLE IF NOT EXISTS instance (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, region TEXT NOT NULL,
    code_id TEXT NOT NULL, name TEXT NOT NULL, machine_id TEXT NOT NULL, system_name TEXT NOT NULL,
    host_name TEXT NOT NULL, local_ip TEXT NOT NULL, public_key TEXT NOT NULL, status TEXT NOT NULL,
    created INTEGER NOT NULL, updated INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS instance_region ON instance (region, number);
"""


@dataclass(frozen=True)
class Code:
    id: str
    region: str
    value_sha256: str
    description: str
    prefix: str
    register_limit: int
    ip_address_range: str
    created: int
    updated: int
    expires: int | None
    disabled: bool = False
    registered: int = 0

    def is_enabled(self, *, now: int) -> bool:
        """Turns false on expiry without anybody's call, as in the vendor's sample."""
        return not self.disabled and (self.expires is None or now < self.expires)


@dataclass(frozen=True)
class Instance:
    id: str
    region: str
    code_id: str
    name: str
    machine_id: str
    system_name: str
    host_name: str
    local_ip: str
    public_key: str
    status: str
    created: int
    updated: int


CODE_COLUMNS = ", ".join(Code.__dataclass_fields__)
INSTANCE_COLUMNS = ", ".join(Instance.__dataclass_fields__)
CODE_MARKS = ", ".join("?" * len(Code.__dataclass_fields__))
INSTANCE_MARKS = ", ".join("?" * len(Instance.__dataclass_fields__))
ADD_CODE = f"INSERT INTO code ({CODE_COLUMNS}) VALUES ({CODE_MARKS})"  # noqa: S608  names of ours
ADD_INSTANCE = f"INSERT INTO instance ({INSTANCE_COLUMNS}) VALUES ({INSTANCE_MARKS})"  # noqa: S608  names of ours


class Store:
    """One connection under one lock; every public method is one transaction."""

    def __init__(self, path: Path | str) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._open_schema()

    def _open_schema(self) -> None:
        found = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if found not in (0, SCHEMA_VERSION):
            raise ValueError(f"the state file has form {found}, this sandbox reads form {SCHEMA_VERSION}: remove it")
        self._connection.executescript(SCHEMA)
        self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def add_code_within(self, code: Code, *, quota: int) -> bool:
        with self.transaction() as connection:
            if self.count_codes(code.region) >= quota:
                return False
            connection.execute(ADD_CODE, astuple(code))
            return True

    def codes(self, region: str, ids: Sequence[str] = ()) -> list[Code]:
        return [Code(*row) for row in self._rows(CODE_COLUMNS, "code", region, ids)]

    def count_codes(self, region: str, ids: Sequence[str] = ()) -> int:
        return self._rows("count(*)", "code", region, ids)[0][0]

    def page_of_codes(self, region: str, ids: Sequence[str], *, offset: int, limit: int) -> list[Code]:
        return [Code(*row) for row in self._rows(CODE_COLUMNS, "code", region, ids, offset=offset, limit=limit)]

    def all_codes(self) -> list[Code]:
        with self._lock:
            rows = self._connection.execute(f"SELECT {CODE_COLUMNS} FROM code ORDER BY number").fetchall()  # noqa: S608  column names of ours
        return [Code(*row) for row in rows]

    def disable_codes(self, region: str, ids: Sequence[str], *, now: int) -> None:
        self._change("UPDATE code SET disabled = 1, updated = ? WHERE disabled = 0 AND region = ?", (now, region), ids)

    def delete_codes(self, region: str, ids: Sequence[str]) -> None:
        self._change("DELETE FROM code WHERE region = ?", (region,), ids)

    def add_instance(self, instance: Instance) -> None:
        """The caller holds a transaction in which it has read the code."""
        with self._lock:
            self._connection.execute(ADD_INSTANCE, astuple(instance))
            self._connection.execute("UPDATE code SET registered = registered + 1 WHERE id = ?", (instance.code_id,))

    def instances(self, region: str, ids: Sequence[str] = ()) -> list[Instance]:
        return [Instance(*row) for row in self._rows(INSTANCE_COLUMNS, "instance", region, ids)]

    def rename_instance(self, region: str, instance_id: str, *, name: str, now: int) -> bool:
        sql = "UPDATE instance SET name = ?, updated = ? WHERE region = ?"
        return self._change(sql, (name, now, region), [instance_id]) == 1

    def set_instance_status(self, instance_id: str, *, status: str, now: int) -> bool:
        return self._change("UPDATE instance SET status = ?, updated = ? WHERE 1", (status, now), [instance_id]) == 1

    def delete_instance(self, region: str, instance_id: str) -> bool:
        return self._change("DELETE FROM instance WHERE region = ?", (region,), [instance_id]) == 1

    def _rows(
        self, what: str, table: str, region: str, ids: Sequence[str], *, offset: int = 0, limit: int = -1
    ) -> list[tuple]:
        """Newest first."""
        chosen = f" AND id IN ({','.join('?' * len(ids))})" if ids else ""
        sql = f"SELECT {what} FROM {table} WHERE region = ?{chosen} ORDER BY number DESC LIMIT ? OFFSET ?"  # noqa: S608  names of ours
        with self._lock:
            return self._connection.execute(sql, (region, *ids, limit, offset)).fetchall()

    def _change(self, sql: str, values: tuple, ids: Sequence[str]) -> int:
        with self.transaction() as connection:
            return connection.execute(f"{sql} AND id IN ({','.join('?' * len(ids))})", (*values, *ids)).rowcount
