"""An invocation store in a SQLite file, for the processes of one machine."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .protocol import KEEP_SECONDS, InvocationRecord, InvocationState, check_keep_seconds
from .version_2_0 import Version20Names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .protocol import AfterCrash

MAX_ENTRIES = 1_000_000
BUSY_TIMEOUT = 10.0
_FORGOTTEN_AT_ONCE = 20
"""Maximum number of invocations that a claim or a completion deletes, so that neither takes long."""

# Queries for max(finished) need WHERE finished IS NOT NULL. Without it, SQLite reads the table instead of the index.
# Leases use the system's monotonic clock, which all processes share and nobody can set. It restarts with the machine.
# A lease that then ends later than its own length allows belongs to a process that has ended.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS pamela_invocations (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    lease_until REAL NOT NULL,
    lease_seconds REAL NOT NULL,
    expires_at REAL NOT NULL,
    response TEXT,
    finished INTEGER
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pamela_invocations_expires_at ON pamela_invocations (expires_at);
CREATE INDEX IF NOT EXISTS pamela_invocations_finished ON pamela_invocations (finished) WHERE finished IS NOT NULL;
"""


class SQLiteInvocationStore(Version20Names):
    """Remembers the invocations of all processes that use a SQLite file.

    If you delete the file, its invocations are forgotten and a new file is created.

    Args:
        path: The path of the database file. A missing file is created. It must be on a local disk.
        max_entries: Maximum number of invocations with a response. The oldest are forgotten first.
        busy_timeout: Maximum time to wait for other processes that write, in seconds. A claim waits at most for the
            timeout of its tool.
        keep_seconds: How long to remember an invocation after its response, in seconds. The default is three days.

    Raises:
        sqlite3.Error: The file cannot be opened, or is not a SQLite database.
        TypeError: `path` is not a path.
        ValueError: A limit is out of range, or `path` does not name a file, such as ``:memory:`` or an address.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_entries: int = MAX_ENTRIES,
        busy_timeout: float = BUSY_TIMEOUT,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        if isinstance(max_entries, bool) or not isinstance(max_entries, int) or max_entries < 1:
            raise ValueError(f"max_entries={max_entries!r} must be a whole number, 1 or more.")
        if isinstance(busy_timeout, bool) or not isinstance(busy_timeout, int | float) or not 0 <= busy_timeout < 10**6:
            raise ValueError(f"busy_timeout={busy_timeout!r} must be a number of seconds, 0 or more.")
        self._path = path
        self._max_entries = max_entries
        self._busy_timeout = busy_timeout
        self._keep_seconds = check_keep_seconds(keep_seconds)
        _check_path(path)
        try:
            with closing(self._connect(busy_timeout)) as connection:
                _make_schema(connection)
        except sqlite3.OperationalError as error:
            if "unable to open" not in str(error):
                raise
            message = f"The database file {os.fspath(path)!r} cannot be opened. Its folder must exist and be writable."
            raise sqlite3.OperationalError(message) from None

    def claim(
        self,
        invocation_id: str,
        *,
        owner: str,
        lease_seconds: float,
        after_crash: AfterCrash = "refuse",
        keep_seconds: float | None = None,
        timeout_seconds: float | None = None,
    ) -> InvocationRecord:
        """Claim an invocation. See `InvocationStore.claim`."""
        keep = self._keep_seconds if keep_seconds is None else keep_seconds
        timeout = self._busy_timeout if timeout_seconds is None else min(self._busy_timeout, timeout_seconds)
        with self._transaction(timeout) as connection:
            record = _find(connection, invocation_id)
            if record is None or record.belongs_to(owner) or (record.is_abandoned and after_crash == "run"):
                _put(connection, invocation_id, owner=owner, lease_seconds=lease_seconds, keep_seconds=keep)
                _forget(connection, self._max_entries)
                return InvocationRecord(InvocationState.RUNNING, owner)
            if record.is_abandoned:
                statement = "UPDATE pamela_invocations SET state = ?, expires_at = ? WHERE id = ?"
                connection.execute(statement, (InvocationState.FAILED, time.time() + keep, invocation_id))
                return InvocationRecord(InvocationState.FAILED, record.owner)
            return record

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Extend the lease of a running invocation. See `InvocationStore.extend`."""
        with self._transaction(self._busy_timeout) as connection:
            statement = (
                "UPDATE pamela_invocations SET expires_at = expires_at + :until - lease_until, lease_until = :until, "
                "lease_seconds = :lease WHERE id = :id AND owner = :owner AND state = 'running'"
            )
            until = time.monotonic() + lease_seconds
            values = {"until": until, "lease": lease_seconds, "id": invocation_id, "owner": owner}
            return connection.execute(statement, values).rowcount == 1

    def complete(
        self,
        invocation_id: str,
        response: str,
        *,
        owner: str,
        state: InvocationState = InvocationState.DONE,
        keep_seconds: float | None = None,
    ) -> bool:
        """Store the response of an invocation. See `InvocationStore.complete`."""
        keep = self._keep_seconds if keep_seconds is None else keep_seconds
        with self._transaction(self._busy_timeout) as connection:
            record = _find(connection, invocation_id)
            if record is not None and (record.owner != owner or record.response is not None):
                return record.owner == owner and record.response == response
            _put(connection, invocation_id, owner=owner, keep_seconds=keep, state=state, response=response)
            _forget(connection, self._max_entries)
            return True

    def get(self, invocation_id: str) -> InvocationRecord | None:
        """Return the record of an invocation, or None. See `InvocationStore.get`."""
        with closing(self._connect(self._busy_timeout)) as connection:
            try:
                return _find(connection, invocation_id)
            except sqlite3.OperationalError as error:
                if _lacks_table(error):
                    return None
                raise

    @contextmanager
    def _transaction(self, timeout: float) -> Iterator[sqlite3.Connection]:
        with closing(self._connect(timeout)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("SELECT 1 FROM pamela_invocations LIMIT 0")
            except sqlite3.OperationalError as error:
                if not _lacks_table(error):
                    raise
                connection.rollback()  # the file was removed, and this one is new
                _make_schema(connection)
                connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()

    def _connect(self, timeout: float) -> sqlite3.Connection:
        # A connection for each operation belongs to no thread, survives no fork, and sees that the file was removed.
        # So does the rollback journal, unlike the write-ahead log, whose index open connections share by the file's name.
        connection = sqlite3.connect(self._path, timeout=max(timeout, 0.0), isolation_level=None)
        with suppress(sqlite3.OperationalError):
            # Another program may have set the write-ahead log and be connected, a backup for example. Then it stays, and
            # a lock of any other kind shows in the next statement.
            connection.execute("PRAGMA journal_mode = TRUNCATE")
        return connection


def _check_path(path: Any) -> None:
    """Raise an error for a path that SQLite reads as an in-memory database. It would remember nothing."""
    if not isinstance(path, str | bytes | os.PathLike):
        raise TypeError(f"path={path!r} must be the path of a database file: SQLiteInvocationStore('invocations.db').")
    name = os.fsdecode(path)
    if not name or name == ":memory:" or name.startswith("file:"):
        raise ValueError(
            f"path={path!r} is not a file. To remember invocations in memory, use MemoryInvocationStore()."
        )
    if "://" in name:
        raise ValueError("The path is an address. Give the path of a file, or the address to SQLInvocationStore.")


def _make_schema(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    _take_over_version_2_0(connection)
    connection.commit()


def _take_over_version_2_0(connection: sqlite3.Connection) -> None:
    """Copy the invocations of a file of version 2.0. Those without a response count as crashed."""
    statement = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'invocations'"
    if connection.execute(statement).fetchone() is None:
        return
    connection.execute(
        "INSERT OR IGNORE INTO pamela_invocations "
        "SELECT correlation_id, CASE WHEN answer IS NULL THEN 'failed' ELSE 'done' END, 'version 2.0', 0, 0, ?, answer, "
        "number FROM invocations",
        (time.time() + KEEP_SECONDS,),
    )
    connection.execute("DROP TABLE invocations")


def _lacks_table(error: sqlite3.OperationalError) -> bool:
    return "no such table" in str(error)


def _find(connection: sqlite3.Connection, invocation_id: str) -> InvocationRecord | None:
    statement = (
        "SELECT state, owner, response, lease_until, lease_seconds, expires_at FROM pamela_invocations WHERE id = ?"
    )
    row = connection.execute(statement, (invocation_id,)).fetchone()
    if row is None:
        return None
    state, owner, response, lease_until, lease_seconds, expires_at = row
    is_running = state == InvocationState.RUNNING
    remaining = lease_until - time.monotonic()
    is_held = is_running and 0 < remaining <= lease_seconds
    if expires_at <= time.time() and not is_held:
        return None
    return InvocationRecord(InvocationState(state), owner, response, is_abandoned=is_running and not is_held)


def _put(
    connection: sqlite3.Connection,
    invocation_id: str,
    *,
    owner: str,
    keep_seconds: float,
    lease_seconds: float = 0,
    state: InvocationState = InvocationState.RUNNING,
    response: str | None = None,
) -> None:
    values = {
        "id": invocation_id,
        "state": state,
        "owner": owner,
        "until": time.monotonic() + lease_seconds,
        "lease": lease_seconds,
        "expires": time.time() + lease_seconds + keep_seconds,
        "response": response,
    }
    connection.execute(
        "INSERT OR REPLACE INTO pamela_invocations VALUES (:id, :state, :owner, :until, :lease, :expires, :response, "
        "CASE WHEN :state <> 'running' THEN "
        "(SELECT 1 + coalesce(max(finished), 0) FROM pamela_invocations WHERE finished IS NOT NULL) END)",
        values,
    )


def _forget(connection: sqlite3.Connection, max_entries: int) -> None:
    """Delete some of the expired or surplus invocations, with the help of the indexes."""
    now = time.monotonic()
    connection.execute(
        "DELETE FROM pamela_invocations WHERE id IN (SELECT id FROM pamela_invocations WHERE expires_at <= :time AND NOT "
        "(state = 'running' AND lease_until > :now AND lease_until - lease_seconds <= :now) LIMIT :limit)",
        {"time": time.time(), "now": now, "limit": _FORGOTTEN_AT_ONCE},
    )
    connection.execute(
        "DELETE FROM pamela_invocations WHERE id IN (SELECT id FROM pamela_invocations WHERE finished <= "
        "(SELECT max(finished) FROM pamela_invocations WHERE finished IS NOT NULL) - :kept ORDER BY finished LIMIT :limit)",
        {"kept": max_entries, "limit": _FORGOTTEN_AT_ONCE},
    )
