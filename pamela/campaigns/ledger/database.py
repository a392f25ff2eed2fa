"""The database of a ledger: SQLite or PostgreSQL, short repeatable transactions, readable errors."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from ..errors import LedgerError, needs_extra
from .schema import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")

logger = logging.getLogger("pamela.campaigns")

CHUNK = 500
"""Number of rows in one statement."""
_BUSY_SECONDS = 30.0
_READS = ("BEGIN",)
# Committed data survives the end of the program in both cases. Waiting for the disk makes it, and all earlier commits,
# survive a power failure, too.
_WRITES = ("PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE")
_DURABLE = ("PRAGMA synchronous = FULL", "BEGIN IMMEDIATE")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0
# The system accepts connections for a stopped or restarting server, which does not respond. And a machine without power
# does not close its connections.
POSTGRESQL_LIMITS = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
TRANSIENT_CLASSES = ("08", "40", "57")
"""Classes of SQLSTATE: connection lost, transaction rolled back, server shutting down or starting."""


class Database:
    """The database of a ledger.

    Args:
        address: The path of a file, or `postgresql://user:password@host/name`.
        patience: How long a transaction is repeated while the server cannot be reached, in seconds.
        opening_patience: The same for the first transaction. It is short, so that a wrong address is reported soon.

    Raises:
        LedgerError: The database cannot be opened.
    """

    def __init__(self, address: str | Path, patience: float = 60.0, opening_patience: float = 0.0) -> None:
        self.url = _parse_address(address)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.patience = patience
        # In a process, writers of SQLite wait for this lock, which has no pauses, unlike SQLite's own waiting.
        self._turn = threading.Lock()
        try:
            self.engine = self._create_engine()
        except (ModuleNotFoundError, NoSuchModuleError):
            raise needs_extra("psycopg") from None
        try:
            self._repeat(migrate, _DURABLE, opening_patience)
        except DBAPIError as error:
            self.engine.dispose()
            raise LedgerError(f"Cannot open the ledger {self.name}: {self._why_not_opened(error)}.") from None
        except BaseException:
            self.engine.dispose()
            raise

    @property
    def name(self) -> str:
        """The path of the file, or the address without its password."""
        return str(self.url.database) if self.is_sqlite else self.url.render_as_string(hide_password=True)

    def __repr__(self) -> str:
        return f"Database({self.name!r})"

    def _create_engine(self) -> Engine:
        if not self.is_sqlite:
            return create_engine(
                self.url, connect_args=limits_of(self.url), pool_size=10, max_overflow=20, hide_parameters=True
            )
        engine = create_engine(
            self.url, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False}, hide_parameters=True
        )
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _why_not_opened(self, error: DBAPIError) -> str:
        directory = Path(self.name).absolute().parent
        if self.is_sqlite and directory.is_dir() and not os.access(directory, os.W_OK):
            return f"SQLite keeps files beside it, and {directory} cannot be written. Copy it to where that can be done"
        return _in_words(error)

    def write(self, work: Callable[[Connection], T], *, durable: bool = True) -> T:
        """Run a transaction. It is repeated if the connection is lost.

        Args:
            work: The work in the transaction. It may run several times.
            durable: Whether the committed transaction survives a power failure of the database's machine. If false, the
                commit does not wait for the disk. It survives the end of this program in any case.

        Raises:
            LedgerError: The transaction failed, or the database could not be reached for too long.
        """
        return self._run(work, _DURABLE if durable else _WRITES)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction that only reads.

        Raises:
            LedgerError: The transaction failed, or the database could not be reached for too long.
        """
        return self._run(work, ())

    def _run(self, work: Callable[[Connection], T], begin: Sequence[str]) -> T:
        try:
            return self._repeat(work, begin, self.patience)
        except DBAPIError as error:
            raise LedgerError(
                f"The ledger {self.name} failed: {_in_words(error)}. What was committed before is kept; "
                "run the campaign again to go on."
            ) from None

    def _repeat(self, work: Callable[[Connection], T], begin: Sequence[str], patience: float) -> T:
        give_up_at = time.monotonic() + patience
        pause = _FIRST_PAUSE
        is_told = False
        while True:
            try:
                return self._attempt(work, begin)
            except DBAPIError as error:
                if not _is_transient(error) or time.monotonic() >= give_up_at:
                    raise
                if work is migrate and not is_told:
                    is_told = True
                    logger.warning(
                        "The ledger %s cannot be opened yet: %s. It is tried again for %.0f s.",
                        self.name,
                        _in_words(error),
                        patience,
                    )
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _attempt(self, work: Callable[[Connection], T], begin: Sequence[str]) -> T:
        if not (begin and self.is_sqlite):
            with self.engine.begin() as connection:
                if begin is _WRITES:
                    connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
                return work(connection)
        with self._turn, self.engine.connect().execution_options(begin=begin) as connection, connection.begin():
            return work(connection)

    def now(self, connection: Connection) -> int:
        """Return the time in microseconds since 1970, by the common clock of all runners."""
        if self.is_sqlite:
            return time.time_ns() // 1000
        seconds = connection.execute(select(func.extract("epoch", func.clock_timestamp()))).scalar_one()
        return int(seconds * 1_000_000)

    def close(self) -> None:
        """Close the connections."""
        self.engine.dispose()


def file_of(address: str | Path) -> Path | None:
    """Return the file of a ledger in SQLite, None for PostgreSQL.

    Raises:
        LedgerError: The address is not valid.
    """
    url = _parse_address(address)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def limits_of(url: URL) -> dict[str, str]:
    """Return the limits for connections to a PostgreSQL address, without those that the address sets."""
    return {name: value for name, value in POSTGRESQL_LIMITS.items() if name not in url.query}


def _parse_address(address: str | Path) -> URL:
    text = str(address)
    if "://" not in text:
        if not text.strip() or text == ":memory:":
            raise LedgerError("The ledger needs a file that outlives the process, orders.db for example.")
        return URL.create("sqlite+pysqlite", database=text)
    try:
        url = make_url(text)
    except ArgumentError:
        raise LedgerError("The ledger's address is not valid. Write postgresql://user:password@host/name.") from None
    if url.get_backend_name() == "sqlite":
        return url.set(drivername="sqlite+pysqlite")
    if url.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return url.set(drivername="postgresql+psycopg")
    raise LedgerError(f"A ledger cannot be kept in {url.drivername!r}. Give a file, or postgresql://...")


def _set_up_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions begin below, not in the driver
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA cache_size = -16000")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    for statement in connection.get_execution_options().get("begin", _READS):
        connection.exec_driver_sql(statement)


def _is_transient(error: DBAPIError) -> bool:
    cause = error.orig
    if isinstance(cause, sqlite3.OperationalError):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
    state = getattr(cause, "sqlstate", None)
    if state is None:  # no connection, or it was lost without an error from the server
        return type(cause).__name__ in {"OperationalError", "InterfaceError"}
    return str(state).startswith(TRANSIENT_CLASSES)


def _in_words(error: DBAPIError) -> str:
    return " ".join(str(error.orig).split()).rstrip(".")


def chunks(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Return values in groups that fit into one statement."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
