"""The calls as they are kept and as the API shows them."""

import json
import math
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from . import clock
from .call_plans import Plan
from .clock import Clock, Moment
from .store import Store

_FROM_NUMBER = "+15550100000"

_CONSTANT = ("id", "project_id", "number", "request", "plan", "created_at")
_JSON = ("request", "transcript")


@dataclass
class CallRecord:
    """A call, and how far its plan has been carried out."""

    id: str
    project_id: str
    number: int
    """Which of its project's calls it is, from 1 on."""
    request: dict[str, Any]
    plan: str
    """A `Plan` as JSON: most who look at a call do not look at its plan."""
    created_at: Moment
    updated_at: Moment
    status: str = "queued"
    due: Moment | None = None
    """When its next step is, or its time is up if it waits for a tool; None if nothing more is to happen."""
    step: int = 0
    talked: float = 0.0
    """Seconds of conversation so far; while it waits for a tool, all that it may last."""
    started_at: Moment | None = None
    month: str | None = None
    ended_at: Moment | None = None
    duration_seconds: int | None = None
    billed_minutes: int | None = None
    transcript: list[dict[str, str]] = field(default_factory=list)
    transcript_shown: bool = True
    summary: str | None = None

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        values = dict(row)
        del values["seq"]
        for name in _JSON:
            values[name] = json.loads(values[name])
        return cls(**values)

    def to_row(self) -> dict[str, Any]:
        values = vars(self)
        return {name: json.dumps(values[name]) if name in _JSON else values[name] for name in values}

    @property
    def session_id(self) -> str:
        return f"session_{self.id.removeprefix('call_')}"

    @property
    def is_over(self) -> bool:
        return self.ended_at is not None

    def connect(self, moment: Moment) -> None:
        self.status = "in_progress"
        self.started_at = self.updated_at = moment
        self.month = clock.month_of(moment)

    def say(self, speaker: str, text: str, moment: Moment) -> None:
        self.transcript.append({"speaker": speaker, "text": text, "timestamp": clock.to_text(moment)})
        self.updated_at = moment

    def end(self, status: str, summary: str | None, moment: Moment) -> None:
        """End the call; if it had connected, it is billed by the begun minute."""
        self.status = status
        self.summary = summary
        self.ended_at = self.updated_at = moment
        self.due = None
        if self.started_at is not None:
            self.duration_seconds = round(self.talked)
            self.billed_minutes = max(math.ceil(self.duration_seconds / 60), 1)

    def shown_transcript(self) -> list[dict[str, str]]:
        """Return what the API shows of the conversation."""
        return self.transcript if self.transcript_shown else []

    def to_api(self) -> dict[str, Any]:
        """Return the call as the API shows it."""
        return {
            "id": self.id,
            "status": self.status,
            "call_session_id": self.session_id,
            "conversation_id": f"conv_{self.id.removeprefix('call_')}",
            "to": self.request["to"],
            "from_number": _FROM_NUMBER,
            "task": self.request["task"],
            "created_at": clock.to_text(self.created_at),
            "updated_at": clock.to_text(self.updated_at),
            "started_at": None if self.started_at is None else clock.to_text(self.started_at),
            "ended_at": None if self.ended_at is None else clock.to_text(self.ended_at),
            "duration_seconds": self.duration_seconds,
            "billed_minutes": self.billed_minutes,
            "transcript": self.shown_transcript() or None,
            "summary": self.summary,
            "metadata": self.request.get("metadata", {}),
        }


@dataclass(frozen=True)
class Selection:
    """Which of a project's calls are meant."""

    status: str | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None

    def condition(self, project_id: str) -> tuple[str, list[Any]]:
        """Return a condition in SQL and the values in it."""
        terms: dict[str, Any] = {
            "project_id = ?": project_id,
            "status = ?": self.status,
            "created_at >= ?": self.created_from,
            "created_at < ?": self.created_before,
        }
        given = {term: value for term, value in terms.items() if value is not None}
        return " AND ".join(given), list(given.values())


class Calls:
    """The calls of all projects."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def new(self, project_id: str, number: int, request: dict[str, Any], plan: Plan) -> CallRecord:
        """Return a call that is queued, to be added."""
        now = self._clock.now()
        call = CallRecord(f"call_{secrets.token_hex(8)}", project_id, number, request, json.dumps(plan), now, now)
        call.transcript_shown = not plan["late_transcript"]
        return call

    def add(self, call: CallRecord) -> None:
        self._store.insert("calls", call.to_row())

    def save(self, call: CallRecord) -> None:
        row = {name: value for name, value in call.to_row().items() if name not in _CONSTANT}
        assignments = ", ".join(f"{name} = ?" for name in row)
        statement = f"UPDATE calls SET {assignments} WHERE id = ?"  # noqa: S608 - names of ours, no input
        self._store.execute(statement, *row.values(), call.id)

    def get(self, call_id: str, project_id: str | None = None) -> CallRecord | None:
        """Return a call; with a project, only if it is that project's."""
        row = self._store.one("SELECT * FROM calls WHERE id = ?", call_id)
        if row is None or project_id not in (None, row["project_id"]):
            return None
        return CallRecord.from_row(row)

    def due(self, moment: Moment, limit: int) -> list[CallRecord]:
        """Return calls whose next step is due, those that have waited longest first."""
        rows = self._store.all("SELECT * FROM calls WHERE due <= ? ORDER BY due LIMIT ?", moment, limit)
        return [CallRecord.from_row(row) for row in rows]

    def next_due(self) -> Moment | None:
        moment: Moment | None = self._store.value("SELECT min(due) FROM calls WHERE due IS NOT NULL")
        return moment

    def page(self, project_id: str, selection: Selection, limit: int, offset: int) -> tuple[list[CallRecord], int]:
        """Return the calls of a page, the newest first, and how many match in all."""
        condition, values = selection.condition(project_id)
        total = self._store.value(f"SELECT count(*) FROM calls WHERE {condition}", *values)  # noqa: S608 - no input
        rows = self._store.all(
            f"SELECT * FROM calls WHERE {condition} ORDER BY created_at DESC, seq DESC LIMIT ? OFFSET ?",  # noqa: S608
            *values,
            limit,
            offset,
        )
        return [CallRecord.from_row(row) for row in rows], total

    def usage(self, project_id: str, month: str) -> Mapping[str, Any]:
        """Return how many calls connected in a month, how long they took and what is billed for them."""
        row = self._store.one(
            "SELECT count(*), coalesce(sum(duration_seconds), 0), coalesce(sum(billed_minutes), 0)"
            " FROM calls WHERE project_id = ? AND month = ?",
            project_id,
            month,
        )
        count, seconds, billed = row or (0, 0, 0)
        return {"call_count": count, "api_minutes": seconds / 60, "billed_minutes": billed}
