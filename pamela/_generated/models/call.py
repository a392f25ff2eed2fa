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
    """A phone call. An answer has the fields that there is something to say about; cancel and hang-up may answer a
    short form with `id`, `status`, `success` and `message`."""

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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nest_models(self, "transcript", TranscriptEntry)

    @property
    def id(self) -> str:
        """Names the call."""
        return self._get("id")

    @property
    def status(self) -> CallStatus:
        """Where the call stands."""
        return as_enum(CallStatus, self._get("status"))

    @property
    def call_session_id(self) -> str | None:
        """Names the phone session."""
        return self._get("call_session_id")

    @property
    def conversation_id(self) -> str | None:
        """Names the conversation that the agent leads."""
        return self._get("conversation_id")

    @property
    def to(self) -> str | None:
        """The number called, in E.164 form."""
        return self._get("to")

    @property
    def from_number(self) -> str | None:
        """The number called from, in E.164 form."""
        return self._get("from_number")

    @property
    def task(self) -> str | None:
        """What the agent is to achieve."""
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
        """When the other side answered; absent or null until then."""
        return as_datetime(self._get("started_at"))

    @property
    def ended_at(self) -> datetime | None:
        """When the call ended; absent or null until then."""
        return as_datetime(self._get("ended_at"))

    @property
    def duration_seconds(self) -> float | None:
        """How long the conversation took, in seconds."""
        return self._get("duration_seconds")

    @property
    def billed_minutes(self) -> int | None:
        """The minutes billed, begun minutes counting whole; only for calls that connected."""
        return self._get("billed_minutes")

    @property
    def transcript(self) -> list[TranscriptEntry] | str | None:
        """What was said, as a list of entries or as one text. It can arrive seconds after completion."""
        return as_models(self, "transcript", TranscriptEntry)

    @property
    def summary(self) -> str | None:
        """What came of the call, in a sentence or two."""
        return self._get("summary")

    @property
    def metadata(self) -> dict[str, Any] | None:
        """Your own values, as given."""
        return self._get("metadata")

    @property
    def success(self) -> bool | None:
        """Whether an action on the call was carried out."""
        return self._get("success")

    @property
    def message(self) -> str | None:
        """What an action on the call did, in words."""
        return self._get("message")

    @property
    def lines(self) -> list[TranscriptEntry]:
        """The `transcript` as a list, also where it is one text or not there."""
        return as_lines(self, "transcript", TranscriptEntry)
