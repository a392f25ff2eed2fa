"""The sandbox's state, in SQLite: one connection, used by one thread, that is the only writer."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_VERSION = 1

_SCHEMA = """
CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    misbehaviour TEXT NOT NULL,
    calls_placed INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE calls (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    month TEXT,
    duration_seconds INTEGER,
    billed_minutes INTEGER,
    transcript TEXT NOT NULL,
    transcript_shown INTEGER NOT NULL,
    summary TEXT,
    plan TEXT NOT NULL,
    step INTEGER NOT NULL,
    talked REAL NOT NULL,
    due INTEGER
);
CREATE INDEX calls_by_creation ON calls (project_id, created_at, seq);
CREATE INDEX calls_by_status ON calls (project_id, status, created_at, seq);
CREATE INDEX calls_by_month ON calls (project_id, month) WHERE month IS NOT NULL;
CREATE INDEX calls_by_due ON calls (due) WHERE due IS NOT NULL;

CREATE TABLE tools (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    definition TEXT NOT NULL,
    active INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
);
CREATE INDEX tools_by_project ON tools (project_id, active, seq);

CREATE TABLE idempotency_keys (
    project_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    created_id TEXT NOT NULL,
    PRIMARY KEY (project_id, operation, key)
) WITHOUT ROWID;

CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    call_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    timeout_ms INTEGER NOT NULL,
    redelivery_of TEXT,
    chance TEXT NOT NULL,
    queue TEXT NOT NULL,
    rank INTEGER NOT NULL,
    held INTEGER NOT NULL,
    status TEXT NOT NULL,
    tries INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    due INTEGER NOT NULL
);
CREATE INDEX deliveries_by_project ON deliveries (project_id, seq);
CREATE INDEX deliveries_by_call ON deliveries (call_id, seq);
CREATE INDEX deliveries_open ON deliveries (queue, rank) WHERE status IN ('waiting', 'pending', 'sending');
CREATE INDEX deliveries_due ON deliveries (kind, due) WHERE status = 'pending';

CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    project_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    duration_ms REAL NOT NULL,
    request_headers TEXT NOT NULL,
    response_status INTEGER,
    response_body TEXT,
    error TEXT,
    duplicate INTEGER NOT NULL
);
CREATE INDEX attempts_by_delivery ON attempts (delivery_id, seq);
CREATE INDEX attempts_by_project ON attempts (project_id);
"""

_TABLES = ("projects", "calls", "tools", "idempotency_keys", "deliveries", "attempts")


class DatabaseError(Exception):
    """The database file cannot be used; the message says why and what to do."""


class Store:
    """An open database. Its methods are for the thread that opened it."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, making it if need be; None keeps everything in memory.

        Raises:
            DatabaseError: The file is in use, is not a sandbox's, or cannot be opened.
        """
        try:
            self._connection = _open(path)
        except sqlite3.Error as error:
            raise DatabaseError(_explain(path, error)) from error

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make what happens inside happen wholly or not at all; what is committed survives a `kill -9`."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement and returns how many rows it changed."""
        return self._connection.execute(sql, values).rowcount

    def insert(self, table: str, row: dict[str, Any]) -> int:
        """Add a row and returns its number."""
        columns = ", ".join(row)
        places = ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - names of ours, no input
        return self._connection.execute(statement, tuple(row.values())).lastrowid or 0

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, if there is one."""
        row: sqlite3.Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._connection.execute(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row of a query, None if there is no row."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def forget(self, project_id: str | None = None) -> None:
        """Remove everything of one project, or everything."""
        for table in _TABLES:
            if project_id is None:
                self.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
            else:
                column = "id" if table == "projects" else "project_id"
                self.execute(f"DELETE FROM {table} WHERE {column} = ?", project_id)  # noqa: S608 - names of ours


def _open(path: Path | None) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:" if path is None else path, timeout=0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        # A second sandbox on the same file would carry out the same calls once more.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("PRAGMA journal_mode = WAL")
        # In WAL mode this loses nothing when the process is killed, and spares a wait for the disk at each commit.
        connection.execute("PRAGMA synchronous = NORMAL")
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version == 0 and tables == 0:
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    elif version != _VERSION:
        raise sqlite3.DatabaseError("it was written by something else, or by another version of the sandbox")
    connection.execute("COMMIT")


def _explain(path: Path | None, error: sqlite3.Error) -> str:
    match error.sqlite_errorname if hasattr(error, "sqlite_errorname") else None:
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return f"The database {path} is in use by another sandbox; stop that one, or choose another file."
        case _:
            return f"The database {path} cannot be used: {error}. Choose another file."
