"""The ledger of a campaign: each step of a recipient as one short transaction that can be repeated.

What a campaign is to do, and what came of it, is in these tables and nowhere else. One file a subject:

| file | what is in it |
|---|---|
| `schema` | the tables, their migrations, the states |
| `database` | SQLite and PostgreSQL, transactions, errors in plain words |
| `campaigns` | opening, pausing, stopping and finishing campaigns |
| `recipients` | adding recipients, checked to the end of the input first |
| `do_not_call` | the list of numbers that nobody calls |
| `leases` | which runners are alive, and who may do what only one is to do |
| `choosing`, `rates` | who may be called now: hours, slots, budget; the token buckets |
| `claims` | attempts, committed before their requests are sent |
| `placements` | what became of those requests; the breaker |
| `look_ups` | attempts whose outcome is open |
| `live_calls` | the calls in progress, and what webhooks said of them |
| `endings` | how calls ended, and what comes next |
| `results` | progress, results, attempts |
"""

from __future__ import annotations

from ..errors import needs_extra

try:
    import sqlalchemy as _sqlalchemy  # noqa: F401  # every other file of the package needs it
except ImportError:
    raise needs_extra("SQLAlchemy") from None

from .endings import Endings
from .live_calls import LiveCalls
from .look_ups import LookUps
from .recipients import Recipients
from .results import Results


class Ledger(Recipients, LookUps, LiveCalls, Endings, Results):
    """The ledger. It may be used from any number of threads, processes and, with PostgreSQL, machines.

    Args:
        address: The name of a file, or `postgresql://user:password@host/name`.
        clock: The time by which hours, days and pauses count; the ledger's own if absent.
        patience: Seconds for which a transaction is repeated while the database cannot be reached.
        opening_patience: The same for the first one.

    Raises:
        LedgerError: It cannot be opened.
    """
