# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..._core.call_base import ModelWithOutcome
from ..._core.model import as_datetime, as_enum, as_lines, as_models, nest_models
from .call_status import CallStatus
from .transcript_entry import TranscriptEntry

if TYPE_CHECKING:
    from datetime import datetime


class Call(ModelWithOutcome):
    """A phone call. A response may leave out fields that have no value. The responses of `cancel_call` and
    `hangup_call` may have the fields `id`, `status`, `success` and `message` only."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "id",
        "status",
        "call_session_id",
        "conversation_id",
        "to",
        "from_number",
        "task",
        "created_at",
        "updated_at",
        "started_at",
        "ended_at",
        "duration_seconds",
        "billed_minutes",
        "transcript",
        "summary",
        "metadata",
        "success",
        "message",
    )
    _required: ClassVar[tuple[str, ...]] = ("id", "status")

    def __init__(self, source: Any = (), /, **fields: Any) -> None:
        self.update(source)
        if fields:
            self.update(fields)
        nest_models(self, "transcript", TranscriptEntry)

    @property
    def id(self) -> str:
        """The unique id of the call."""
        return self._get("id")

    @property
    def status(self) -> CallStatus:
        """The current status of the call."""
        return as_enum(CallStatus, self._get("status"))

    @property
    def call_session_id(self) -> str | None:
        """The id of the phone session."""
        return self._get("call_session_id")

    @property
    def conversation_id(self) -> str | None:
        """The id of the agent's conversation."""
        return self._get("conversation_id")

    @property
    def to(self) -> str | None:
        """The called number, in E.164 form."""
        return self._get("to")

    @property
    def from_number(self) -> str | None:
        """The number from which Pamela calls, in E.164 form."""
        return self._get("from_number")

    @property
    def task(self) -> str | None:
        """What the agent should achieve."""
        return self._get("task")

    @property
    def created_at(self) -> datetime | None:
        """When the call was placed."""
        return as_datetime(self._get("created_at"))

    @property
    def updated_at(self) -> datetime | None:
        """When the call last changed."""
        return as_datetime(self._get("updated_at"))

    @property
    def started_at(self) -> datetime | None:
        """When the callee answered. Absent or null until then."""
        return as_datetime(self._get("started_at"))

    @property
    def ended_at(self) -> datetime | None:
        """When the call ended. Absent or null until then."""
        return as_datetime(self._get("ended_at"))

    @property
    def duration_seconds(self) -> float | None:
        """Duration of the conversation, in seconds."""
        return self._get("duration_seconds")

    @property
    def billed_minutes(self) -> int | None:
        """Billed minutes: the duration rounded up to whole minutes, and at least 1. Only connected calls have it."""
        return self._get("billed_minutes")

    @property
    def transcript(self) -> list[TranscriptEntry] | str | None:
        """What was said, as a list of entries or as one text. It can arrive a few seconds after the call has
        completed."""
        return as_models(self, "transcript", TranscriptEntry)

    @property
    def summary(self) -> str | None:
        """The outcome of the call, in one or two sentences."""
        return self._get("summary")

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Your own values, as you passed them."""
        return self._get("metadata")

    @property
    def success(self) -> bool | None:
        """Whether the cancellation or hang-up was carried out."""
        return self._get("success")

    @property
    def message(self) -> str | None:
        """What the cancellation or hang-up did, in words."""
        return self._get("message")

    @property
    def lines(self) -> list[TranscriptEntry]:
        """The `transcript` as a list, also where it is one text or not there."""
        return as_lines(self, "transcript", TranscriptEntry)
