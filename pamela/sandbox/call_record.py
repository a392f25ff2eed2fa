"""A call as it is kept, and as the API shows it."""

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
    """A call, and how far its plan has been carried out. Each field but the last two is a column."""

    id: str
    project_id: str
    number: int
    """Which of its project's calls it is, from 1 on."""
    request_json: str
    """The request that placed it, which may be a mebibyte."""
    plan_json: str
    """A `Plan`: most who look at a call do not look at its plan."""
    created_at: Moment
    updated_at: Moment
    status: str = "queued"
    due: Moment | None = None
    """When its next step is, or its time is up if it waits for a tool or a person; None if nothing more happens."""
    step: int = 0
    talked: float = 0.0
    """Seconds of conversation so far; while it waits for a tool or a person, all that it may last."""
    ringing_at: Moment | None = None
    started_at: Moment | None = None
    month: str | None = None
    ended_at: Moment | None = None
    duration_seconds: int | None = None
    billed_minutes: int | None = None
    transcript_json: str = ""
    """The entries of the transcript in canonical JSON, separated by commas, so that a line is added without reading."""
    transcript_shown: bool = True
    summary: str | None = None
    live: bool = False
    """Whether a person takes the callee's part."""
    script_id: str | None = None
    deliveries: int = 0
    """How many events and tool invocations it has had."""

    kept: tuple[Any, ...] = field(default=(), repr=False, compare=False)
    """What was last saved of all that changes; no column, but for `Calls`."""
    written: tuple[Any, ...] = field(default=(), repr=False, compare=False)
    """What of it is in the database."""

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
        """The request that placed it."""
        request: dict[str, Any] = json.loads(self.request_json)
        return request

    @cached_property
    def plan(self) -> Plan:
        """What is to happen. After a change of it, `keep_plan` must be called."""
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
        # By hand in the canonical form, as there are many lines: keys sorted, only ASCII.
        entry = f'{{"speaker":{_quoted(speaker)},"text":{_quoted(text)},"timestamp":"{clock.to_text(moment)}"}}'
        self.transcript_json = f"{self.transcript_json},{entry}" if self.transcript_json else entry
        self.updated_at = moment

    def end(self, status: str, summary: str | None, moment: Moment) -> None:
        """End the call; if it had connected, it is billed by the begun minute."""
        self.status = status
        self.summary = summary
        self.ended_at = self.updated_at = moment
        self.due = None
        self.live = False
        if self.started_at is not None:
            self.duration_seconds = round(self.talked)
            self.billed_minutes = max(math.ceil(self.duration_seconds / 60), 1)

    def shown_transcript_json(self) -> str:
        """Return what the API shows of the conversation, as canonical JSON."""
        return f"[{self.transcript_json}]" if self.transcript_shown else "[]"

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
            "transcript": (self.transcript if self.transcript_shown else []) or None,
            "summary": self.summary,
            "metadata": self.request.get("metadata", {}),
        }


_COLUMN_OF_FIELD = {each.name: each.name.removesuffix("_json") for each in fields(CallRecord) if each.compare}
