"""Reads the progress of a campaign, the results of its recipients, and their attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from ..records import MICROSECONDS, Progress, from_micros
from ..states import FINAL, RecipientState
from .campaigns import Campaigns
from .database import CHUNK, chunks
from .schema import ATTEMPTS, CAMPAIGNS, RECIPIENTS, in_state

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Row


class Results(Campaigns):
    """Reads the progress of a campaign, the results of its recipients, and their attempts."""

    def progress(self, campaign_id: int) -> Progress:
        """Return the progress of a campaign.

        Args:
            campaign_id: The number of the campaign in the ledger.
        """

        def work(connection: Connection) -> Progress:
            campaign = connection.execute(select(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign_id)).one()
            mine = RECIPIENTS.c.campaign_id == campaign_id
            states = connection.execute(
                select(RECIPIENTS.c.state, func.count()).where(mine).group_by(RECIPIENTS.c.state)
            ).all()
            outcomes = connection.execute(
                select(RECIPIENTS.c.outcome, func.count())
                .where(in_state(campaign_id, *FINAL), RECIPIENTS.c.outcome.is_not(None))
                .group_by(RECIPIENTS.c.outcome)
            ).all()
            now = self._calendar(self.database.now(connection))
            hour = 3600 * MICROSECONDS
            begun = (RECIPIENTS.c.due_at - RECIPIENTS.c.due_at % hour).label("hour")
            later = connection.execute(
                select(begun, func.count())
                .where(in_state(campaign_id, RecipientState.WAITING), RECIPIENTS.c.due_at > now)
                .group_by(begun)
                .order_by(begun)
            ).all()
            return Progress(
                {state: count for state, count in states if state != RecipientState.STAGED},
                dict(outcomes),
                campaign.minutes_billed,
                campaign.placed,
                {from_micros(when): count for when, count in later},
            )

        return self.database.read(work)

    def results(self, campaign_id: int, *, ids: Sequence[int] | None = None, final: bool = True) -> Iterator[Row[Any]]:
        """Return recipients with their last attempt, one row each.

        Args:
            campaign_id: The number of the campaign in the ledger.
            ids: The numbers of the recipients. None means all.
            final: Whether to return only finished recipients.
        """
        all_attempts = ATTEMPTS.alias("all_attempts")
        last = (
            select(func.max(all_attempts.c.id)).where(all_attempts.c.recipient_id == RECIPIENTS.c.id).scalar_subquery()
        )
        query = (
            select(RECIPIENTS, ATTEMPTS.c.call_id, ATTEMPTS.c.call, ATTEMPTS.c.ended_at, ATTEMPTS.c.error)
            .select_from(RECIPIENTS.outerjoin(ATTEMPTS, ATTEMPTS.c.id == last))
            .order_by(RECIPIENTS.c.id)
            .limit(CHUNK)
        )
        condition = (
            in_state(campaign_id, *FINAL)
            if final
            else and_(RECIPIENTS.c.campaign_id == campaign_id, RECIPIENTS.c.state != RecipientState.STAGED)
        )
        if ids is not None:
            for chunk in chunks(ids):
                chunk_query = query.where(RECIPIENTS.c.id.in_(chunk))
                yield from self._rows(chunk_query)
            return
        after = 0
        while rows := self._rows(query.where(condition, RECIPIENTS.c.id > after)):
            yield from rows
            after = rows[-1].id

    def attempts(self, campaign_id: int) -> Iterator[Row[Any]]:
        """Return the attempts of a campaign, one row each, without the calls.

        Args:
            campaign_id: The number of the campaign in the ledger.
        """
        columns = [
            ATTEMPTS.c[name]
            for name in (
                "id",
                "number",
                "state",
                "placed_at",
                "ended_at",
                "outcome",
                "duration_seconds",
                "billed_minutes",
            )
        ]
        after = 0
        query = select(*columns).where(ATTEMPTS.c.campaign_id == campaign_id).order_by(ATTEMPTS.c.id).limit(10_000)
        while rows := self._rows(query.where(ATTEMPTS.c.id > after)):
            yield from rows
            after = rows[-1].id
