"""The response to a webhook request, independent of the web framework."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Self


class WebhookResponse(NamedTuple):
    """The response to a webhook request.

    Attributes:
        status: The HTTP status.
        headers: The headers, without `Content-Length`.
        body: The body, as JSON.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of_json(cls, status: int, content: Any, **headers: str) -> Self:
        """Return a response with a JSON value as its body.

        Args:
            status: The HTTP status.
            content: The JSON value.
            **headers: Additional headers.

        Raises:
            ValueError: The value cannot be written as JSON, because it contains NaN or itself.
            TypeError: The value cannot be written as JSON, because it contains an object of another type.
        """
        body = json.dumps(content, allow_nan=False).encode()
        return cls(status, {"Content-Type": "application/json", **headers}, body)
