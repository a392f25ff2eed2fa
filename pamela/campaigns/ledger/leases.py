"""Stores which runners are alive, and which of them does work for a single runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, delete, insert, select, update

from ..records import LEASE, to_span
from ..runners import RunnerIdentity, is_dead
from .campaigns import Campaigns
from .schema import CAMPAIGNS, LEASES, RUNNERS

if TYPE_CHECKING:
    from datetime import timedelta

    from sqlalchemy import Connection


class Leases(Campaigns):
    """Stores which runners are alive, and which of them does work for a single runner."""

    def register(self, runner: RunnerIdentity) -> None:
        """Register a runner as alive. Repeat it well within the lease of a minute."""

        def work(connection: Connection) -> None:
            now = self.database.now(connection)
            changed = connection.execute(update(RUNNERS).where(RUNNERS.c.id == runner.id).values(seen_at=now))
            if not changed.rowcount:
                values = {"id": runner.id, "host": runner.host, "process": runner.process, "seen_at": now}
                connection.execute(insert(RUNNERS).values(**values))

        self.database.write(work, durable=False)

    def unregister(self, runner: RunnerIdentity) -> None:
        """Register that a runner has ended."""
        self.database.write(
            lambda connection: connection.execute(delete(RUNNERS).where(RUNNERS.c.id == runner.id)) and None
        )

    def take_lease(self, campaign_id: int, name: str, owner: str, duration: timedelta = LEASE) -> bool:
        """Take or renew the lease for work of a single runner. Return False if another runner holds it."""
        return self.database.write(
            lambda connection: self._take_lease(connection, campaign_id, name, owner, duration), durable=False
        )

    def _take_lease(self, connection: Connection, campaign_id: int, name: str, owner: str, duration: timedelta) -> bool:
        # The lock of the campaign's row serializes all runners here.
        connection.execute(select(CAMPAIGNS.c.id).where(CAMPAIGNS.c.id == campaign_id).with_for_update())
        now = self.database.now(connection)
        this = and_(LEASES.c.campaign_id == campaign_id, LEASES.c.name == name)
        row = connection.execute(select(LEASES.c.owner, LEASES.c.until).where(this)).first()
        until = now + to_span(duration)
        if row is None:
            values = {"campaign_id": campaign_id, "name": name, "owner": owner, "until": until}
            connection.execute(insert(LEASES).values(**values))
            return True
        # A lease that ends too far in the future was written before the clock was set back.
        if row.owner != owner and now < row.until <= until and row.owner in self._alive(connection, now):
            return False
        connection.execute(update(LEASES).where(this).values(owner=owner, until=until))
        return True

    def _alive(self, connection: Connection, now: int) -> set[str]:
        rows = connection.execute(select(RUNNERS)).all()
        lease = to_span(LEASE)
        # A time in the far future was written before the clock was set back.
        recent = [row for row in rows if now - lease <= row.seen_at <= now + lease]
        return {row.id for row in recent if not is_dead(row.id, row.host, row.process)}
