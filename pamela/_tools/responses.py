"""The response to a tool invocation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Self

from .._webhooks.responses import WebhookResponse

if TYPE_CHECKING:
    from .._generated.models import ToolInvocation

_OK, _FAILED = 200, 400


class ToolResponse(WebhookResponse):
    """The response to a tool invocation: the result of the tool, or an error for the agent."""

    __slots__ = ()

    @classmethod
    def of_result(cls, invocation: ToolInvocation, result: Any) -> Self:
        """Return the response with a result.

        Args:
            invocation: The invocation.
            result: The result, as a value that `json` can write.

        Raises:
            ValueError: The result cannot be written as JSON, because it contains NaN or itself.
            TypeError: The result cannot be written as JSON, because it contains an object of another type.
        """
        return cls.of_json(_OK, {"result": result, "correlation_id": invocation.correlation_id})

    @classmethod
    def of_error(cls, invocation: ToolInvocation, error: str) -> Self:
        """Return the response with an error.

        Args:
            invocation: The invocation.
            error: The error text for the agent.
        """
        return cls.of_json(_FAILED, {"error": error, "correlation_id": invocation.correlation_id})

    @classmethod
    def from_text(cls, text: str, invocation: ToolInvocation) -> Self:
        """Return the response to an invocation from the text that `to_text` wrote.

        Args:
            text: The text.
            invocation: The invocation. Its correlation id becomes part of the response.
        """
        content = json.loads(text)
        if isinstance(content, list):  # as version 2.0 wrote it: status, headers, body
            content = json.loads(content[2])
        status = _FAILED if "error" in content else _OK
        return cls.of_json(status, {**content, "correlation_id": invocation.correlation_id})

    @property
    def is_error(self) -> bool:
        """Whether the response is an error."""
        return self.status != _OK

    def to_text(self) -> str:
        """Return the response as text, without the correlation id, for an invocation store."""
        content = json.loads(self.body)
        del content["correlation_id"]
        return json.dumps(content)
