"""The Python SDK for Pamela, the voice API that places phone calls with an AI agent.

Every name is loaded when it is first used: importing the package loads no HTTP library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from ._attempt import Exchange
    from ._document import openapi_document
    from ._generated.models import (
        Call,
        CallPage,
        CallStatus,
        CallWebhooks,
        ErrorCode,
        Tool,
        ToolDefinition,
        ToolDeletion,
        ToolRegistration,
        TranscriptEntry,
        Usage,
        UsageQuota,
        Voice,
    )
    from ._options import Timeout
    from .client import AsyncPamelaClient, AsyncUsageClient, PamelaClient, UsageClient
    from .client import PamelaClient as Pamela
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
    from .webhooks import create_tool_handler, parse_tool_webhook, sign_webhook, verify_webhook_signature

_MODULES = {
    "client": ("AsyncPamelaClient", "AsyncUsageClient", "PamelaClient", "UsageClient"),
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
    "webhooks": ("create_tool_handler", "parse_tool_webhook", "sign_webhook", "verify_webhook_signature"),
    "_attempt": ("Exchange",),
    "_document": ("openapi_document",),
    "_options": ("Timeout",),
    "_generated.models": (
        "Call",
        "CallPage",
        "CallStatus",
        "CallWebhooks",
        "ErrorCode",
        "Tool",
        "ToolDefinition",
        "ToolDeletion",
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
    "AuthenticationError",
    "Call",
    "CallError",
    "CallPage",
    "CallStatus",
    "CallWebhooks",
    "ErrorCode",
    "Exchange",
    "Pamela",
    "PamelaClient",
    "PamelaError",
    "RateLimitError",
    "SubscriptionError",
    "Timeout",
    "Tool",
    "ToolDefinition",
    "ToolDeletion",
    "ToolRegistration",
    "TranscriptEntry",
    "UnexpectedResponseError",
    "Usage",
    "UsageClient",
    "UsageQuota",
    "ValidationError",
    "Voice",
    "WaitTimeoutError",
    "__version__",
    "create_tool_handler",
    "openapi_document",
    "parse_tool_webhook",
    "sign_webhook",
    "verify_webhook_signature",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, original = _HOMES[name]
    value = getattr(import_module(f"{__name__}.{module}"), original)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
