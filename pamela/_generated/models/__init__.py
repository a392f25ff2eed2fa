# Made by `make generate` from openapi.yaml. Do not edit.
"""The models of requests, answers and events, each loaded when it is first used."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .call import Call
    from .call_completed_event import CallCompletedEvent
    from .call_failed_event import CallFailedEvent
    from .call_page import CallPage
    from .call_queued_event import CallQueuedEvent
    from .call_started_event import CallStartedEvent
    from .call_status import CallStatus
    from .call_transcript_update_event import CallTranscriptUpdateEvent
    from .call_webhooks import CallWebhooks
    from .coded_error import CodedError
    from .create_call_request import CreateCallRequest
    from .error_code import ErrorCode
    from .error_details import ErrorDetails
    from .error_envelope import ErrorEnvelope
    from .nested_error import NestedError
    from .nested_error_body import NestedErrorBody
    from .register_tool_request import RegisterToolRequest
    from .tool import Tool
    from .tool_definition import ToolDefinition
    from .tool_deletion import ToolDeletion
    from .tool_failure import ToolFailure
    from .tool_invocation import ToolInvocation
    from .tool_list import ToolList
    from .tool_registration import ToolRegistration
    from .tool_result import ToolResult
    from .transcript_entry import TranscriptEntry
    from .usage import Usage
    from .usage_quota import UsageQuota
    from .validation_issue import ValidationIssue
    from .voice import Voice

_MODULES = {
    "Call": ".call",
    "CallCompletedEvent": ".call_completed_event",
    "CallFailedEvent": ".call_failed_event",
    "CallPage": ".call_page",
    "CallQueuedEvent": ".call_queued_event",
    "CallStartedEvent": ".call_started_event",
    "CallStatus": ".call_status",
    "CallTranscriptUpdateEvent": ".call_transcript_update_event",
    "CallWebhooks": ".call_webhooks",
    "CodedError": ".coded_error",
    "CreateCallRequest": ".create_call_request",
    "ErrorCode": ".error_code",
    "ErrorDetails": ".error_details",
    "ErrorEnvelope": ".error_envelope",
    "NestedError": ".nested_error",
    "NestedErrorBody": ".nested_error_body",
    "RegisterToolRequest": ".register_tool_request",
    "Tool": ".tool",
    "ToolDefinition": ".tool_definition",
    "ToolDeletion": ".tool_deletion",
    "ToolFailure": ".tool_failure",
    "ToolInvocation": ".tool_invocation",
    "ToolList": ".tool_list",
    "ToolRegistration": ".tool_registration",
    "ToolResult": ".tool_result",
    "TranscriptEntry": ".transcript_entry",
    "Usage": ".usage",
    "UsageQuota": ".usage_quota",
    "ValidationIssue": ".validation_issue",
    "Voice": ".voice",
}

__all__ = (
    "Call",
    "CallCompletedEvent",
    "CallFailedEvent",
    "CallPage",
    "CallQueuedEvent",
    "CallStartedEvent",
    "CallStatus",
    "CallTranscriptUpdateEvent",
    "CallWebhooks",
    "CodedError",
    "CreateCallRequest",
    "ErrorCode",
    "ErrorDetails",
    "ErrorEnvelope",
    "NestedError",
    "NestedErrorBody",
    "RegisterToolRequest",
    "Tool",
    "ToolDefinition",
    "ToolDeletion",
    "ToolFailure",
    "ToolInvocation",
    "ToolList",
    "ToolRegistration",
    "ToolResult",
    "TranscriptEntry",
    "Usage",
    "UsageQuota",
    "ValidationIssue",
    "Voice",
)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
