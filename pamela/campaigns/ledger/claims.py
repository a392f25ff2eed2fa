"""Claim slots, tokens and recipients for attempts, and commit them before the requests are sent."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from ..records import MICROSECONDS, Claim, Claims, attempt_key, to_span
from ..states import LIVE, AttemptState, CampaignState, RecipientState
from .choosing import Choice
from .database import chunks
from .leases import Leases
from .schema import ATTEMPTS, RECIPIENTS, RUNNERS, in_state

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Connection, Row

FORGOTTEN_AFTER = timedelta(seconds=30)
"""Time after which an attempt counts as lost if its own runner does not know it, for example after a lost commit."""
_LONGEST_PAUSE = 300.0


class Claiming(Leases):
    """Claim slots, tokens and recipients for attempts, and commit them before the requests are sent."""

    def claim(self, campaign_id: int, owner: str, limit: int, only: Collection[int] | None = None) -> Claims:
        """Take slots, tokens and recipients for as many attempts as may be sent now, and commit them.

        Args:
            campaign_id: The campaign.
            owner: The runner that will send them.
            limit: Maximum number of attempts.
            only: The recipients to choose from. None means all.
        """

        def work(connection: Connection) -> Claims:
            campaign = self._lock(connection, campaign_id)
            state = CampaignState(campaign.state)
            if state is not CampaignState.ACTIVE:
                return Claims((), state, campaign.reason, None)
            now = self.database.now(connection)
            # After a jump of the clock the wait could be endless; no service asks for more than a day.
            if now < campaign.resume_at < now + 86_400 * MICROSECONDS:
                return Claims((), state, None, (campaign.resume_at - now) / MICROSECONDS)
            round_ = Choice(connection, campaign, self._parse(campaign.settings), now, self._calendar(now))
            rows, wait = round_.take(limit, only)
            if round_.over_budget:
                reason = f"The budget of {round_.settings.max_minutes} minutes is used up."
                self._halt(connection, campaign_id, reason)
                return Claims((), CampaignState.HALTED, reason, None)
            return Claims(self._commit_attempts(connection, campaign, owner, rows, now), state, None, wait)

        return self.database.write(work)

    def _commit_attempts(
        self, connection: Connection, campaign: Row[Any], owner: str, rows: Sequence[Row[Any]], now: int
    ) -> list[Claim]:
        if not rows:
            return []
        attempts = [
            {
                "campaign_id": campaign.id,
                "recipient_id": row.id,
                "number": row.attempts + 1,
                "key": attempt_key(campaign.name, row.identity, row.attempts + 1),
                "state": AttemptState.PLACING,
                "owner": owner,
                "claimed_at": now,
            }
            for row in rows
        ]
        # With RETURNING, SQLAlchemy would send SQLite one statement per row.
        connection.execute(insert(ATTEMPTS), attempts)
        ids: dict[str, int] = {}
        for keys in chunks([attempt["key"] for attempt in attempts]):
            query = select(ATTEMPTS.c.key, ATTEMPTS.c.id).where(ATTEMPTS.c.key.in_(keys))
            ids |= {row.key: row.id for row in connection.execute(query)}
        for chunk in chunks([row.id for row in rows]):
            connection.execute(
                update(RECIPIENTS)
                .where(RECIPIENTS.c.id.in_(chunk))
                .values(state=RecipientState.PLACING, attempts=RECIPIENTS.c.attempts + 1)
            )
        return [
            Claim(ids[attempt["key"]], row.id, attempt["key"], json.loads(row.request))
            for attempt, row in zip(attempts, rows, strict=True)
        ]

    def due(self, campaign_id: int, limit: int) -> list[int]:
        """Return the numbers of recipients that may be called now by their hours. `claim` checks slots and rates.

        Args:
            campaign_id: The number of the campaign in the ledger.
            limit: Maximum number of recipients.
        """

        def work(connection: Connection) -> list[int]:
            now = self._calendar(self.database.now(connection))
            query = (
                select(RECIPIENTS.c.id)
                .where(in_state(campaign_id, RecipientState.WAITING), RECIPIENTS.c.due_at <= now)
                .order_by(RECIPIENTS.c.due_at, RECIPIENTS.c.id)
                .limit(limit)
            )
            return list(connection.execute(query).scalars())

        return self.database.read(work)

    def live_count(self, campaign_id: int) -> int:
        """Return the number of live calls."""
        query = select(func.count()).where(in_state(campaign_id, *LIVE))
        return self.database.read(lambda connection: connection.execute(query).scalar_one())

    def adopt(self, campaign_id: int, owner: str, known: Collection[int]) -> int:
        """Take over the attempts of dead runners, and attempts that this runner does not know, for a look-up.

        Args:
            campaign_id: The campaign.
            owner: This runner.
            known: The attempts that this runner is sending.

        Returns:
            The number of attempts.
        """

        def work(connection: Connection) -> int:
            campaign = self._lock(connection, campaign_id)
            now = self.database.now(connection)
            rows = connection.execute(
                select(ATTEMPTS.c.id, ATTEMPTS.c.recipient_id, ATTEMPTS.c.owner, ATTEMPTS.c.claimed_at).where(
                    ATTEMPTS.c.campaign_id == campaign_id, ATTEMPTS.c.state == AttemptState.PLACING
                )
            ).all()
            if not rows:
                return 0
            alive = self._alive(connection, now)
            settle = to_span(self._parse(campaign.settings).settle)
            lost = [
                row
                for row in rows
                if row.owner not in alive
                or (row.owner == owner and row.id not in known and row.claimed_at < now - to_span(FORGOTTEN_AFTER))
            ]
            for row in lost:
                self._set_unclear(
                    connection, row.id, row.recipient_id, None, "The runner ended.", min(row.claimed_at, now) + settle
                )
            connection.execute(delete(RUNNERS).where(RUNNERS.c.id.not_in(alive | {owner})))
            return len(lost)

        return self.database.write(work)

    def _set_unclear(
        self, connection: Connection, attempt_id: int, recipient_id: int, owner: str | None, error: str, when: int
    ) -> None:
        changed = connection.execute(
            update(ATTEMPTS)
            .where(ATTEMPTS.c.id == attempt_id, ATTEMPTS.c.state == AttemptState.PLACING)
            .values(state=AttemptState.UNCLEAR, owner=owner, error=error, look_up_at=when)
        )
        if changed.rowcount:
            self._set_recipient(connection, recipient_id, state=RecipientState.UNCLEAR)

    def _wait_again(self, connection: Connection, recipient_id: int, *, due_at: int, **values: Any) -> None:
        """Let a recipient wait again after its attempt was deleted. The next attempt has the same number and key."""
        self._set_recipient(
            connection,
            recipient_id,
            state=RecipientState.WAITING,
            attempts=RECIPIENTS.c.attempts - 1,
            due_at=due_at,
            **values,
        )

    def _set_recipient(self, connection: Connection, recipient_id: int, **values: Any) -> None:
        connection.execute(update(RECIPIENTS).where(RECIPIENTS.c.id == recipient_id).values(**values))


def backoff(count: int) -> int:
    """Return the pause after a number of failures, in microseconds: doubled each time, at most five minutes."""
    return int(min(_LONGEST_PAUSE, 2.0**count) * MICROSECONDS)
