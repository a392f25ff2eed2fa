"""An invocation store in a table of PostgreSQL, MySQL, MariaDB or SQLite, for several machines."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ..._core.extras import needs_extra
from .cut_off import cut_off_after
from .protocol import KEEP_SECONDS, InvocationRecord, InvocationState, check_keep_seconds
from .version_2_0 import Version20Names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine, Table

    from .protocol import AfterCrash

T = TypeVar("T")

logger = logging.getLogger("pamela.tools")

TABLE = "pamela_invocations"
TIMEOUT = 2
"""Maximum time for a connection, a lock or a statement in seconds, if the store makes the engine."""
LONGEST_STEP = 30.0
"""Seconds without a response after which a connection of the user's engine is cut."""
_ATTEMPTS = 3
_SECONDS_BETWEEN_CLEANINGS = 60.0
_CLEANED_AT_ONCE = 1_000
_RETRIED = {"40001", "40P01", "1213"}
"""Error codes after which a statement is repeated: serialization failures and deadlocks."""


class SQLInvocationStore(Version20Names):
    """Remembers the invocations of all processes that use a database. Needs ``thisispamela[sql]`` and a driver.

    Each step is one statement in its own transaction. The store uses the clock of the database.

    Args:
        engine: A SQLAlchemy ``Engine``, or an address such as ``postgresql+psycopg://user@host/name``. If you pass an
            engine, set its time limits below the timeouts of your tools.
        table: The name of the table.
        create_table: Whether to create a missing table. For migrations, the attribute `table` has its definition.
        keep_seconds: How long to remember an invocation after its response, in seconds. The default is three days.

    Attributes:
        table: The table, as a SQLAlchemy ``Table``.

    Raises:
        ModuleNotFoundError: SQLAlchemy is not installed.
        TypeError: The engine is async.
        ValueError: The database is not supported or is in memory, the table has no name, or `keep_seconds` is out of
            range.
        sqlalchemy.exc.SQLAlchemyError: The database cannot be reached, or the table cannot be created.
    """

    def __init__(
        self,
        engine: Engine | str,
        *,
        table: str = TABLE,
        create_table: bool = True,
        keep_seconds: float = KEEP_SECONDS,
    ) -> None:
        with needs_extra("sql", "Invocation stores in databases"):
            import sqlalchemy

            from . import sql_statements
        self._keep_seconds = check_keep_seconds(keep_seconds)
        made = sql_statements.make_engine(engine, TIMEOUT) if isinstance(engine, str) else engine
        if not isinstance(made, sqlalchemy.Engine):
            raise TypeError(f"engine={engine!r} must be a sync SQLAlchemy Engine. The store is used in threads.")
        if isinstance(made.pool, sqlalchemy.pool.SingletonThreadPool):
            raise ValueError(
                "The database is in memory, so each thread has its own. Use a file, sqlite:///invocations.db, or "
                "MemoryInvocationStore()."
            )
        if not isinstance(table, str) or not table:
            raise ValueError(f"table={table!r} must be the name of a table, such as {TABLE!r}.")
        self._engine = made
        self._made_engine = made is not engine
        self._pid = os.getpid()
        self._statements = sql_statements.Statements(made.dialect.name, table)
        self.table: Table = self._statements.table
        self._lock = threading.Lock()
        self._cleaned_at = time.monotonic()
        if create_table:
            self._create_table()

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
        values = {"wanted": invocation_id, "new_owner": owner, "lease": lease_seconds, "keep": keep}
        claimed = InvocationRecord(InvocationState.RUNNING, owner)

        def step(connection: Connection) -> InvocationRecord | None:
            """Return the record after the claim, or None if another claim came between."""
            if connection.execute(self._statements.insert, values).rowcount == 1:
                return claimed
            row = connection.execute(self._statements.select, {"wanted": invocation_id}).one_or_none()
            if row is None:
                return None
            seen = {**values, "seen": row.owner, "seen_state": row.state}
            record = _record(row)
            if record is None or record.belongs_to(owner) or (record.is_abandoned and after_crash == "run"):
                return claimed if connection.execute(self._statements.take_over, seen).rowcount == 1 else None
            if record.is_abandoned:
                failed = InvocationRecord(InvocationState.FAILED, row.owner)
                return failed if connection.execute(self._statements.abandon, seen).rowcount == 1 else None
            return record

        gives_up_at = time.monotonic() + (TIMEOUT if timeout_seconds is None else timeout_seconds)
        while (record := self._run(step, timeout_seconds)) is None:
            if time.monotonic() > gives_up_at:
                raise TimeoutError(f"The invocation {invocation_id} was changed by others again and again.")
        return record

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Extend the lease of a running invocation. See `InvocationStore.extend`."""
        values = {"wanted": invocation_id, "seen": owner, "lease": lease_seconds}
        return self._run(lambda connection: connection.execute(self._statements.extend, values).rowcount == 1)

    def complete(
        self,
        invocation_id: str,
        response: str,
        *,
        owner: str,
        state: InvocationState = InvocationState.DONE,
        keep_seconds: float | None = None,
        connection: Connection | None = None,
    ) -> bool:
        """Store the response of an invocation. See `InvocationStore.complete`.

        Args:
            invocation_id: The id of the invocation.
            response: The response as text.
            owner: The token of the run.
            state: Done or failed.
            keep_seconds: How long to remember the invocation, in seconds. None means the store's own setting.
            connection: A connection with your transaction. The response is stored in it.
        """
        keep = self._keep_seconds if keep_seconds is None else keep_seconds
        forgotten = {
            "wanted": invocation_id,
            "new_owner": owner,
            "new_state": str(state),
            "new_response": response,
            "keep": keep,
        }
        values = {
            "wanted": invocation_id,
            "seen": owner,
            "new_state": str(state),
            "new_response": response,
            "keep": keep,
        }

        def step(connection: Connection) -> bool:
            if connection.execute(self._statements.complete, values).rowcount == 1:
                return True
            if connection.execute(self._statements.insert_completed, forgotten).rowcount == 1:
                return True
            row = connection.execute(self._statements.select, {"wanted": invocation_id}).one_or_none()
            return row is not None and (row.owner, row.response) == (owner, response)

        if connection is not None:
            with cut_off_after(self._longest_step, connection):
                return connection.execute(self._statements.complete, values).rowcount == 1
        kept = self._run(step)
        self._clean_now_and_then()
        return kept

    def get(self, invocation_id: str) -> InvocationRecord | None:
        """Return the record of an invocation, or None. See `InvocationStore.get`."""

        def step(connection: Connection) -> InvocationRecord | None:
            row = connection.execute(self._statements.select, {"wanted": invocation_id}).one_or_none()
            return None if row is None else _record(row)

        return self._run(step)

    def close(self) -> None:
        """Close the connections. Your own engine stays open."""
        if self._made_engine:
            self._own_engine().dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Open a connection with a transaction. It commits at the end of the block, and rolls back after an exception.

        A tool with a parameter of the type ``sqlalchemy.Connection`` gets such a connection. Its response is stored in
        the same transaction, so that the tool's own rows are written exactly once.

        Yields:
            The connection.

        Raises:
            ValueError: The engine is in autocommit mode.
        """
        with self._own_engine().connect() as connection, connection.begin() as transaction:
            driver_connection: Any = connection.connection.dbapi_connection
            if connection.dialect.detect_autocommit_setting(driver_connection):
                raise ValueError(
                    "The engine has isolation_level='AUTOCOMMIT', which has no transactions. Leave it out."
                )
            try:
                yield connection
            except BaseException:
                with cut_off_after(self._longest_step, connection):
                    transaction.rollback()
                raise
            with cut_off_after(self._longest_step, connection):
                transaction.commit()

    def forget_expired(self) -> int:
        """Delete expired invocations. The store also does this once a minute.

        Returns:
            The number of deleted invocations.
        """
        deleted = 0
        while True:
            batch = self._run(lambda connection: self._statements.delete_expired(connection, _CLEANED_AT_ONCE))
            deleted += batch
            if batch < _CLEANED_AT_ONCE:
                return deleted

    @property
    def _longest_step(self) -> float:
        # With the store's own engine, the database ends a statement earlier.
        return 2 * TIMEOUT if self._made_engine else LONGEST_STEP

    def _run(self, step: Callable[[Connection], T], timeout_seconds: float | None = None) -> T:
        from sqlalchemy.exc import DBAPIError

        longest = self._longest_step if timeout_seconds is None else min(self._longest_step, timeout_seconds)
        gives_up_at = time.monotonic() + longest
        attempt = 1
        while True:
            try:
                with self._own_engine().connect() as connection:
                    remaining = max(0.0, gives_up_at - time.monotonic())
                    with cut_off_after(remaining, connection):
                        return step(connection.execution_options(isolation_level="AUTOCOMMIT"))
            except DBAPIError as error:
                # The statement may have succeeded before the connection broke. Each step can be repeated, because it has the owner's token.
                is_over = attempt == _ATTEMPTS or time.monotonic() >= gives_up_at
                if is_over or not (error.connection_invalidated or _code(error) in _RETRIED):
                    raise
                attempt += 1

    def _own_engine(self) -> Engine:
        if self._pid != os.getpid():
            with self._lock:
                if self._pid != os.getpid():
                    # The parent process still uses the connections in the pool.
                    self._engine.dispose(close=False)
                    self._pid = os.getpid()
        return self._engine

    def _create_table(self) -> None:
        from sqlalchemy import inspect
        from sqlalchemy.exc import DBAPIError

        try:
            self.table.metadata.create_all(self._engine)
        except DBAPIError:
            # Another process may have created it at the same time.
            if not inspect(self._engine).has_table(self.table.name):
                raise

    def _clean_now_and_then(self) -> None:
        with self._lock:
            if time.monotonic() - self._cleaned_at < _SECONDS_BETWEEN_CLEANINGS:
                return
            self._cleaned_at = time.monotonic()
        threading.Thread(target=self._clean, name="pamela-forget", daemon=True).start()

    def _clean(self) -> None:
        try:
            self.forget_expired()
        except Exception:
            logger.warning("Could not delete expired invocations. The store tries again in a minute.", exc_info=True)


def _record(row: Any) -> InvocationRecord | None:
    state = InvocationState(row.state)
    is_held = state is InvocationState.RUNNING and row.lease_until > row.now
    if row.expires_at <= row.now and not is_held:
        return None
    is_abandoned = state is InvocationState.RUNNING and not is_held
    return InvocationRecord(state, row.owner, row.response, is_abandoned=is_abandoned)


def _code(error: Any) -> str:
    original = error.orig
    sqlstate = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    return str(sqlstate or (original.args[0] if original is not None and original.args else ""))
