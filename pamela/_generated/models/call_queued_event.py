# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from ..._core.model import Model, as_datetime, as_enum
from .call_status import CallStatus

if TYPE_CHECKING:
    from datetime import datetime


class CallQueuedEvent(Model):
    """A call was queued."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("event", "call_id", "status", "timestamp")
    _required: ClassVar[tuple[str, ...]] = ("event", "call_id")

    @property
    def event(self) -> Literal["call.queued"]:
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
