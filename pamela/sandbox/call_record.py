"""A call as the database stores it, and as the API returns it."""

import json
import math
import sqlite3
from dataclasses import dataclass, field, fields
from functools import cached_property
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any, Self

from . import clock
from .call_plans import Plan
from .clock import Moment

_FROM_NUMBER = "+15550100000"


@dataclass
class CallRecord:
    """A call and the progress of its plan. Each field except the last two is a column."""

    id: str
    project_id: str
    number: int
    """The number of the call in its project, from 1."""
    request_json: str
    """The request that placed the call, up to 1 MiB."""
    plan_json: str
    """The `Plan` as JSON, because most readers of a call do not need its plan."""
    created_at: Moment
    updated_at: Moment
    status: str = "queued"
    due: Moment | None = None
    """When the next step is due; while the call waits for a tool or a person, its time limit; None at the end."""
    step: int = 0
    talked: float = 0.0
    """Seconds of conversation so far; while the call waits for a tool or a person, its maximum."""
    ringing_at: Moment | None = None
    started_at: Moment | None = None
    month: str | None = None
    ended_at: Moment | None = None
    duration_seconds: int | None = None
    billed_minutes: int | None = None
    transcript_json: str = ""
    """The entries of the transcript in canonical JSON, separated by commas, so that adding a line needs no parsing."""
    transcript_shown: bool = True
    summary: str | None = None
    live: bool = False
    """Whether a person plays the callee."""
    script_id: str | None = None
    deliveries: int = 0
    """The number of events and tool invocations so far."""

    kept: tuple[Any, ...] = field(default=(), repr=False, compare=False)
    """The values that `Calls` saved last. Not a column."""
    written: tuple[Any, ...] = field(default=(), repr=False, compare=False)
    """The values that are in the database. Not a column."""

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> Self:
        values: dict[str, Any] = {name: row[column] for name, column in _COLUMN_OF_FIELD.items()}
        for name in ("transcript_shown", "live"):
            values[name] = bool(values[name])
        return cls(**values)

    def to_row(self) -> dict[str, Any]:
        return {column: getattr(self, name) for name, column in _COLUMN_OF_FIELD.items()}

    @cached_property
    def request(self) -> dict[str, Any]:
        """The request that placed the call."""
        request: dict[str, Any] = json.loads(self.request_json)
        return request

    @cached_property
    def plan(self) -> Plan:
        """The plan of the call. Call `keep_plan` after a change to it."""
        plan: Plan = json.loads(self.plan_json)
        return plan

    def keep_plan(self) -> None:
        self.plan_json = json.dumps(self.plan)

    @property
    def transcript(self) -> list[dict[str, str]]:
        entries: list[dict[str, str]] = json.loads(f"[{self.transcript_json}]")
        return entries

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
        # Written without json.dumps because there are many lines: sorted keys, ASCII only.
        entry = f'{{"speaker":{_quoted(speaker)},"text":{_quoted(text)},"timestamp":"{clock.to_text(moment)}"}}'
        self.transcript_json = f"{self.transcript_json},{entry}" if self.transcript_json else entry
        self.updated_at = moment

    def end(self, status: str, summary: str | None, moment: Moment) -> None:
        """End the call. If it had connected, each started minute is billed."""
        self.status = status
        self.summary = summary
        self.ended_at = self.updated_at = moment
        self.due = None
        self.live = False
        if self.started_at is not None:
            self.duration_seconds = round(self.talked)
            self.billed_minutes = max(math.ceil(self.duration_seconds / 60), 1)

    def shown_transcript_json(self) -> str:
        """Return the transcript as the API returns it, as canonical JSON."""
        return f"[{self.transcript_json}]" if self.transcript_shown else "[]"

    def to_api(self) -> dict[str, Any]:
        """Return the call as the API returns it."""
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
            "transcript": (self.transcript if self.transcript_shown else []) or None,
            "summary": self.summary,
            "metadata": self.request.get("metadata", {}),
        }


_COLUMN_OF_FIELD = {each.name: each.name.removesuffix("_json") for each in fields(CallRecord) if each.compare}
