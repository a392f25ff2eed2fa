"""What a webhook request is answered with, before a framework makes its own response of it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, Self


class WebhookResponse(NamedTuple):
    """The response to a webhook request.

    Attributes:
        status: The HTTP status.
        headers: The headers, without the length.
        body: The body, JSON.
    """

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of_json(cls, status: int, content: Any, **headers: str) -> Self:
        """Return a response with a JSON value as its body.

        Raises:
            ValueError: The value cannot be written as JSON: it contains NaN or itself.
            TypeError: The value cannot be written as JSON: it contains an object of another type.
        """
        body = json.dumps(content, allow_nan=False).encode()
        return cls(status, {"Content-Type": "application/json", **headers}, body)
