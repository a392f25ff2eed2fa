"""The ledger of campaigns: each step of a recipient is one short transaction that can be repeated.

The tables have the whole state of the campaigns. Each file has one subject:

| file | what is in it |
|---|---|
| `schema` | the tables, their migrations, the states |
| `database` | SQLite and PostgreSQL, transactions, errors in plain words |
| `campaigns` | opening, pausing, stopping and finishing campaigns |
| `recipients` | adding recipients, after the check of the whole input |
| `do_not_call` | the do-not-call list |
| `leases` | which runners are alive, and which of them does work for a single runner |
| `choosing`, `rates` | who may be called now: hours, slots, budget; the token buckets |
| `claims` | attempts, committed before their requests are sent |
| `placements` | the results of these requests; the breaker |
| `look_ups` | attempts with an unknown outcome |
| `live_calls` | the calls in progress, and their webhooks |
| `endings` | ended calls, and what happens next |
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
    """The store of campaigns. Several threads and processes, and with PostgreSQL several machines, may use it.

    Args:
        address: The path of a file, or `postgresql://user:password@host/name`.
        clock: Returns the current time for hours, days and pauses. The default is the clock of the database.
        patience: How long a transaction is repeated while the database cannot be reached, in seconds.
        opening_patience: The same for the first transaction, in seconds.

    Raises:
        LedgerError: The ledger cannot be opened.
    """
