"""Store ended calls, and decide what happens next with their recipients."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, select, update

from ... import CallOutcome
from ..decisions import Done, GiveUp, RetryAt
from ..records import Ended, LiveCall, to_micros, to_span
from ..states import AttemptState, RecipientState
from .database import chunks
from .do_not_call import DoNotCallList
from .placements import Placements
from .schema import ATTEMPTS, DO_NOT_CALL, NOTICES, RECIPIENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from ..settings import Settings

_END_ATTEMPTS = (
    update(ATTEMPTS)
    .where(ATTEMPTS.c.id == bindparam("attempt"))
    .values(
        state=AttemptState.ENDED,
        ended_at=bindparam("ended"),
        outcome=bindparam("result"),
        status=bindparam("as_told"),
        duration_seconds=bindparam("seconds"),
        billed_minutes=bindparam("billed"),
        call=bindparam("whole"),
    )
)
_END_RECIPIENTS = (
    update(RECIPIENTS)
    .where(RECIPIENTS.c.id == bindparam("recipient"))
    .values(state=bindparam("final"), outcome=bindparam("result"), detail=bindparam("why"))
)
_RETRY_RECIPIENTS = (
    update(RECIPIENTS)
    .where(RECIPIENTS.c.id == bindparam("recipient"))
    .values(
        state=RecipientState.WAITING,
        outcome=bindparam("result"),
        detail=bindparam("why"),
        due_at=bindparam("due"),
    )
)


class Endings(Placements, DoNotCallList):
    """Store ended calls, and decide what happens next with their recipients."""

    def end(self, campaign_id: int, ended: Sequence[Ended]) -> list[int]:
        """Store ended calls, and decide what happens next with their recipients.

        Returns:
            The recipients that are now finished.
        """

        def work(connection: Connection) -> list[int]:
            campaign = self._lock(connection, campaign_id)
            settings = self._parse(campaign.settings)
            now = self.database.now(connection)
            calendar = self._calendar(now)
            rows = {
                row.id: row
                for chunk in chunks([each.attempt_id for each in ended])
                for row in connection.execute(
                    select(ATTEMPTS.c.id, ATTEMPTS.c.recipient_id, ATTEMPTS.c.placed_at).where(
                        ATTEMPTS.c.id.in_(chunk), ATTEMPTS.c.state == AttemptState.PLACED
                    )
                )
            }
            # All other calls have been stored before.
            fresh = {each.attempt_id: each for each in ended if each.attempt_id in rows}
            attempts = [_ended_attempt(each, calendar) for each in fresh.values()]
            finals: list[dict[str, Any]] = []
            retries: list[dict[str, Any]] = []
            for attempt_id, each in fresh.items():
                following = self._after_call(connection, rows[attempt_id].recipient_id, each, settings, calendar)
                (retries if "due" in following else finals).append(following)
            for statement, values in (
                (_END_ATTEMPTS, attempts),
                (_END_RECIPIENTS, finals),
                (_RETRY_RECIPIENTS, retries),
            ):
                if values:
                    connection.execute(statement, values)
            broken_off = [rows[each].placed_at for each, end in fresh.items() if end.outcome is CallOutcome.BROKEN_OFF]
            minutes = sum(attempt["billed"] or 0 for attempt in attempts)
            self._count(connection, campaign, settings.breaker, now, broken_off=broken_off, minutes=minutes)
            for chunk in chunks([str(each.call.get("id")) for each in ended]):
                connection.execute(delete(NOTICES).where(NOTICES.c.call_id.in_(chunk)))
            return [each["recipient"] for each in finals]

        return self.database.write(work, durable=False)

    def lose(self, campaign_id: int, lost: Sequence[LiveCall]) -> list[int]:
        """Set aside the recipients of calls that the service no longer knows. A person must check them.

        Returns:
            The recipients that are now finished.
        """

        def work(connection: Connection) -> list[int]:
            self._lock(connection, campaign_id)
            through = []
            for each in lost:
                detail = f"The service no longer knows call {each.call_id}."
                changed = connection.execute(
                    update(ATTEMPTS)
                    .where(ATTEMPTS.c.id == each.attempt_id, ATTEMPTS.c.state == AttemptState.PLACED)
                    .values(state=AttemptState.SET_ASIDE, error=detail)
                )
                if changed.rowcount:
                    self._set_recipient(connection, each.recipient_id, state=RecipientState.SET_ASIDE, detail=detail)
                    through.append(each.recipient_id)
            return through

        return self.database.write(work)

    def _after_call(
        self, connection: Connection, recipient_id: int, ended: Ended, settings: Settings, now: int
    ) -> dict[str, Any]:
        """Return the next state of a recipient after a call, and when it is called again."""
        following: dict[str, Any] = {"recipient": recipient_id, "result": ended.outcome, "why": None}
        retry_at: int | None = None
        state = RecipientState.DONE if ended.outcome is CallOutcome.COMPLETED else RecipientState.GIVEN_UP
        match ended.decision:
            case Done():
                state = RecipientState.DONE
            case RetryAt(when=when):
                retry_at = to_micros(when)
            case GiveUp(reason=reason, do_not_call=do_not_call):
                state, following["why"] = RecipientState.GIVEN_UP, reason
                if do_not_call:
                    query = select(RECIPIENTS.c.number).where(RECIPIENTS.c.id == recipient_id)
                    self._add_do_not_call(connection, {connection.execute(query).scalar_one(): reason})
            case _ if settings.retry.counts.get(ended.outcome):
                count = select(func.count()).where(
                    ATTEMPTS.c.recipient_id == recipient_id,
                    ATTEMPTS.c.outcome == ended.outcome,
                    ATTEMPTS.c.id != ended.attempt_id,
                )
                pause = settings.retry.pause(ended.outcome, connection.execute(count).scalar_one())
                retry_at = None if pause is None else now + to_span(pause)
        if retry_at is not None:
            listed = select(RECIPIENTS.c.id).where(
                RECIPIENTS.c.id == recipient_id, RECIPIENTS.c.number.in_(select(DO_NOT_CALL.c.number))
            )
            if connection.execute(listed).first() is None:
                return {**following, "due": retry_at}
            state = RecipientState.DO_NOT_CALL
        return {**following, "final": state}


def _ended_attempt(ended: Ended, calendar: int) -> dict[str, Any]:
    return {
        "attempt": ended.attempt_id,
        "ended": calendar,
        "result": ended.outcome,
        "as_told": str(ended.call.get("status")),
        "seconds": _number(ended.call.get("duration_seconds")),
        "billed": _whole(ended.call.get("billed_minutes")),
        "whole": json.dumps(ended.call, separators=(",", ":")),
    }


def _whole(value: Any) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return value
