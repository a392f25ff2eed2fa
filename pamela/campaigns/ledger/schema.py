"""The tables of a ledger, one schema for SQLite and PostgreSQL, and its migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    and_,
    func,
    insert,
    inspect,
    select,
    text,
)

from ..errors import LedgerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import ColumnElement, Connection

    from ..states import RecipientState


METADATA = MetaData()
# SQLite generates row numbers only if the key is an INTEGER.
_ROW_ID = BigInteger().with_variant(Integer(), "sqlite")

LEDGER = Table("pamela_ledger", METADATA, Column("version", Integer, nullable=False))

CAMPAIGNS = Table(
    "pamela_campaigns",
    METADATA,
    Column("id", _ROW_ID, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("settings", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("minutes_billed", BigInteger, nullable=False, default=0),
    Column("placed", BigInteger, nullable=False, default=0),
    Column("resume_at", BigInteger, nullable=False, default=0),  # after a 429
    Column("recent_results", Float, nullable=False, default=0),  # for the breaker; both fade with time
    Column("recent_failures", Float, nullable=False, default=0),
    Column("recent_at", BigInteger, nullable=False, default=0),
    Column("webhooks", Boolean, nullable=False, default=False),
    Column("trouble", Text),
)

RECIPIENTS = Table(
    "pamela_recipients",
    METADATA,
    Column("id", _ROW_ID, primary_key=True),
    Column("campaign_id", ForeignKey("pamela_campaigns.id"), nullable=False),
    Column("identity", Text, nullable=False),
    Column("line", BigInteger, nullable=False),
    Column("number", Text, nullable=False),
    Column("prefix", Text, nullable=False, default=""),
    Column("zones", Text, nullable=False, default=""),
    Column("request", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("max_minutes", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("errors", Integer, nullable=False, default=0),
    Column("outcome", Text),
    Column("detail", Text),
    UniqueConstraint("campaign_id", "identity", name="pamela_recipients_by_identity"),
    Index("pamela_recipients_by_number", "campaign_id", "number"),
    Index("pamela_recipients_by_due", "campaign_id", "state", "prefix", "due_at", "id"),
)

ATTEMPTS = Table(
    "pamela_attempts",
    METADATA,
    Column("id", _ROW_ID, primary_key=True),
    Column("campaign_id", ForeignKey("pamela_campaigns.id"), nullable=False),
    Column("recipient_id", ForeignKey("pamela_recipients.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("key", Text, nullable=False, unique=True),
    Column("state", Text, nullable=False),
    Column("owner", Text),
    Column("claimed_at", BigInteger, nullable=False),
    Column("look_up_at", BigInteger, nullable=False, default=0),
    Column("look_ups", Integer, nullable=False, default=0),
    Column("placed_at", BigInteger),
    Column("end_seen_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("call_id", Text),
    Column("outcome", Text),
    Column("status", Text),
    Column("duration_seconds", Float),
    Column("billed_minutes", Integer),
    Column("error", Text),
    Column("call", Text),
    Index("pamela_attempts_by_recipient", "recipient_id", "number"),
    Index("pamela_attempts_by_state", "campaign_id", "state", "id"),
    Index("pamela_attempts_by_call", "call_id"),
)

DO_NOT_CALL = Table(
    "pamela_do_not_call",
    METADATA,
    Column("number", Text, primary_key=True),
    Column("reason", Text),
    Column("added_at", BigInteger, nullable=False),
)

BUCKETS = Table(
    "pamela_buckets",
    METADATA,
    Column("campaign_id", ForeignKey("pamela_campaigns.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("tokens", Float, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

RUNNERS = Table(
    "pamela_runners",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)

LEASES = Table(
    "pamela_leases",
    METADATA,
    Column("campaign_id", ForeignKey("pamela_campaigns.id"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
)

NOTICES = Table(
    "pamela_notices",
    METADATA,
    Column("call_id", Text, primary_key=True),
    Column("seen_at", BigInteger, nullable=False),
)


def in_state(campaign_id: int, *states: RecipientState) -> ColumnElement[bool]:
    """Return the condition that a recipient is in a campaign and has one of the states."""
    condition = RECIPIENTS.c.state == states[0] if len(states) == 1 else RECIPIENTS.c.state.in_(states)
    return and_(RECIPIENTS.c.campaign_id == campaign_id, condition)


def _create_tables(connection: Connection) -> None:
    METADATA.create_all(connection)


def _add_trouble(connection: Connection) -> None:
    # New tables already have the column.
    if "trouble" not in {column["name"] for column in inspect(connection).get_columns(CAMPAIGNS.name)}:
        connection.execute(text("ALTER TABLE pamela_campaigns ADD COLUMN trouble TEXT"))


MIGRATIONS: Sequence[Callable[[Connection], None]] = (_create_tables, _add_trouble)
"""The migration from each version of the schema to the next. Only append to it."""
_MIGRATION_LOCK = 0x70616D656C61


def migrate(connection: Connection, migrations: Sequence[Callable[[Connection], None]] = MIGRATIONS) -> None:
    """Migrate the tables to the newest version, in the transaction of the connection.

    Raises:
        LedgerError: A newer version of the package has migrated the tables.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
    version = 0
    if inspect(connection).has_table(LEDGER.name):
        version = connection.execute(select(LEDGER.c.version)).scalar() or 0
    if version > len(migrations):
        raise LedgerError(
            f"The ledger has version {version} of the tables; this version of the package knows {len(migrations)}. "
            "Upgrade it: pip install --upgrade 'thisispamela[campaigns]'"
        )
    for step in migrations[version:]:
        step(connection)
    if version == 0:
        connection.execute(insert(LEDGER).values(version=len(migrations)))
    elif version < len(migrations):
        connection.execute(text("UPDATE pamela_ledger SET version = :version"), {"version": len(migrations)})
