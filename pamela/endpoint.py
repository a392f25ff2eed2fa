"""Receive webhooks in any framework. Events go to your handlers, tool invocations to your tools."""

from __future__ import annotations

import logging
import warnings
from asyncio import CancelledError, current_task
from contextlib import nullcontext
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, overload

from ._core.suggestions import shorten, suggest
from ._generated.events import EVENTS
from ._tools.registry import ToolRegistry
from ._webhooks.background import is_task, make_background
from ._webhooks.concurrency import call_async, resolve_blocking
from ._webhooks.events import as_event
from ._webhooks.handlers import check_takes
from ._webhooks.log import log_escaped
from ._webhooks.receiver import MAX_BODY_BYTES, RequestRefusedError, WebhookReceiver
from ._webhooks.refusals import logger
from ._webhooks.responses import WebhookResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence

    from ._generated.types import EventName
    from ._tools.invocation import ToolScope
    from ._webhooks.background import Background
    from ._webhooks.events import WebhookEvent
    from ._webhooks.receiver import Headers

Handler = TypeVar("Handler", bound="Callable[[Any], object]")
CallHandler = TypeVar("CallHandler", bound="Callable[[Any, Any], object]")


class CallFetcher(Protocol):
    """An object that gets calls: a `PamelaClient` or an `AsyncPamelaClient`."""

    @property
    def get_call(self) -> Callable[[str], Any]:
        """Return the method that returns a call or an awaitable of a call."""


class _Subscription(NamedTuple):
    pattern: str
    handler: Callable[..., object]
    background: Background | None = None
    fetch: CallFetcher | None = None

    def call(self, event: WebhookEvent) -> None:
        if self.background is not None:
            self.background.put(event)
        elif self.fetch is not None:
            call = resolve_blocking(self.fetch.get_call(str(event.call_id or "")))
            resolve_blocking(self.handler(event, call))
        else:
            resolve_blocking(self.handler(event))

    async def call_async(self, event: WebhookEvent) -> None:
        if self.background is not None:
            await self.background.put_async(event)
        elif self.fetch is not None:
            call = await call_async(self.fetch.get_call, str(event.call_id or ""))
            await call_async(self.handler, event, call)
        else:
            await call_async(self.handler, event)


class EventReceiver(Protocol):
    """An object with a method for events, as `WebhookEndpoint.include` accepts it."""

    def handle_event(self, event: Any, /) -> object:
        """Handle an event."""


