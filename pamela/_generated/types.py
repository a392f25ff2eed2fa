# Made by `make generate` from openapi.yaml. Do not edit.
"""The values of enumerations, the names of events and the objects of requests, as types for annotations."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

CallStatusName = Literal["queued", "ringing", "in_progress", "completed", "failed", "cancelled"]
"""The values of `CallStatus` that this version knows."""
VoiceName = Literal["male", "female", "auto"]
"""The values of `Voice` that this version knows."""
EventName = Literal["call.queued", "call.started", "call.transcript_update", "call.completed", "call.failed"]
"""The names of the events that this version knows."""


class CallWebhooksDict(TypedDict):
    """As `CallWebhooks`, for a dict that is written down as one."""

    webhook_url: NotRequired[str]
    tool_webhook_url: NotRequired[str]


class ToolDefinitionDict(TypedDict):
    """As `ToolDefinition`, for a dict that is written down as one."""

    name: str
    description: str
    input_schema: dict[str, Any]
    output_schema: NotRequired[dict[str, Any]]
    timeout_ms: NotRequired[int]


__all__ = ["CallStatusName", "CallWebhooksDict", "EventName", "ToolDefinitionDict", "VoiceName"]
