# Made by `make generate` from openapi.yaml. Do not edit.
"""The Python SDK for Pamela, the voice API that places phone calls with an AI agent.

Every name is loaded when it is first used: importing the package loads no HTTP library.
"""

from __future__ import annotations

from ._version import __version__

TYPE_CHECKING = False  # as typing has it, without the time that importing typing takes
if TYPE_CHECKING:
    from typing import Any

    from ._client.options import Timeout
    from ._core.outcomes import CallOutcome
    from ._core.specification import openapi_document
    from ._generated.models import (
        Call,
        CallCompletedEvent,
        CallFailedEvent,
        CallPage,
        CallQueuedEvent,
        CallStartedEvent,
        CallStatus,
        CallTranscriptUpdateEvent,
        CallWebhooks,
        ErrorCode,
        Tool,
        ToolDefinition,
        ToolDeletion,
        ToolInvocation,
        ToolRegistration,
        TranscriptEntry,
        Usage,
        UsageQuota,
        Voice,
    )
    from ._http.attempt import AttemptInfo, Exchange
    from .client import AsyncPamelaClient, AsyncUsageClient, PamelaClient, UsageClient
    from .client import PamelaClient as Pamela
    from .endpoint import WebhookEndpoint
    from .errors import (
        APIConnectionError,
        APITimeoutError,
        AuthenticationError,
        CallError,
        PamelaError,
        RateLimitError,
        SubscriptionError,
        UnexpectedResponseError,
        ValidationError,
        WaitTimeoutError,
    )
    from .events import UnknownEvent, VerificationFailure, WebhookEvent, WebhookVerificationError, construct_event
    from .tools import FunctionTool, ToolError, ToolRegistry, tool
    from .webhooks import create_tool_handler, parse_tool_webhook, sign_webhook, verify_webhook_signature

_MODULES = {
    "client": ("AsyncPamelaClient", "AsyncUsageClient", "PamelaClient", "UsageClient"),
    "endpoint": ("WebhookEndpoint",),
    "errors": (
        "APIConnectionError",
        "APITimeoutError",
        "AuthenticationError",
        "CallError",
        "PamelaError",
        "RateLimitError",
        "SubscriptionError",
        "UnexpectedResponseError",
        "ValidationError",
        "WaitTimeoutError",
    ),
    "events": ("UnknownEvent", "VerificationFailure", "WebhookEvent", "WebhookVerificationError", "construct_event"),
    "tools": ("FunctionTool", "ToolError", "ToolRegistry", "tool"),
    "webhooks": ("create_tool_handler", "parse_tool_webhook", "sign_webhook", "verify_webhook_signature"),
    "_core.outcomes": ("CallOutcome",),
    "_http.attempt": ("AttemptInfo", "Exchange"),
    "_core.specification": ("openapi_document",),
    "_client.options": ("Timeout",),
    "_generated.models": (
        "Call",
        "CallCompletedEvent",
        "CallFailedEvent",
        "CallPage",
        "CallQueuedEvent",
        "CallStartedEvent",
        "CallStatus",
        "CallTranscriptUpdateEvent",
        "CallWebhooks",
        "ErrorCode",
        "Tool",
        "ToolDefinition",
        "ToolDeletion",
        "ToolInvocation",
        "ToolRegistration",
        "TranscriptEntry",
        "Usage",
        "UsageQuota",
        "Voice",
    ),
}
_HOMES = {name: (module, name) for module, names in _MODULES.items() for name in names}
# The names of version 1.
_HOMES |= {
    "Pamela": ("client", "PamelaClient"),
    "CallResponse": ("_generated.models", "Call"),
    "CallStatusResponse": ("_generated.models", "Call"),
    "CallListResponse": ("_generated.models", "CallPage"),
    "ToolDeleteResponse": ("_generated.models", "ToolDeletion"),
    "ToolWebhookParsed": ("_generated.models", "ToolInvocation"),
    "UsageResponse": ("_generated.models", "Usage"),
}

__all__ = [
    "APIConnectionError",
    "APITimeoutError",
    "AsyncPamelaClient",
    "AsyncUsageClient",
    "AttemptInfo",
    "AuthenticationError",
    "Call",
    "CallCompletedEvent",
    "CallError",
    "CallFailedEvent",
    "CallOutcome",
    "CallPage",
    "CallQueuedEvent",
    "CallStartedEvent",
    "CallStatus",
    "CallTranscriptUpdateEvent",
    "CallWebhooks",
    "ErrorCode",
    "Exchange",
    "FunctionTool",
    "Pamela",
    "PamelaClient",
    "PamelaError",
    "RateLimitError",
    "SubscriptionError",
    "Timeout",
    "Tool",
    "ToolDefinition",
    "ToolDeletion",
    "ToolError",
    "ToolInvocation",
    "ToolRegistration",
    "ToolRegistry",
    "TranscriptEntry",
    "UnexpectedResponseError",
    "UnknownEvent",
    "Usage",
    "UsageClient",
    "UsageQuota",
    "ValidationError",
    "VerificationFailure",
    "Voice",
    "WaitTimeoutError",
    "WebhookEndpoint",
    "WebhookEvent",
    "WebhookVerificationError",
    "__version__",
    "construct_event",
    "create_tool_handler",
    "openapi_document",
    "parse_tool_webhook",
    "sign_webhook",
    "tool",
    "verify_webhook_signature",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, original = _HOMES[name]
    # What `from .module import original` does, without the time that importing importlib takes.
    value = getattr(__import__(module, globals(), None, (original,), 1), original)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
