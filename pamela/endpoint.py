"""Receiving webhooks in any framework: events go to their handlers, tool invocations to their tools."""

from __future__ import annotations

from contextlib import nullcontext
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ._tools.registry import ToolRegistry
from ._webhooks.concurrency import call_async, resolve_blocking
from ._webhooks.events import as_event
from ._webhooks.receiver import MAX_BODY_BYTES, RequestRefusedError, WebhookReceiver, logger
from ._webhooks.responses import WebhookResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence

    from ._tools.invocation import ToolScope
    from ._webhooks.events import WebhookEvent
    from ._webhooks.receiver import Headers

Handler = TypeVar("Handler", bound="Callable[[Any], object]")


class _Subscription(NamedTuple):
    pattern: str
    handler: Callable[[Any], object]


class WebhookEndpoint:
    """Answers webhook requests. The modules in `pamela.integrations` put it into web frameworks.

    Events and tool invocations may share one address or have one each.

    Args:
        secret: The webhook secret, or several of them while one replaces another.
        tools: The tools that can be invoked here.
        tolerance: How far an event's ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: The largest body that is read, in bytes.

    Raises:
        ValueError: The secret is empty, or `tolerance` or `max_body_bytes` is out of range.

    Example:
        >>> endpoint = WebhookEndpoint("whsec_example")
        >>> @endpoint.on("call.*")
        ... def show(event):
        ...     print(event.event, event.call_id)
        >>> from pamela.webhooks import sign_webhook
        >>> body = b'{"event": "call.queued", "call_id": "call_1"}'
        >>> headers = {"X-Pamela-Signature": sign_webhook(body, "whsec_example")}
        >>> endpoint.handle("POST", headers, [body]).status
        call.queued call_1
        200
    """

    def __init__(
        self,
        secret: str | Sequence[str],
        *,
        tools: ToolRegistry | None = None,
        tolerance: float | None = 300,
        max_body_bytes: int = MAX_BODY_BYTES,
    ) -> None:
        self.tools = tools if tools is not None else ToolRegistry()
        self._receiver = WebhookReceiver(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)
        self._subscriptions: list[_Subscription] = []

    def on(self, pattern: str) -> Callable[[Handler], Handler]:
        """Call a function, sync or async, with each event of a kind.

        A delivery whose handler raised is answered 500, and Pamela delivers it again, to all handlers. An event may also
        arrive twice for other reasons. Write handlers so that a second call with the same event does no harm.

        Args:
            pattern: An event's name, or a pattern with ``*`` and ``?``: ``call.completed``, ``call.*``, ``*``.

        Returns:
            A decorator that returns the function unchanged. Functions are called in the order of their decoration.

        Raises:
            TypeError: The pattern is not a str: perhaps the parentheses after ``@endpoint.on`` are missing.
        """
        if not isinstance(pattern, str):
            raise TypeError(
                f'{pattern!r} is not the name or pattern of an event. Write @endpoint.on("*") for all events.'
            )

        def subscribe(handler: Handler) -> Handler:
            self._subscriptions.append(_Subscription(pattern, handler))
            return handler

        return subscribe

    def handle(
        self,
        method: str,
        headers: Headers,
        chunks: Iterable[bytes],
        *,
        tool_scope: ToolScope = nullcontext,
    ) -> WebhookResponse:
        """Answer a request. Sync handlers are called here, async ones on an event loop in another thread.

        Args:
            method: The HTTP method.
            headers: The headers, in any case.
            chunks: The body. Reading stops after `max_body_bytes`, at the end of a chunk.
            tool_scope: A context to run a tool in; it is entered in the tool's thread.

        Returns:
            Status, headers and body: 200 if a handler or tool ran; 401 for a bad signature or a stale event; 400 for a
            signed body that is not a webhook, or a tool that failed; 405 for another method than POST; 413 for too large
            a body; 500 if a handler of the event failed. The cause is in the log.
        """
        try:
            payload = self._receiver.read(method, headers, chunks)
        except RequestRefusedError as refused:
            return refused.response
        if _is_tool_invocation(payload):
            return self.tools.invoke(payload, scope=tool_scope)
        return self._call_handlers(as_event(payload))

    async def handle_async(
        self,
        method: str,
        headers: Headers,
        chunks: AsyncIterable[bytes],
        *,
        tool_scope: ToolScope = nullcontext,
    ) -> WebhookResponse:
        """Answer a request. Async handlers are called on the running event loop, sync ones in a thread.

        Args:
            method: The HTTP method.
            headers: The headers, in any case.
            chunks: The body. Reading stops after `max_body_bytes`, at the end of a chunk.
            tool_scope: A context to run a tool in; it is entered in the tool's thread.

        Returns:
            Status, headers and body: 200 if a handler or tool ran; 401 for a bad signature or a stale event; 400 for a
            signed body that is not a webhook, or a tool that failed; 405 for another method than POST; 413 for too large
            a body; 500 if a handler of the event failed. The cause is in the log.
        """
        try:
            payload = await self._receiver.read_async(method, headers, chunks)
        except RequestRefusedError as refused:
            return refused.response
        if _is_tool_invocation(payload):
            return await self.tools.invoke_async(payload, scope=tool_scope)
        return await self._call_handlers_async(as_event(payload))

    def _handlers(self, event: WebhookEvent) -> list[Callable[[Any], object]]:
        name = str(event.event or "")
        return [handler for pattern, handler in self._subscriptions if fnmatchcase(name, pattern)]

    def _call_handlers(self, event: WebhookEvent) -> WebhookResponse:
        failed = False
        for handler in self._handlers(event):
            try:
                resolve_blocking(handler(event))
            except Exception:
                failed = True
                _log_failure(event)
        return _receipt(failed)

    async def _call_handlers_async(self, event: WebhookEvent) -> WebhookResponse:
        failed = False
        for handler in self._handlers(event):
            try:
                await call_async(handler, event)
            except Exception:
                failed = True
                _log_failure(event)
        return _receipt(failed)


def _is_tool_invocation(payload: Mapping[str, Any]) -> bool:
    return "tool_name" in payload and "event" not in payload


def _log_failure(event: WebhookEvent) -> None:
    logger.exception("A handler of %.100r failed for call %.100r.", event.event, event.call_id)


def _receipt(failed: bool) -> WebhookResponse:
    return (
        WebhookResponse.of_json(500, {"error": "Internal error"})
        if failed
        else WebhookResponse.of_json(200, {"received": True})
    )
