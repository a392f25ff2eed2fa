"""What tools have answered already, so that an invocation that is repeated does not run its function again."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from os import PathLike

_MAX_UNANSWERED = 100_000


class InvocationStore(Protocol):
    """Remembers invocations by their correlation id.

    The methods are called in threads, several at a time, and may block. An implementation for several processes needs
    one operation that only one of them can win: ``SET key "" NX EX 86400`` in Redis, say.
    """

    def claim(self, correlation_id: str) -> bool:
        """Note that an invocation begins.

        Returns:
            True to exactly one caller; False to all others, until the invocation is forgotten.
        """

    def complete(self, correlation_id: str, answer: str) -> None:
        """Keep the answer of an invocation that began."""

    def get(self, correlation_id: str) -> str | None:
        """Return the answer of an invocation, or None while there is none."""


class _Version2Store:
    """An invocation store whose methods have their names of version 2.0."""

    def __init__(self, store: Any) -> None:
        self.claim = store.begin
        self.complete = store.finish
        self.get = store.recall


def as_invocation_store(store: Any) -> InvocationStore:
    """Return a store with today's method names, also if it has, or overrides, those of version 2.0."""
    begin = getattr(type(store), "begin", None)
    is_own = begin in (MemoryInvocationStore.begin, SQLiteInvocationStore.begin)
    if begin is not None and not is_own:
        return _Version2Store(store)
    if not hasattr(store, "claim"):
        raise TypeError(f"store={store!r} is not an invocation store. It needs the methods claim, complete and get.")
    found: InvocationStore = store
    return found


class MemoryInvocationStore:
    """Remembers the latest invocations of this process.

    Args:
        max_entries: How many answers to remember. What still runs is not counted and never forgotten.
    """

    def __init__(self, max_entries: int = 10_000) -> None:
        self._max_entries = max_entries
        self._running: set[str] = set()
        self._answers: dict[str, str] = {}
        self._lock = threading.Lock()

    def claim(self, correlation_id: str) -> bool:
        """As `InvocationStore.claim`."""
        with self._lock:
            if correlation_id in self._running or correlation_id in self._answers:
                return False
            self._running.add(correlation_id)
            return True

    def complete(self, correlation_id: str, answer: str) -> None:
        """As `InvocationStore.complete`."""
        with self._lock:
            self._answers[correlation_id] = answer
            self._running.discard(correlation_id)
            if len(self._answers) > self._max_entries:
                del self._answers[next(iter(self._answers))]

    def get(self, correlation_id: str) -> str | None:
        """As `InvocationStore.get`."""
        with self._lock:
            return self._answers.get(correlation_id)

    begin, finish, recall = claim, complete, get
    """The names until 3.0 of `claim`, `complete` and `get`."""


class SQLiteInvocationStore:
    """Remembers the latest invocations of all processes that share a file.

    An invocation whose process died in the middle is not run again: its repeats are answered with an error. Nothing tells
    it from one that still runs, so of those without an answer the latest 100,000 are remembered, however few the answers.

    Args:
        path: The database file; it is made when missing. It must be on a disk of this machine.
        max_entries: How many answers to remember.
        busy_timeout: How long to wait for another process that writes, in seconds.

    Raises:
        sqlite3.Error: The file cannot be opened, or is no database.
    """

    def __init__(self, path: str | PathLike[str], *, max_entries: int = 10_000, busy_timeout: float = 10) -> None:
        self._path = path
        self._max_entries = max_entries
        self._busy_timeout = busy_timeout
        with closing(self._connect()) as connection:
            connection.execute(
                "CREATE TABLE IF NOT EXISTS invocations "
                "(number INTEGER PRIMARY KEY AUTOINCREMENT, correlation_id TEXT NOT NULL UNIQUE, answer TEXT)"
            )
            connection.execute("CREATE INDEX IF NOT EXISTS unanswered ON invocations (answer IS NULL)")

    def claim(self, correlation_id: str) -> bool:
        """As `InvocationStore.claim`."""
        with closing(self._connect()) as connection:
            statement = "INSERT OR IGNORE INTO invocations (correlation_id) VALUES (?)"
            cursor = connection.execute(statement, (correlation_id,))
            began = cursor.rowcount == 1
            if began:
                _forget(connection, unanswered=True, keep=_MAX_UNANSWERED)
            return began

    def complete(self, correlation_id: str, answer: str) -> None:
        """As `InvocationStore.complete`."""
        with closing(self._connect()) as connection:
            # Replaced, it has the highest number: the oldest answer is the one that was given first.
            statement = "REPLACE INTO invocations (correlation_id, answer) VALUES (?, ?)"
            connection.execute(statement, (correlation_id, answer))
            _forget(connection, unanswered=False, keep=self._max_entries)

    def get(self, correlation_id: str) -> str | None:
        """As `InvocationStore.get`."""
        with closing(self._connect()) as connection:
            statement = "SELECT answer FROM invocations WHERE correlation_id = ?"
            row = connection.execute(statement, (correlation_id,)).fetchone()
            return row[0] if row else None

    begin, finish, recall = claim, complete, get
    """The names until 3.0 of `claim`, `complete` and `get`."""

    def _connect(self) -> sqlite3.Connection:
        # A connection for each operation belongs to no thread and survives no fork.
        return sqlite3.connect(self._path, timeout=self._busy_timeout, isolation_level=None)


def _forget(connection: sqlite3.Connection, *, unanswered: bool, keep: int) -> None:
    """Delete the oldest invocations of a kind, but for some."""
    statement = (
        "DELETE FROM invocations WHERE (answer IS NULL) = :unanswered AND number <= "
        "(SELECT number FROM invocations WHERE (answer IS NULL) = :unanswered "
        "ORDER BY number DESC LIMIT 1 OFFSET :keep)"
    )
    connection.execute(statement, {"unanswered": unanswered, "keep": keep})
