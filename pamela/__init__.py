"""The Python SDK for Pamela, the voice API that places phone calls with an AI agent.

Start with `PamelaClient` or `AsyncPamelaClient`. `WebhookEndpoint` receives webhooks, and `tool` makes a tool of a
function. Every name is loaded when it is first used. Importing the package loads no HTTP library.

Example:
    >>> from pamela import PamelaClient
    >>> client = PamelaClient()  # reads PAMELA_API_KEY  # doctest: +SKIP
    >>> call = client.create_call(to="+12025550123", task="Order a pizza")  # doctest: +SKIP
    >>> client.wait_for_call(call.id).summary  # doctest: +SKIP
"""

# The names of the specification come from `_generated/exports.py`. All others are in this file: in `__all__` and the imports
# for type checkers and editors, and in `_MODULES` for programs.

from __future__ import annotations

from ._version import __version__

TYPE_CHECKING: bool = False
"""The same as `typing.TYPE_CHECKING`, without importing typing. Without the annotation, jedi reads it as False."""
if TYPE_CHECKING:
    from typing import Any

    from ._client.options import Timeout
    from ._client.raw_response import RawResponse
    from ._core.outcomes import CallOutcome
    from ._core.specification import openapi_document, openapi_specification
    from ._generated import exports as _exports
    from ._generated.exports import *  # noqa: F403
    from ._http.attempt import AttemptInfo, Exchange
    from .client import AsyncPamelaClient, AsyncUsageClient, PamelaClient, UsageClient
    from .client import PamelaClient as Pamela
    from .endpoint import WebhookEndpoint
    from .errors import (
        APIConnectionError,
        APITimeoutError,
        AuthenticationError,
        CallConflictError,
        CallError,
        CallLookupError,
        CallNotFoundError,
        CallServerError,
        ConflictError,
        NotFoundError,
        PamelaError,
        QuotaExceededError,
        RateLimitError,
        ServerError,
        SubscriptionError,
        UnexpectedResponseError,
        ValidationError,
        WaitTimeoutError,
    )
    from .events import (
        UnknownEvent,
        VerificationFailure,
        VerificationFailureReason,
        WebhookEvent,
        WebhookVerificationError,
        construct_event,
    )
    from .tools import DeploymentError, FunctionTool, ToolError, ToolRegistry, tool
    from .types import CallListResponse as CallListResponse
    from .types import CallResponse as CallResponse
    from .types import CallStatusResponse as CallStatusResponse
    from .types import ToolDeleteResponse as ToolDeleteResponse
    from .types import ToolWebhookParsed as ToolWebhookParsed
    from .types import UsageResponse as UsageResponse
    from .types import WebhookDelivery
    from .webhooks import create_tool_handler, parse_tool_webhook, sign_webhook, verify_webhook_signature

    __all__ = [
        "APIConnectionError",
        "APITimeoutError",
        "AsyncPamelaClient",
        "AsyncUsageClient",
        "AttemptInfo",
        "AuthenticationError",
        "CallConflictError",
        "CallError",
        "CallLookupError",
        "CallNotFoundError",
        "CallOutcome",
        "CallServerError",
        "ConflictError",
        "DeploymentError",
        "Exchange",
        "FunctionTool",
        "NotFoundError",
        "Pamela",
        "PamelaClient",
        "PamelaError",
        "QuotaExceededError",
        "RateLimitError",
        "RawResponse",
        "ServerError",
        "SubscriptionError",
        "Timeout",
        "ToolError",
        "ToolRegistry",
        "UnexpectedResponseError",
        "UnknownEvent",
        "UsageClient",
        "ValidationError",
        "VerificationFailure",
        "VerificationFailureReason",
        "WaitTimeoutError",
        "WebhookDelivery",
        "WebhookEndpoint",
        "WebhookEvent",
        "WebhookVerificationError",
        "__version__",
        "construct_event",
        "create_tool_handler",
        "openapi_document",
        "openapi_specification",
        "parse_tool_webhook",
        "sign_webhook",
        "tool",
        "verify_webhook_signature",
    ]
    __all__ += _exports.__all__

_MODULES = {
    "_client.options": ("Timeout",),
    "_client.raw_response": ("RawResponse",),
    "_core.outcomes": ("CallOutcome",),
    "_core.specification": ("openapi_document", "openapi_specification"),
    "_http.attempt": ("AttemptInfo", "Exchange"),
    "client": ("AsyncPamelaClient", "AsyncUsageClient", "Pamela", "PamelaClient", "UsageClient"),
    "endpoint": ("WebhookEndpoint",),
    "errors": (
        "APIConnectionError",
        "APITimeoutError",
        "AuthenticationError",
        "CallConflictError",
        "CallError",
        "CallLookupError",
        "CallNotFoundError",
        "CallServerError",
        "ConflictError",
        "NotFoundError",
        "PamelaError",
        "QuotaExceededError",
        "RateLimitError",
        "ServerError",
        "SubscriptionError",
        "UnexpectedResponseError",
        "ValidationError",
        "WaitTimeoutError",
    ),
    "events": (
        "UnknownEvent",
        "VerificationFailure",
        "VerificationFailureReason",
        "WebhookEvent",
        "WebhookVerificationError",
        "construct_event",
    ),
    "tools": ("DeploymentError", "FunctionTool", "ToolError", "ToolRegistry", "tool"),
    "types": ("WebhookDelivery",),
    "webhooks": ("create_tool_handler", "parse_tool_webhook", "sign_webhook", "verify_webhook_signature"),
}
"""The public names that are not in the specification, by module."""
_HOMES = {name: (module, name) for module, names in _MODULES.items() for name in names}
_HOMES["Pamela"] = ("client", "PamelaClient")
_VERSION_1 = {
    "CallResponse": "Call",
    "CallStatusResponse": "Call",
    "CallListResponse": "CallPage",
    "ToolDeleteResponse": "ToolDeletion",
    "ToolWebhookParsed": "ToolInvocation",
    "UsageResponse": "Usage",
}
"""The old names of models from version 1. They are in `pamela.types`."""
_HOMES.update({name: ("types", name) for name in _VERSION_1})
_SUBMODULES = ("client", "endpoint", "errors", "events", "exceptions", "models", "tools", "types", "webhooks")
"""Modules that are attributes after `import pamela`, for example `pamela.errors`."""


def __getattr__(name: str) -> Any:
    value: Any
    if name in _HOMES:
        module, original = _HOMES[name]
        # What `from .module import original` does, without the time that importing importlib takes.
        value = getattr(__import__(module, globals(), None, (original,), 1), original)
    elif name in _SUBMODULES:
        value = __import__(name, globals(), None, ("*",), 1)
    elif name == "__all__":
        value = sorted({*_HOMES, "__version__", *_models().__all__})
    elif name.startswith("__") or name not in _models().__all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    else:
        value = getattr(_models(), name)
    globals()[name] = value
    return value


def _models() -> Any:
    from ._generated import models

    return models


def __dir__() -> list[str]:
    return sorted({*globals(), *__getattr__("__all__")})