class WebhookEndpoint:
    """Receives webhook requests, and calls your handlers and tools.

    `pamela.integrations` connects it to web frameworks. Events and tool invocations may use the same address or
    different ones.

    Args:
        secret: The webhook secret. While you replace it, pass a list of the old and the new one.
        tools: The registry of the tools that this endpoint runs.
        tolerance: Maximum difference between an event's ``timestamp`` and now, in seconds. None accepts any timestamp.
        max_body_bytes: Maximum size of a body, in bytes.

    Raises:
        ValueError: The secret is empty, contains a line break, or starts or ends with a space; or `tolerance` or
            `max_body_bytes` is out of range.
        TypeError: The secret is not a str or a list of str, or `tools` is not a `ToolRegistry`.

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
        if tools is not None and not isinstance(tools, ToolRegistry):
            raise TypeError(
                f"tools={shorten(tools)} must be a ToolRegistry. "
                "Make one with tools = ToolRegistry(). Add functions with @tools.tool, and existing tools with tools.add(...)."
            )
        self.tools = tools if tools is not None else ToolRegistry()
        self._receiver = WebhookReceiver(secret, tolerance=tolerance, max_body_bytes=max_body_bytes)
        self._subscriptions: list[_Subscription] = []

    @overload
    def on(self, pattern: EventName | str, *, background: object | None = None) -> Callable[[Handler], Handler]: ...

    @overload
    def on(self, pattern: EventName | str, *, fetch: CallFetcher) -> Callable[[CallHandler], CallHandler]: ...

    def on(
        self, pattern: EventName | str, *, background: object | None = None, fetch: CallFetcher | None = None
    ) -> Callable[[Any], Any]:
        """Register a handler for events: a function, sync or async. It is called here or by the workers of a queue.

        If a handler raises, the endpoint responds with 500, so that Pamela can send the event again. A repeat goes to all
        handlers. Write handlers that you can call twice with the same event.

        Args:
            pattern: The name of an event, or a pattern with ``*`` and ``?``, such as ``call.completed``, ``call.*`` or
                ``*``.
            background: A Celery app, an RQ ``Queue``, a Procrastinate ``App``, or a function that takes the handler and
                the event. The endpoint responds with 200 when the queue has the event, and with 500 if the queue
                refuses it.
            fetch: A client, sync or async. The endpoint gets the event's call with it, and calls the handler with the
                event and the call. If the call cannot be fetched, the endpoint responds with 500, as for a handler that
                raises.

        Returns:
            A decorator that returns the function unchanged. Handlers are called in the order of registration.

        Raises:
            TypeError: The pattern is not a str. `background` is none of the above, or its workers cannot import the
                function. `fetch` is not a client. `background` and `fetch` are both given. The function does not accept
                the event (and the call).

        Warns:
            UserWarning: This version knows no event that matches the pattern. The handler is registered anyway.
        """
        if not isinstance(pattern, str):
            raise TypeError(
                f'{pattern!r} is not the name or pattern of an event. Write @endpoint.on("*") for all events.'
            )

        if fetch is not None and background is not None:
            raise TypeError(
                "fetch= and background= are both given. Fetch the call in the function that the queue runs."
            )
        if fetch is not None and (isinstance(fetch, type) or not callable(getattr(fetch, "get_call", None))):
            raise TypeError(f"fetch={fetch!r:.100} is not a client. Give a PamelaClient or an AsyncPamelaClient.")
        if not any(fnmatchcase(name, pattern) for name in EVENTS):
            # The pattern may differ in upper and lower case only.
            lowered = {pattern.lower()} if any(fnmatchcase(name, pattern.lower()) for name in EVENTS) else ()
            message = f"This version knows no event {pattern!r:.100}. {suggest(pattern, lowered or EVENTS)}"
            warnings.warn(message, UserWarning, stacklevel=2)

        def subscribe(handler: Any) -> Any:
            if not is_task(handler):
                check_takes(handler, "event", *(["call"] if fetch is not None else []))
            queue = None if background is None else make_background(background, handler)
            self._subscriptions.append(_Subscription(pattern, handler, queue, fetch))
            return handler

        return subscribe

    def include(self, receiver: EventReceiver) -> None:
        """Pass each event to an object with a method `handle_event`, such as a `Campaign`.

        A campaign follows its calls with these events.

        Args:
            receiver: The object. Its method becomes a handler of all events.

        Raises:
            TypeError: The object has no method `handle_event`.
        """
        if not callable(getattr(receiver, "handle_event", None)):
            raise TypeError(
                f"{shorten(receiver)} has no method handle_event. Include a campaign, or register a function with @endpoint.on('*')."
            )
        self.on("*")(receiver.handle_event)

    def handle(
        self,
        method: str,
        headers: Headers,
        chunks: Iterable[bytes],
        *,
        path: str = "",
        tool_scope: ToolScope = nullcontext,
    ) -> WebhookResponse:
        """Handle a request. Sync handlers are called in this thread, async handlers on an event loop in another thread.

        Args:
            method: The HTTP method.
            headers: The headers. Upper and lower case make no difference.
            chunks: The chunks of the body. Reading stops after the chunk in which `max_body_bytes` is exceeded.
            path: The path of the request, for the log.
            tool_scope: Returns a context manager. The tool runs in it, in the tool's thread.

        Returns:
            The response: status, headers and body. The status is 200 if the handlers or the tool succeeded; 400 if the
            tool failed or the signed body is not a webhook; 401 for an invalid signature or an old event; 405 for
            another method than POST; 413 for a body that is too large; 500 if a handler failed. The log has the cause.
        """
        try:
            payload = self._receiver.read(method, headers, chunks, path=path)
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
        path: str = "",
        tool_scope: ToolScope = nullcontext,
    ) -> WebhookResponse:
        """Handle a request. Async handlers are called on the running event loop, sync handlers in another thread.

        Args:
            method: The HTTP method.
            headers: The headers. Upper and lower case make no difference.
            chunks: The chunks of the body. Reading stops after the chunk in which `max_body_bytes` is exceeded.
            path: The path of the request, for the log.
            tool_scope: Returns a context manager. The tool runs in it, in the tool's thread.

        Returns:
            The response: status, headers and body. The status is 200 if the handlers or the tool succeeded; 400 if the
            tool failed or the signed body is not a webhook; 401 for an invalid signature or an old event; 405 for
            another method than POST; 413 for a body that is too large; 500 if a handler failed. The log has the cause.
        """
        try:
            payload = await self._receiver.read_async(method, headers, chunks, path=path)
        except RequestRefusedError as refused:
            return refused.response
        if _is_tool_invocation(payload):
            return await self.tools.invoke_async(payload, scope=tool_scope)
        return await self._call_handlers_async(as_event(payload))

    def _subscribed_to(self, event: WebhookEvent) -> list[_Subscription]:
        name = str(event.event or "")
        return [each for each in self._subscriptions if fnmatchcase(name, each.pattern)]

    def _call_handlers(self, event: WebhookEvent) -> WebhookResponse:
        failed = False
        for subscription in self._subscribed_to(event):
            try:
                subscription.call(event)
            except (Exception, CancelledError):
                failed = True
                _log_failure(event)
        return _receipt(failed)

    async def _call_handlers_async(self, event: WebhookEvent) -> WebhookResponse:
        failed = False
        for subscription in self._subscribed_to(event):
            try:
                await subscription.call_async(event)
            except CancelledError:
                if _is_request_cancelled():
                    raise
                failed = True  # The handler raised the cancellation of a task of its own.
                _log_failure(event)
            except Exception:
                failed = True
                _log_failure(event)
        return _receipt(failed)


def _is_tool_invocation(payload: Mapping[str, Any]) -> bool:
    return "tool_name" in payload and "event" not in payload


def _is_request_cancelled() -> bool:
    task = current_task()
    return task is not None and task.cancelling() > 0


def _log_failure(event: WebhookEvent) -> None:
    message = "A handler of %.100r failed for call %.100r."
    log_escaped(logger, logging.ERROR, message, event.event, event.call_id, exc_info=True)


def _receipt(failed: bool) -> WebhookResponse:
    return (
        WebhookResponse.of_json(500, {"error": "Internal error"})
        if failed
        else WebhookResponse.of_json(200, {"received": True})
    )
