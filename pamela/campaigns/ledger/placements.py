"""Stores the results of sent attempts, and counts them for the breaker."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, select, update

from ..records import MICROSECONDS, NotPlaced, Placed, Placement, Unclear, to_span
from ..states import AttemptState, RecipientState
from .claims import Claiming, backoff
from .database import chunks
from .schema import ATTEMPTS, CAMPAIGNS, RECIPIENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection, Row

    from ..settings import Breaker

MOST_ERRORS = 10
"""Maximum number of failed attempts without a call. Then the recipient is given up."""
_PLACE_ATTEMPTS = (
    update(ATTEMPTS)
    .where(ATTEMPTS.c.id == bindparam("attempt"))
    .values(
        state=AttemptState.PLACED,
        call_id=bindparam("called"),
        placed_at=bindparam("now"),
        owner=None,
        error=None,
    )
)
_PLACE_RECIPIENTS = (
    update(RECIPIENTS)
    .where(RECIPIENTS.c.id == bindparam("recipient"))
    .values(state=RecipientState.CALLING, errors=0, detail=None)
)


class Placements(Claiming):
    """Stores the results of sent attempts, and counts them for the breaker."""

    def record(self, campaign_id: int, owner: str, placements: Sequence[Placement]) -> list[int]:
        """Store the results of sent attempts.

        Returns:
            The recipients that are now finished.
        """

        def work(connection: Connection) -> list[int]:
            campaign = self._lock(connection, campaign_id)
            settings = self._parse(campaign.settings)
            now = self.database.now(connection)
            through: list[int] = []
            attempts = {
                row.id: row
                for chunk in chunks([each.attempt_id for each in placements])
                for row in connection.execute(
                    select(ATTEMPTS.c.id, ATTEMPTS.c.recipient_id, ATTEMPTS.c.state, ATTEMPTS.c.owner).where(
                        ATTEMPTS.c.id.in_(chunk)
                    )
                )
            }
            placed: list[dict[str, Any]] = []
            failed = 0
            trouble: str | None = campaign.trouble
            resume_at = campaign.resume_at
            for each in placements:
                row = attempts.get(each.attempt_id)
                if row is None:
                    continue
                if isinstance(each, Placed):
                    if row.state in (AttemptState.PLACING, AttemptState.UNCLEAR, AttemptState.SET_ASIDE):
                        placed.append(
                            {"attempt": row.id, "recipient": row.recipient_id, "called": str(each.call["id"])}
                        )
                elif row.state != AttemptState.PLACING or row.owner != owner:
                    continue  # Another runner has taken it over and will look it up.
                elif isinstance(each, Unclear):
                    failed += 1
                    trouble = each.error
                    self._set_unclear(
                        connection, row.id, row.recipient_id, owner, each.error, now + to_span(settings.settle)
                    )
                else:
                    failed += each.counts
                    trouble = trouble if each.final else each.error
                    if each.retry_after is not None:
                        resume_at = max(resume_at, now + int(each.retry_after * MICROSECONDS))
                    if each.halt is not None:
                        self._halt(connection, campaign_id, each.halt)
                    if self._take_back(connection, row, each, now):
                        through.append(row.recipient_id)
            if placed:
                trouble = None
                connection.execute(_PLACE_ATTEMPTS, [{**each, "now": now} for each in placed])
                connection.execute(_PLACE_RECIPIENTS, placed)
            noted = {"resume_at": resume_at, "trouble": trouble}
            self._count(
                connection,
                campaign,
                settings.breaker,
                now,
                results=len(placed) + failed,
                failures=failed,
                placed=len(placed),
                noted=noted,
            )
            return through

        return self.database.write(work, durable=False)

    def _take_back(self, connection: Connection, attempt: Any, result: NotPlaced, now: int) -> bool:
        """Let a recipient wait to repeat the same attempt, or give it up. Return whether it was given up."""
        query = select(RECIPIENTS.c.errors).where(RECIPIENTS.c.id == attempt.recipient_id)
        before: int = connection.execute(query).scalar_one()
        errors = before + result.counts
        if result.unavailable:
            # An outage may last for many runs, so it uses up only some of the allowed errors.
            errors = max(before, min(errors, MOST_ERRORS // 2))
        if result.final or errors >= MOST_ERRORS:
            connection.execute(
                update(ATTEMPTS)
                .where(ATTEMPTS.c.id == attempt.id)
                .values(state=AttemptState.REFUSED, owner=None, error=result.error, ended_at=self._calendar(now))
            )
            self._set_recipient(
                connection, attempt.recipient_id, state=RecipientState.GIVEN_UP, errors=errors, detail=result.error
            )
            return True
        connection.execute(delete(ATTEMPTS).where(ATTEMPTS.c.id == attempt.id))
        pause = backoff(errors) if result.counts else 0
        self._wait_again(
            connection,
            attempt.recipient_id,
            due_at=self._calendar(now) + pause,
            errors=errors,
            detail=result.error,
        )
        return False

    def _count(
        self,
        connection: Connection,
        campaign: Row[Any],
        breaker: Breaker | None,
        now: int,
        *,
        results: int = 0,
        failures: int = 0,
        broken_off: Sequence[int] = (),
        placed: int = 0,
        minutes: int = 0,
        noted: Mapping[str, Any] | None = None,
    ) -> None:
        """Count results for the breaker, and halt the campaign after too many failures.

        A placed call is a result when it is placed. If it breaks off, that result becomes a failure: `broken_off` has the
        times at which such calls were placed.
        """
        values: dict[str, Any] = {
            **(noted or {}),
            "placed": campaign.placed + placed,
            "minutes_billed": campaign.minutes_billed + minutes,
        }
        if breaker is not None and (results or broken_off):
            weight = _weight(now - campaign.recent_at, breaker) if campaign.recent_at else 0.0
            recent = campaign.recent_results * weight + results
            failed = campaign.recent_failures * weight + failures
            failed += sum(_weight(now - placed_at, breaker) for placed_at in broken_off)
            # Calls that were placed before the counts were reset are not among the results.
            failed = min(failed, recent)
            values |= {"recent_results": recent, "recent_failures": failed, "recent_at": now}
            if (failures or broken_off) and recent >= breaker.at_least and failed > breaker.share * recent:
                self._halt(
                    connection,
                    campaign.id,
                    f"{failed / recent:.0%} of the last {recent:.0f} results were failures, "
                    f"more than the {breaker.share:.0%} that the breaker allows.",
                )
        connection.execute(update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign.id).values(**values))


def _weight(age: int, breaker: Breaker) -> float:
    """Return how much a result of this age counts, in microseconds: 1 if it is new, less the older it is."""
    return math.exp(-max(0, age) / to_span(breaker.window))
