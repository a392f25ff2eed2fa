"""Requests of frameworks that have no adapter of their own, if they have ``headers`` and ``json``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..._core.strict_json import canonical_json
from ..concurrency import maybe_await, resolve_blocking

if TYPE_CHECKING:
    from ..receiver import WebhookReceiver
    from ..responses import WebhookResponse

_OK = 200


class GenericAdapter:
    """Any other framework. Responses are what many frameworks take: a dict, or a dict and a status."""

    response_type: tuple[type, ...] = ()

    def read(self, receiver: WebhookReceiver, request: Any) -> dict[str, Any]:
        """Return the verified payload of a request."""
        return receiver.read("POST", request.headers, [_body(_json(request))])

    async def read_async(self, receiver: WebhookReceiver, request: Any) -> dict[str, Any]:
        """Return the verified payload of a request."""
        return receiver.read("POST", request.headers, [_body(await maybe_await(_json(request)))])

    def to_response(self, response: WebhookResponse) -> Any:
        """Return the content of a response, with its status if that is not 200."""
        content = json.loads(response.body)
        return content if response.status == _OK else (content, response.status)

    def resolve(self, result: Any) -> Any:
        """Return what a view returned; if that is awaitable, await it first."""
        return resolve_blocking(result)


def _json(request: Any) -> Any:
    return request.json() if callable(request.json) else request.json


def _body(payload: Any) -> bytes:
    try:
        return payload if isinstance(payload, bytes) else canonical_json(payload).encode()
    except (TypeError, ValueError, RecursionError):
        return b""
