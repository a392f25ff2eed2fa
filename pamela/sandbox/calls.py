"""The calls of all projects: all of them on disk, those in progress in memory as well."""

import heapq
import json
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

from .call_plans import Plan
from .call_record import CallRecord
from .changes import Changes
from .clock import Moment, SettableClock
from .store import Store

_CHANGING = (
    "updated_at",
    "status",
    "due",
    "step",
    "talked",
    "ringing_at",
    "started_at",
    "month",
    "ended_at",
    "duration_seconds",
    "billed_minutes",
    "transcript_json",
    "transcript_shown",
    "summary",
    "live",
    "deliveries",
)
_changing = attrgetter(*_CHANGING)
_CHANGES_OFTEN = {
    _CHANGING.index(name) for name in ("updated_at", "due", "step", "talked", "transcript_json", "deliveries")
}
"""Columns that no query reads during a call. A database in memory gets them with the next other change."""


@cache
def _update_of(changed: tuple[int, ...]) -> str:
    columns = ", ".join(f"{_CHANGING[n].removesuffix('_json')} = ?" for n in changed)
    return f"UPDATE calls SET {columns} WHERE id = ?"  # noqa: S608 - names of ours


def _differences(old: tuple[Any, ...], new: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(n for n, (before, now) in enumerate(zip(old, new, strict=True)) if before != now)


@dataclass(frozen=True)
class Selection:
    """A filter for the calls of a project."""

    status: str | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None

    def condition(self, project_id: str) -> tuple[str, list[Any]]:
        """Return the filter as a condition in SQL and its values."""
        terms: dict[str, Any] = {
            "project_id = ?": project_id,
            "status = ?": self.status,
            "created_at >= ?": self.created_from,
            "created_at < ?": self.created_before,
        }
        given = {term: value for term, value in terms.items() if value is not None}
        return " AND ".join(given), list(given.values())


class Calls:
    """All calls. A changed record must be saved in the same transaction."""

    def __init__(self, store: Store, clock: SettableClock, changes: Changes) -> None:
        self._store = store
        self._clock = clock
        self._changes = changes
        self._going_on: dict[str, CallRecord] = {}
        """The calls with steps left that have been read from the database."""
        self._noted: dict[str, tuple[CallRecord, tuple[Any, ...]]] = {}
        """The calls that the current transaction has changed, with their previous values."""
        self._due: list[tuple[Moment, str]] = []
        """A heap of due times and call ids. Outdated entries are skipped."""
        self.reload()

    def reload(self) -> None:
        """Read everything from the database again, for example after a failed write."""
        self._take_due(self._store.all("SELECT id, due FROM calls WHERE due NOT NULL"))

    def _take_due(self, rows: Iterable[sqlite3.Row]) -> None:
        self._going_on.clear()
        self._due = [(row["due"], row["id"]) for row in rows]
        heapq.heapify(self._due)

    def new(self, project_id: str, number: int, request: dict[str, Any], plan: Plan) -> CallRecord:
        """Return a new queued call. Pass it to `add`."""
        now = self._clock.now()
        call_id = f"call_{secrets.token_hex(8)}"
        call = CallRecord(call_id, project_id, number, json.dumps(request), json.dumps(plan), now, now)
        call.request = request
        call.plan = plan
        call.transcript_shown = not plan["late_transcript"]
        call.live = any(step["do"] == "wait" for step in plan["steps"])
        return call

    def add(self, call: CallRecord) -> None:
        """Store a new call. Needs a transaction."""
        self._store.insert("calls", call.to_row())
        self._note(call)
        call.kept = call.written = _changing(call)

    def save(self, call: CallRecord) -> None:
        """Store the changes of a call. Needs a transaction."""
        self._note(call)
        call.kept = _changing(call)
        # SQLite writes the index of each column that is set, even if the value is the same.
        changed = _differences(call.written, call.kept)
        may_wait = not self._store.is_lasting and call.due is not None and _CHANGES_OFTEN.issuperset(changed)
        if changed and not may_wait:
            self._write(call, changed)

    def _write(self, call: CallRecord, changed: tuple[int, ...]) -> None:
        self._store.execute(_update_of(changed), *(call.kept[n] for n in changed), call.id)
        call.written = call.kept

    def save_plan(self, call: CallRecord) -> None:
        """Store a call's changed plan. Needs a transaction."""
        call.keep_plan()
        self._store.execute("UPDATE calls SET plan = ? WHERE id = ?", call.plan_json, call.id)

    def _note(self, call: CallRecord) -> None:
        self._going_on[call.id] = call
        if not self._noted:
            self._store.after_rollback(self._restore_all)
            self._store.after_commit(self._publish_all)
        self._noted.setdefault(call.id, (call, call.kept))

    def _publish_all(self) -> None:
        noted = [*self._noted.values()]
        self._noted.clear()
        for call, _ in noted:
            if call.due is not None:
                heapq.heappush(self._due, (call.due, call.id))
            elif call.is_over:
                self._going_on.pop(call.id, None)
            self._changes.publish("call", call.project_id, call.id)

    def _restore_all(self) -> None:
        noted = [*self._noted.values()]
        self._noted.clear()
        for call, before in noted:
            self._restore(call, before)

    def _restore(self, call: CallRecord, before: tuple[Any, ...]) -> None:
        """Reset a call to its saved values after a rollback."""
        if self._going_on.get(call.id) is not call:
            return
        del self._going_on[call.id]
        restored = self.get(call.id)
        if restored is None:
            return
        for name, value in zip(_CHANGING, before, strict=True):
            setattr(restored, name, value)
        restored.kept = before
        if restored.due is not None:
            self._going_on[call.id] = restored
            heapq.heappush(self._due, (restored.due, call.id))

    def get(self, call_id: str, project_id: str | None = None) -> CallRecord | None:
        """Return a call; with a project, only if it is that project's."""
        call = self._going_on.get(call_id)
        if call is None:
            row = self._store.one("SELECT * FROM calls WHERE id = ?", call_id)
            if row is None:
                return None
            call = CallRecord.from_row(row)
            call.kept = call.written = _changing(call)
            if call.due is not None:
                self._going_on[call_id] = call
        return call if project_id in (None, call.project_id) else None

    def due(self, moment: Moment) -> Iterator[CallRecord]:
        """Yield calls whose next step is due, longest overdue first, each of them once."""
        while self._due and self._due[0][0] <= moment:
            due, call_id = heapq.heappop(self._due)
            call = self.get(call_id)
            if call is not None and call.due == due:
                yield call

    def next_due(self) -> Moment | None:
        return self._due[0][0] if self._due else None

    def put_back(self, setback: Moment) -> None:
        """Move all due times back by `setback`, because the clock was set back. Needs a transaction."""
        for call in self._going_on.values():
            if changed := _differences(call.written, call.kept):
                self._write(call, changed)
        # Reading all calls is slow if some of the ended ones are large.
        ids = json.dumps([*{call_id for _, call_id in self._due}, *self._going_on])
        among_ids = "id IN (SELECT value FROM json_each(?)) AND due NOT NULL"
        self._store.execute(f"UPDATE calls SET due = due - ? WHERE {among_ids}", setback, ids)  # noqa: S608 - no input
        self._store.after_commit(
            lambda: self._take_due(self._store.all(f"SELECT id, due FROM calls WHERE {among_ids}", ids))  # noqa: S608
        )

    def page(self, project_id: str, selection: Selection, limit: int, offset: int) -> tuple[list[CallRecord], int]:
        """Return a page of calls, newest first, and the number of all calls that match."""
        condition, values = selection.condition(project_id)
        total = self._store.value(f"SELECT count(*) FROM calls WHERE {condition}", *values)  # noqa: S608 - no input
        rows = self._store.all(
            f"SELECT * FROM calls WHERE {condition} ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?",  # noqa: S608
            *values,
            limit,
            offset,
        )
        return [self._going_on.get(row["id"]) or CallRecord.from_row(row) for row in rows], total

    def usage(self, project_id: str, month: str) -> Mapping[str, Any]:
        """Return the number of calls that connected in a month, their duration and the billed minutes."""
        row = self._store.one(
            "SELECT count(*), coalesce(sum(duration_seconds), 0), coalesce(sum(billed_minutes), 0)"
            " FROM calls WHERE project_id = ? AND month = ?",
            project_id,
            month,
        )
        count, seconds, billed = row or (0, 0, 0)
        return {"call_count": count, "api_minutes": seconds / 60, "billed_minutes": billed}

    def usage_by_day(self, project_id: str, month: str) -> list[dict[str, Any]]:
        """Return the same for each UTC day of a month on which a call connected."""
        rows = self._store.all(
            "SELECT date(started_at / 1000000, 'unixepoch') AS day, count(*) AS calls,"
            " coalesce(sum(duration_seconds), 0) / 60.0 AS api_minutes,"
            " coalesce(sum(billed_minutes), 0) AS billed_minutes"
            " FROM calls WHERE project_id = ? AND month = ? GROUP BY day ORDER BY day",
            project_id,
            month,
        )
        return [dict(row) for row in rows]

    def forget_project(self, project_id: str | None) -> None:
        """Drop the calls of one project or of all from memory, after their deletion from the database."""
        for call in [each for each in self._going_on.values() if project_id in (None, each.project_id)]:
            del self._going_on[call.id]
