# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..._core.model import Model, as_datetime, as_enum, as_models, nest_models
from .call_status import CallStatus
from .transcript_entry import TranscriptEntry

if TYPE_CHECKING:
    from datetime import datetime


class CallCompletedEvent(Model):
    """A connected call has ended."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("event", "call_id", "status", "timestamp", "transcript")
    _required: ClassVar[tuple[str, ...]] = ("event", "call_id")

    def __init__(self, source: Any = (), /, **fields: Any) -> None:
        self.update(source)
        if fields:
            self.update(fields)
        nest_models(self, "transcript", TranscriptEntry)

    @property
    def event(self) -> Literal["call.completed"]:
        """The kind of event."""
        return self._get("event")

    @property
    def call_id(self) -> str:
        """The call's `id`."""
        return self._get("call_id")

    @property
    def status(self) -> CallStatus | None:
        """The status of the call at the time of the event."""
        return as_enum(CallStatus, self._get("status"))

    @property
    def timestamp(self) -> datetime | None:
        """When the event happened."""
        return as_datetime(self._get("timestamp"))

    @property
    def transcript(self) -> list[TranscriptEntry] | None:
        """What was said."""
        return as_models(self, "transcript", TranscriptEntry)
