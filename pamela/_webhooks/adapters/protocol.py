"""What an adapter does for its web framework."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from ..receiver import WebhookReceiver
    from ..responses import WebhookResponse


class FrameworkAdapter(Protocol):
    """Reads the requests of a web framework, makes its responses, and awaits in its way."""

    @property
    def response_type(self) -> type | tuple[type, ...]:
        """The base class, or classes, of the framework's responses."""

    def read(self, receiver: WebhookReceiver, request: Any) -> dict[str, Any]:
        """Return the verified payload of a request, in a sync view."""

    async def read_async(self, receiver: WebhookReceiver, request: Any) -> dict[str, Any]:
        """Return the verified payload of a request, in an async view."""

    def to_response(self, response: WebhookResponse) -> Any:
        """Return a response as the framework's own."""

    def resolve(self, result: Any) -> Any:
        """Return what a view returned, in a sync view; if that is awaitable, await it first."""
