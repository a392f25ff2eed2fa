# Made by `make generate` from openapi.yaml. Do not edit.
"""The models of requests, responses and events, each loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..exports import *

_MODULES = {
    "Call": "call",
    "CallCompletedEvent": "call_completed_event",
    "CallFailedEvent": "call_failed_event",
    "CallPage": "call_page",
    "CallQueuedEvent": "call_queued_event",
    "CallStartedEvent": "call_started_event",
    "CallStatus": "call_status",
    "CallTranscriptUpdateEvent": "call_transcript_update_event",
    "CallWebhooks": "call_webhooks",
    "ErrorCode": "error_code",
    "Tool": "tool",
    "ToolDefinition": "tool_definition",
    "ToolDeletion": "tool_deletion",
    "ToolInvocation": "tool_invocation",
    "ToolRegistration": "tool_registration",
    "TranscriptEntry": "transcript_entry",
    "Usage": "usage",
    "UsageQuota": "usage_quota",
    "Voice": "voice",
}

__all__ = tuple(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
