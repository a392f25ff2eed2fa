"""The table and the statements of `SQLInvocationStore`, in the dialect of each database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    URL,
    Column,
    Double,
    Index,
    MetaData,
    String,
    Table,
    Text,
    and_,
    bindparam,
    create_engine,
    delete,
    make_url,
    not_,
    select,
    update,
)
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_MYSQL = ("mysql", "mariadb")
_DIALECTS = ("postgresql", "sqlite", *_MYSQL)
_ID_LENGTH = 200
_OWNER_LENGTH = 200


class _Now(FunctionElement[float]):
    """The time of the database in seconds since 1970: that of the statement, not of the beginning of its transaction."""

    type = Double()
    inherit_cache = True


@compiles(_Now, "postgresql")
def _postgresql_now(element: Any, compiler: Any, **options: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


@compiles(_Now, *_MYSQL)
def _mysql_now(element: Any, compiler: Any, **options: Any) -> str:
    return "(timestampdiff(microsecond, '1970-01-01', utc_timestamp(6)) / 1000000e0)"


@compiles(_Now, "sqlite")
def _sqlite_now(element: Any, compiler: Any, **options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


def make_engine(address: str, timeout: int) -> Engine:
    """Return an engine with time limits, for a database that does not respond.

    Args:
        address: The address of the database.
        timeout: The limit for a connection, a lock and a statement, in seconds.
    """
    url = _url_of(address)
    arguments: dict[str, Any] = {}
    if url.get_backend_name() == "postgresql" and url.get_driver_name() in ("psycopg", "psycopg2"):
        limits = f"-c statement_timeout={timeout}s -c lock_timeout={timeout}s"
        # Keepalive: a lost machine is detected within seconds, also by a connection that only waits.
        alive = {"keepalives_idle": timeout, "keepalives_interval": timeout, "keepalives_count": 2}
        arguments = {"connect_timeout": timeout, "options": limits, "tcp_user_timeout": timeout * 1000, **alive}
    elif url.get_backend_name() in _MYSQL and url.get_driver_name() == "pymysql":
        arguments = {"connect_timeout": timeout, "read_timeout": timeout, "write_timeout": timeout}
    elif url.get_backend_name() == "sqlite":
        return create_engine(url, connect_args={"timeout": timeout})
    # No ping before each use: it would block on a stopped server, and steps on a broken connection are repeated anyway.
    return create_engine(url, connect_args=arguments, pool_size=20, pool_timeout=timeout)


def _url_of(address: str) -> URL:
    """Parse the address of a database.

    Raises:
        ValueError: The address is invalid, or its database is not supported. The message does not show the address,
            which may contain a password.
        TypeError: The driver is async.
        ModuleNotFoundError: The driver is not installed.
    """
    try:
        url = make_url(address)
        check_dialect(url.get_backend_name())
        dialect = url.get_dialect()
        if dialect.is_async:
            raise TypeError(f"{url.drivername} is async, and the store is used in threads. Give a sync driver.")
        dialect.import_dbapi()
    except ModuleNotFoundError as error:
        message = f"The driver of {url.drivername} is not installed: pip install {error.name}"
        raise ModuleNotFoundError(message, name=error.name) from None
    except (ArgumentError, NoSuchModuleError):
        raise ValueError(
            "The address of a database must look like postgresql+psycopg://user@host/name or sqlite:///invocations.db, with a "
            "driver that SQLAlchemy knows."
        ) from None
    return url


def check_dialect(name: str) -> None:
    """Raise ValueError unless a database is supported."""
    if name == "postgres":
        raise ValueError("SQLAlchemy does not support postgres://. Write postgresql+psycopg:// instead.")
    if name not in _DIALECTS:
        raise ValueError(f"There is no invocation store for {name}. Use PostgreSQL, MySQL, MariaDB, SQLite or Redis.")


class Statements:
    """The statements of a store for one database.

    Args:
        dialect: SQLAlchemy's name of the database.
        table: The name of the table.

    Raises:
        ValueError: The database is not supported.
    """

    def __init__(self, dialect: str, table: str) -> None:
        check_dialect(dialect)
        self._dialect = dialect
        # The ids differ by case, and a database must neither fold nor pad them.
        id_type = String(_ID_LENGTH).with_variant(
            mysql.VARCHAR(_ID_LENGTH, charset="ascii", collation="ascii_bin"), *_MYSQL
        )
        self.table = Table(
            table,
            MetaData(),
            Column("id", id_type, primary_key=True),
            Column("state", String(10), nullable=False),
            Column("owner", String(_OWNER_LENGTH), nullable=False),
            Column("lease_until", Double(), nullable=False),
            Column("expires_at", Double(), nullable=False),
            Column("response", Text().with_variant(mysql.LONGTEXT(), *_MYSQL)),
            Index(f"{table}_expires_at", "expires_at"),
            mysql_engine="InnoDB",
            mariadb_engine="InnoDB",
        )
        now = _Now()
        columns = self.table.c
        lease: Any = bindparam("lease", type_=Double())
        keep: Any = bindparam("keep", type_=Double())
        is_seen = and_(columns.id == bindparam("wanted"), columns.owner == bindparam("seen"))
        is_held = and_(columns.state == "running", columns.lease_until > now)
        claimed = {
            "state": "running",
            "owner": bindparam("new_owner"),
            "lease_until": now + lease,
            "expires_at": now + lease + keep,
            "response": None,
        }
        completed = {
            "state": bindparam("new_state"),
            "response": bindparam("new_response"),
            "expires_at": now + keep,
        }
        self.insert = self._insert({"id": bindparam("wanted"), **claimed})
        self.insert_completed = self._insert(
            {"id": bindparam("wanted"), "owner": bindparam("new_owner"), "lease_until": now, **completed}
        )
        self.select = select(self.table, now.label("now")).where(columns.id == bindparam("wanted"))
        # Each change has the old values as its condition. If another process was faster, it changes nothing.
        is_unchanged = and_(is_seen, columns.state == bindparam("seen_state"))
        is_own = columns.owner == bindparam("new_owner")
        self.take_over = update(self.table).where(is_unchanged, is_own | not_(is_held)).values(claimed)
        self.abandon = (
            update(self.table).where(is_unchanged, not_(is_held)).values(state="failed", expires_at=now + keep)
        )
        # The order matters: in MySQL, later assignments see the new lease_until.
        self.extend = (
            update(self.table)
            .where(is_seen, columns.state == "running")
            .ordered_values(
                (columns.expires_at, columns.expires_at + (now + lease - columns.lease_until)),
                (columns.lease_until, now + lease),
            )
        )
        self.complete = (
            update(self.table)
            .where(is_seen, (columns.state == "running") | columns.response.is_(None))
            .values(completed)
        )
        self._expired = and_(columns.expires_at <= now, not_(is_held))

    def delete_expired(self, connection: Connection, limit: int) -> int:
        """Delete at most `limit` expired invocations and return their number."""
        if self._dialect in _MYSQL:
            statement = delete(self.table).where(self._expired).with_dialect_options(mysql_limit=limit)
            return connection.execute(statement).rowcount
        chosen = select(self.table.c.id).where(self._expired).limit(limit)
        if self._dialect == "postgresql":
            chosen = chosen.with_for_update(skip_locked=True)
        return connection.execute(delete(self.table).where(self.table.c.id.in_(chosen.scalar_subquery()))).rowcount

    def _insert(self, values: dict[str, Any]) -> Any:
        """Return a statement that inserts a row unless its id exists."""
        if self._dialect in _MYSQL:
            return mysql.insert(self.table).values(values).prefix_with("IGNORE")
        dialect = postgresql if self._dialect == "postgresql" else sqlite
        return dialect.insert(self.table).values(values).on_conflict_do_nothing(index_elements=["id"])
