"""Choose the recipients that may be called now, inside the transaction of a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select, update

from ..records import MICROSECONDS, from_micros, to_micros
from ..settings import Pace, Settings
from ..states import LIVE, RecipientState
from .database import chunks
from .rates import Buckets
from .schema import DO_NOT_CALL, RECIPIENTS, in_state

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import Connection, Row


class Choice:
    """A choice of the recipients that may be called now, by state, hours, slots, rates and budget."""

    def __init__(
        self,
        connection: Connection,
        campaign: Row[Any],
        settings: Settings,
        now: int,
        calendar: int,
    ) -> None:
        self.connection = connection
        self.campaign = campaign
        self.settings = settings
        self.now = now
        self.calendar = calendar
        self.moment = from_micros(calendar)
        self.waits: list[float] = []
        self.buckets = Buckets(connection, campaign.id, now)
        self.over_budget = False
        self._openings: dict[str, datetime | None] = {}

    def take(self, limit: int, only: Collection[int] | None) -> tuple[list[Row[Any]], float | None]:
        live, reserved = self._live()
        room = None
        if self.settings.max_minutes is not None:
            room = self.settings.max_minutes - self.campaign.minutes_billed - reserved
        free = min(limit, self.settings.in_flight - sum(live.values()))
        if free > 0:
            free = min(free, self.buckets.tokens("all", self.settings.rate))
        rows: list[Row[Any]] = []
        prefixes = ["", *self.settings.per_prefix] if self.settings.per_prefix else [None]
        blocked = False
        for prefix in prefixes:
            pace = self.settings.per_prefix.get(prefix or "", Pace())
            share = free - len(rows)
            if pace.in_flight is not None:
                share = min(share, pace.in_flight - live.get(prefix or "", 0))
            if share <= 0:
                continue
            waiting = self._waiting(prefix, share, only)
            if pace.rate and waiting:
                waiting = waiting[: self.buckets.tokens(f"prefix {prefix}", pace.rate)]
            for row in waiting:
                if room is not None and row.max_minutes > room:
                    blocked = True
                    break
                room = None if room is None else room - row.max_minutes
                rows.append(row)
            if pace.rate:
                self.buckets.spend(f"prefix {prefix}", pace.rate, sum(row.prefix == prefix for row in rows))
        self.buckets.spend("all", self.settings.rate, len(rows))
        self.over_budget = blocked and not rows and not live
        if len(rows) < free:
            self._wait_for_due()
        return rows, min([*self.waits, *self.buckets.waits], default=None)

    def _live(self) -> tuple[dict[str, int], int]:
        rows = self.connection.execute(
            select(RECIPIENTS.c.prefix, func.count(), func.sum(RECIPIENTS.c.max_minutes))
            .where(in_state(self.campaign.id, *LIVE))
            .group_by(RECIPIENTS.c.prefix)
        ).all()
        return {prefix: count for prefix, count, _ in rows}, sum(minutes for _, _, minutes in rows)

    def _waiting(self, prefix: str | None, limit: int, only: Collection[int] | None) -> list[Row[Any]]:
        """Return recipients that are due and within their hours. Set the others to wait for their hours.

        Numbers that were added to the do-not-call list meanwhile are always skipped.
        """
        condition = and_(in_state(self.campaign.id, RecipientState.WAITING), RECIPIENTS.c.due_at <= self.calendar)
        if prefix is not None:
            condition = and_(condition, RECIPIENTS.c.prefix == prefix)
        chosen = condition if only is None else and_(condition, RECIPIENTS.c.id.in_(list(only)))
        columns = [
            RECIPIENTS.c[name]
            for name in ("id", "identity", "number", "attempts", "request", "max_minutes", "zones", "prefix")
        ]
        query = select(*columns).where(chosen).order_by(RECIPIENTS.c.due_at, RECIPIENTS.c.id).limit(limit)
        while True:
            rows = list(self.connection.execute(query).all())
            closed = {row.zones for row in rows if not self.is_open(row.zones)}
            listed = self.listed([row.number for row in rows])
            if not closed and not listed:
                return rows
            for numbers in chunks(sorted(listed)):
                self.connection.execute(
                    update(RECIPIENTS)
                    .where(condition, RECIPIENTS.c.number.in_(numbers))
                    .values(state=RecipientState.DO_NOT_CALL)
                )
            for zones in closed:
                opening = self._opening(zones)
                values: dict[str, Any] = (
                    {"state": RecipientState.GIVEN_UP, "detail": "The time zones of the number have no hour in common."}
                    if opening is None
                    else {"due_at": to_micros(opening)}
                )
                self.connection.execute(
                    update(RECIPIENTS).where(condition, RECIPIENTS.c.zones == zones).values(**values)
                )

    def is_open(self, zones: str) -> bool:
        """Return whether the hours are open in all of a recipient's time zones."""
        return self._opening(zones) == self.moment

    def listed(self, numbers: Sequence[str]) -> set[str]:
        """Return the numbers that are on the do-not-call list."""
        return {
            number
            for chunk in chunks(numbers)
            for number in self.connection.execute(
                select(DO_NOT_CALL.c.number).where(DO_NOT_CALL.c.number.in_(chunk))
            ).scalars()
        }

    def _opening(self, zones: str) -> datetime | None:
        if self.settings.hours is None:
            return self.moment
        if zones not in self._openings:
            names = zones.split(",") if zones else [self.settings.zone_fallback or "UTC"]
            self._openings[zones] = self.settings.hours.next_opening(self.moment, names)
        return self._openings[zones]

    def _wait_for_due(self) -> None:
        query = select(func.min(RECIPIENTS.c.due_at)).where(in_state(self.campaign.id, RecipientState.WAITING))
        due = self.connection.execute(query).scalar()
        if due is not None and due > self.calendar:
            self.waits.append((due - self.calendar) / MICROSECONDS)
