"""The token buckets of rates. They are rows, updated in the transaction of a claim, so all runners share them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sqlalchemy import and_, insert, select, update

from ..records import MICROSECONDS
from .schema import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from ..settings import Rate

_MOST_TOKENS = 1_000_000


class Buckets:
    """The buckets of a campaign at a moment.

    Args:
        connection: The transaction of a claim, which has locked the campaign.
        campaign_id: The campaign.
        now: The moment, in microseconds.
    """

    def __init__(self, connection: Connection, campaign_id: int, now: int) -> None:
        self._connection = connection
        self._campaign_id = campaign_id
        self._now = now
        self.waits: list[float] = []
        """For each empty bucket, the seconds until its next token."""

    def tokens(self, name: str, rates: Iterable[Rate]) -> int:
        """Return the number of calls that all rates allow now."""
        grants = math.inf
        for rate in rates:
            tokens = self._level(name, rate)
            grants = min(grants, math.floor(tokens + 1e-9))
            self._note_wait(tokens, rate)
        return int(min(grants, _MOST_TOKENS))

    def spend(self, name: str, rates: Iterable[Rate], count: int) -> None:
        """Take `count` tokens."""
        if not count:
            return
        for rate in rates:
            tokens = self._level(name, rate) - count
            self._note_wait(tokens, rate)
            key = {"campaign_id": self._campaign_id, "name": f"{name} {rate}"}
            values = {"tokens": tokens, "updated_at": self._now}
            this = and_(BUCKETS.c.campaign_id == key["campaign_id"], BUCKETS.c.name == key["name"])
            if not self._connection.execute(update(BUCKETS).where(this).values(**values)).rowcount:
                self._connection.execute(insert(BUCKETS).values(**key, **values))

    def _level(self, name: str, rate: Rate) -> float:
        this = and_(BUCKETS.c.campaign_id == self._campaign_id, BUCKETS.c.name == f"{name} {rate}")
        row = self._connection.execute(select(BUCKETS.c.tokens, BUCKETS.c.updated_at).where(this)).first()
        if row is None:
            return rate.burst
        if row.updated_at > self._now:
            # The clock was set back: the bucket gets no tokens for this time, but it must get them from now on.
            self._connection.execute(update(BUCKETS).where(this).values(updated_at=self._now))
        elapsed: float = max(0, self._now - row.updated_at) / MICROSECONDS
        tokens: float = row.tokens + elapsed * rate.per_second
        return min(rate.burst, tokens)

    def _note_wait(self, tokens: float, rate: Rate) -> None:
        if tokens < 1:
            self.waits.append((1 - tokens) / rate.per_second)
