"""The placed calls that have not ended, and their webhooks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from ..records import LiveCall, to_span
from ..states import AttemptState
from .campaigns import Campaigns
from .database import chunks
from .schema import ATTEMPTS, NOTICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Select

_NOTICE_KEPT = timedelta(days=1)
_LIVE_CALLS = select(
    ATTEMPTS.c.id, ATTEMPTS.c.recipient_id, ATTEMPTS.c.call_id, ATTEMPTS.c.end_seen_at, ATTEMPTS.c.placed_at
).where(ATTEMPTS.c.state == AttemptState.PLACED)
"""The fields of `LiveCall`, in its order."""


class LiveCalls(Campaigns):
    """The placed calls that have not ended, and their webhooks."""

    def live_calls(self, campaign_id: int) -> list[LiveCall]:
        """Return the placed calls that have not ended, newest first."""
        return self._find(_LIVE_CALLS.where(ATTEMPTS.c.campaign_id == campaign_id).order_by(ATTEMPTS.c.id.desc()))

    def has_live_calls(self, campaign_id: int) -> bool:
        """Return whether there are calls to follow."""
        query = (
            select(ATTEMPTS.c.id)
            .where(ATTEMPTS.c.campaign_id == campaign_id, ATTEMPTS.c.state == AttemptState.PLACED)
            .limit(1)
        )
        return self.database.read(lambda connection: connection.execute(query).first()) is not None

    def note_end(self, attempt_ids: Sequence[int]) -> None:
        """Store that calls have ended, although their data is not complete yet."""

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            for chunk in chunks(attempt_ids):
                connection.execute(
                    update(ATTEMPTS)
                    .where(ATTEMPTS.c.id.in_(chunk), ATTEMPTS.c.end_seen_at.is_(None))
                    .values(end_seen_at=now)
                )

        self.database.write(work, durable=False)

    def notice(self, call_id: str) -> None:
        """Store that a webhook about a call arrived, perhaps before the response to its request."""

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            changed = connection.execute(update(NOTICES).where(NOTICES.c.call_id == call_id).values(seen_at=now))
            if not changed.rowcount:
                connection.execute(delete(NOTICES).where(NOTICES.c.seen_at < now - to_span(_NOTICE_KEPT)))
                connection.execute(insert(NOTICES).values(call_id=call_id, seen_at=now))

        self.database.write(work, durable=False)

    def noticed_calls(self, campaign_id: int) -> list[LiveCall]:
        """Return the live calls about which a webhook arrived."""
        noticed = _LIVE_CALLS.join(NOTICES, NOTICES.c.call_id == ATTEMPTS.c.call_id)
        return self._find(noticed.where(ATTEMPTS.c.campaign_id == campaign_id))

    def _find(self, query: Select[Any]) -> list[LiveCall]:
        return [LiveCall(*row) for row in self.database.read(lambda connection: connection.execute(query).all())]
