"""The sandbox's state in SQLite. One thread uses the only connection."""

import contextlib
import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_VERSION = 2
_EFFECTIVE = os.access in os.supports_effective_ids

_SCHEMA = """
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE projects (
    id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    faults TEXT NOT NULL,
    calls_placed INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE scripts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    definition TEXT NOT NULL,
    used INTEGER NOT NULL
);
CREATE INDEX scripts_by_project ON scripts (project_id, seq);

CREATE TABLE calls (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    ringing_at INTEGER,
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
    due INTEGER,
    live INTEGER NOT NULL,
    script_id TEXT,
    deliveries INTEGER NOT NULL
);
CREATE INDEX calls_by_creation ON calls (project_id, created_at, seq);
CREATE INDEX calls_by_status ON calls (project_id, status, created_at, seq);
CREATE INDEX calls_by_month ON calls (project_id, month) WHERE month IS NOT NULL;
CREATE INDEX calls_by_end ON calls (ended_at) WHERE ended_at IS NOT NULL;

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
CREATE INDEX deliveries_open ON deliveries (queue, rank) WHERE status IN ('waiting', 'pending');

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

_TABLES = ("projects", "scripts", "calls", "tools", "idempotency_keys", "deliveries", "attempts")


_REMEDIES = {
    "SQLITE_READONLY": "Its file or directory is read-only; make both writable, or choose another file.",
    "SQLITE_FULL": "The disk is full; free some space and try again, or choose a file on another disk.",
    "SQLITE_IOERR": "The disk cannot be read or written; see whether it is full or has gone, or choose another file.",
    "SQLITE_CORRUPT": "The file is damaged; move it away or delete it to begin anew, or choose another file.",
    "SQLITE_NOTADB": "Choose another file.",
}


_REMEDY_IN_MEMORY = "It holds 1 GiB at most; reset the sandbox, keep fewer calls (--keep-calls), or use a --database."


class DatabaseError(Exception):
    """The database file cannot be used. The message contains the reason and the remedy."""


class Store:
    """An open database. Its methods are for the thread that opened it."""

    def __init__(self, path: Path | None) -> None:
        """Open or create the file. None keeps everything in memory.

        Raises:
            DatabaseError: The file is in use, is not a sandbox's database, or cannot be opened.
        """
        self._path = path
        self.is_lasting = path is not None
        """Whether the data outlives the process."""
        self._after_commit: list[Callable[[], None]] = []
        self._after_rollback: list[Callable[[], None]] = []
        try:
            self._connection = _open(path)
        except (sqlite3.Error, OSError) as error:
            raise DatabaseError(_explain(path, error)) from error

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all statements of the block, or none of them. Committed data survives `kill -9`.

        Raises:
            DatabaseError: The database cannot be written.
        """
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # SQLite has already rolled back after some errors, such as a full disk.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._after_commit.clear()
            self._call_all(self._after_rollback)
            raise
        self._after_rollback.clear()
        self._call_all(self._after_commit)

    def after_commit(self, action: Callable[[], None]) -> None:
        """Call `action` after the commit of the transaction; immediately outside of one."""
        if self._connection.in_transaction:
            self._after_commit.append(action)
        else:
            action()

    def after_rollback(self, action: Callable[[], None]) -> None:
        """Call `action` if the transaction fails."""
        self._after_rollback.append(action)

    @staticmethod
    def _call_all(actions: list[Callable[[], None]]) -> None:
        pending = actions[:]
        actions.clear()
        for action in pending:
            action()

    def execute(self, sql: str, *values: Any) -> int:
        """Run a statement and return the number of changed rows."""
        return self._run(sql, values).rowcount

    def insert(self, table: str, row: dict[str, Any]) -> int:
        """Add a row and return its number."""
        columns = ", ".join(row)
        places = ", ".join("?" * len(row))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"  # noqa: S608 - names of ours, no input
        return self._run(statement, tuple(row.values())).lastrowid or 0

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        row: sqlite3.Row | None = self._run(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        return self._run(sql, values).fetchall()

    def value(self, sql: str, *values: Any) -> Any:
        """Return the first column of the first row of a query, None without rows."""
        row = self.one(sql, *values)
        return None if row is None else row[0]

    def setting(self, name: str) -> str | None:
        """Return a stored setting of the whole sandbox."""
        value: str | None = self.value("SELECT value FROM settings WHERE name = ?", name)
        return value

    def keep_setting(self, name: str, value: str) -> None:
        self.execute("INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value", name, value)

    def forget(self, project_id: str | None = None) -> None:
        """Delete everything of one project, or everything."""
        for table in _TABLES:
            if project_id is None:
                self.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
            else:
                column = "id" if table == "projects" else "project_id"
                self.execute(f"DELETE FROM {table} WHERE {column} = ?", project_id)  # noqa: S608 - names of ours

    def forget_calls_before(self, keep: int, limit: int) -> list[str]:
        """Delete the calls that ended first, with their deliveries, until `keep` ended calls are left.

        Needs a transaction. Returns the ids of the deleted calls, at most `limit`.
        """
        surplus = self.value("SELECT count(*) FROM calls WHERE ended_at IS NOT NULL") - keep
        if surplus <= 0:
            return []
        rows = self.all(
            "SELECT id FROM calls WHERE ended_at IS NOT NULL AND due IS NULL AND NOT EXISTS (SELECT 1 FROM deliveries"
            " WHERE queue = calls.id AND status IN ('waiting', 'pending')) ORDER BY ended_at LIMIT ?",
            min(surplus, limit),
        )
        for row in rows:
            call_id = row["id"]
            self.execute(
                "DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE call_id = ?)", call_id
            )
            self.execute("DELETE FROM deliveries WHERE call_id = ?", call_id)
            self.execute("DELETE FROM idempotency_keys WHERE created_id = ?", call_id)
            self.execute("DELETE FROM calls WHERE id = ?", call_id)
        return [row["id"] for row in rows]

    def shrink(self) -> None:
        """Return free pages to the file system. Call it outside of a transaction."""
        self._run("PRAGMA incremental_vacuum").fetchall()

    def _run(self, sql: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, values)
        except (sqlite3.OperationalError, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                raise
            raise DatabaseError(_explain(self._path, error)) from error


def _open(path: Path | None) -> sqlite3.Connection:
    if path is not None:
        _make_private(path)
    connection = _connect_in_memory() if path is None else sqlite3.connect(path, timeout=0, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        # A second sandbox on the same file would run the same calls again.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        # SQLite accepts this only in a database without tables.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA journal_mode = {'MEMORY' if path is None else 'WAL'}")
        # In WAL mode, a killed process loses no data with this, and a commit does not wait for the disk.
        connection.execute("PRAGMA synchronous = NORMAL")
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_in_memory() -> sqlite3.Connection:
    """Return a new database in memory whose commits take constant time.

    With `:memory:`, each commit goes through all pages.
    """
    try:
        return sqlite3.connect("file:sandbox?vfs=memdb", uri=True, timeout=0, isolation_level=None)
    except sqlite3.OperationalError:  # SQLite is older than 3.36
        return sqlite3.connect(":memory:", timeout=0, isolation_level=None)


def _make_private(path: Path) -> None:
    """Let only the owner read the file, because it contains phone numbers and webhook secrets.

    SQLite gives its additional files the same mode.
    """
    # An existing file is opened read-only, so that SQLite reports a file that cannot be written.
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
    # SQLite's message would only be "disk I/O error".
    if not all(os.access(each, os.W_OK, effective_ids=_EFFECTIVE) for each in (path, path.absolute().parent)):
        os.close(descriptor)
        raise PermissionError(errno.EROFS, "attempt to write a read-only database")
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077 and os.name == "posix":
            with contextlib.suppress(PermissionError):  # another user owns the file
                os.fchmod(descriptor, mode & 0o700)
    finally:
        os.close(descriptor)


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN EXCLUSIVE")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if version == 0 and not names:
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {_VERSION}")
    elif version == 0 or not names.issuperset(_TABLES):
        raise sqlite3.DatabaseError("it was written by something else")
    elif version != _VERSION:
        which = "a newer version of the sandbox; update thisispamela" if version > _VERSION else "an older sandbox"
        raise sqlite3.DatabaseError(f"it was written by {which}")
    connection.execute("COMMIT")


def _explain(path: Path | None, error: sqlite3.Error | OSError) -> str:
    name = getattr(error, "sqlite_errorname", None) or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"The database {path} is in use by another sandbox; stop that one, or choose another file."
    if path is None and name.startswith("SQLITE_FULL"):
        return f"The database in memory cannot be used: {error}. {_REMEDY_IN_MEMORY}"
    for prefix, remedy in _REMEDIES.items():
        if name.startswith(prefix):
            return f"The database {path or 'in memory'} cannot be used: {error}. {remedy}"
    reason = error.strerror if isinstance(error, OSError) else error
    if isinstance(error, PermissionError):
        return f"The database {path} cannot be used: {reason}. {_REMEDIES['SQLITE_READONLY']}"
    return f"The database {path or 'in memory'} cannot be used: {reason}. Choose another file."
