"""Types for annotations: JSON values, values of arguments, and the old names of the models from version 1.

`VoiceName`, `CallStatusName` and `EventName` list the values that this version knows, so that editors can complete
them. Arguments of these types accept any other text too. `CallWebhooksDict` and `ToolDefinitionDict` are dicts that
`create_call` accepts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from . import _VERSION_1
from ._generated import types as _types
from ._generated.types import *  # noqa: F403

if TYPE_CHECKING:
    from ._generated.exports import (
        Call,
        CallPage,
        ToolDefinition,
        ToolDeletion,
        ToolInvocation,
        ToolRegistration,
        Usage,
        UsageQuota,
    )

    CallResponse = Call
    CallStatusResponse = Call
    CallListResponse = CallPage
    ToolDeleteResponse = ToolDeletion
    ToolWebhookParsed = ToolInvocation
    UsageResponse = Usage

JSONPrimitive = str | int | float | bool | None
JSONValue = JSONPrimitive | dict[str, "JSONValue"] | list["JSONValue"]
JSONObject = dict[str, JSONValue]


class WebhookDelivery(TypedDict, total=False):
    """One received webhook, for programs that record their webhooks.

    Attributes:
        id: Your id of the delivery.
        event: The kind of event.
        target_url: The address that received the webhook, as a URL.
        status: Your word for the result, such as `delivered`.
        attempts: Number of attempts.
        response_status: The HTTP status of the response, or None without a response.
        delivered_at: When the webhook was delivered, in ISO 8601, or None.
        created_at: When the webhook was created, in ISO 8601.
        error: Why the delivery failed, or None.
    """

    id: str
    event: str
    target_url: str
    status: str
    attempts: int
    response_status: int | None
    delivered_at: str | None
    created_at: str
    error: str | None


_MODELS = (*_VERSION_1, "ToolDefinition", "ToolRegistration", "UsageQuota")

__all__ = [
    "CallListResponse",
    "CallResponse",
    "CallStatusResponse",
    "JSONObject",
    "JSONPrimitive",
    "JSONValue",
    "ToolDefinition",
    "ToolDeleteResponse",
    "ToolRegistration",
    "ToolWebhookParsed",
    "UsageQuota",
    "UsageResponse",
    "WebhookDelivery",
]
__all__ += _types.__all__


def __getattr__(name: str) -> Any:
    if name not in _MODELS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._generated import models

    value = globals()[name] = getattr(models, _VERSION_1.get(name, name))
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
