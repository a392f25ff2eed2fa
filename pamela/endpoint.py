"""Receiving webhooks in any framework: events go to their handlers, tool invocations to their tools."""

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
    """What fetches calls: a `PamelaClient` or an `AsyncPamelaClient`."""

    @property
    def get_call(self) -> Callable[[str], Any]:
        """Return the method that returns a call, or something to await for it."""


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
    """What `WebhookEndpoint.include` takes."""

    def handle_event(self, event: Any, /) -> object:
        """Take an event."""


class WebhookEndpoint:
    """Answers webhook requests. The modules in `pamela.integrations` put it into web frameworks.

    Events and tool invocations may share one address or have one each.

    Args:
        secret: The webhook secret, or several of them while one replaces another.
        tools: The tools that can be invoked here.
        tolerance: How far an event's ``timestamp`` may be from now, in seconds; None accepts any.
        max_body_bytes: The largest body that is read, in bytes.

    Raises:
        ValueError: The secret is empty, or has a line end or blanks around it, or `tolerance` or `max_body_bytes` is out of
            range.
        TypeError: The secret is not a str or a list of them, or `tools` is no registry.

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
                "Make one, tools = ToolRegistry(), and add functions by @tools.tool, or tools made already by tools.add(...)."
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
        """Call a function, sync or async, with each event of a kind, here or in the workers of a queue.

        A delivery whose handler raised is answered 500, and Pamela delivers it again, to all handlers. An event may also
        arrive twice for other reasons. Write handlers so that a second call with the same event does no harm.

        Args:
            pattern: An event's name, or a pattern with ``*`` and ``?``: ``call.completed``, ``call.*``, ``*``.
            background: A Celery app, an RQ ``Queue``, a Procrastinate ``App``, or a function that takes the handler and the
                event. The delivery is answered 200 once the queue has the event, and 500 if it does not take it.
            fetch: A client, sync or async. The function is then called with the event and the whole call, fetched for it:
                with its metadata, which tell whose call it is also where `create_call` has not returned yet. A call that
                cannot be fetched counts as a handler that failed.

        Returns:
            A decorator that returns the function unchanged. Functions are called in the order of their decoration.

        Raises:
            TypeError: The pattern is not a str: perhaps the parentheses after ``@endpoint.on`` are missing. Or
                `background` is none of those, or its workers could not import the function. Or `fetch` is no client, or
                both are given. The decorator raises it for a function that does not take the event (and the call).

        Warns:
            UserWarning: This version knows no event of the name or pattern. It is called with events all the same.
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
            raise TypeError(f"fetch={fetch!r:.100} is no client. Give a PamelaClient or an AsyncPamelaClient.")
        if not any(fnmatchcase(name, pattern) for name in EVENTS):
            # A pattern may be wrong in its case only.
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
        """Give each event to an object with a method `handle_event`: a campaign, which follows its calls by it then.

        Args:
            receiver: The object. Its method is treated as a handler of all events.

        Raises:
            TypeError: The object has no such method.
        """
        if not callable(getattr(receiver, "handle_event", None)):
            raise TypeError(
                f"{shorten(receiver)} has no method handle_event. Include a campaign, or write @endpoint.on('*') over a function."
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
        """Answer a request. Sync handlers are called here, async ones on an event loop in another thread.

        Args:
            method: The HTTP method.
            headers: The headers, in any case.
            chunks: The body. Reading stops after `max_body_bytes`, at the end of a chunk.
            path: Where the request was sent, for the log.
            tool_scope: A context to run a tool in; it is entered in the tool's thread.

        Returns:
            Status, headers and body: 200 if a handler or tool ran; 401 for a bad signature or a stale event; 400 for a
            signed body that is not a webhook, or a tool that failed; 405 for another method than POST; 413 for too large
            a body; 500 if a handler of the event failed. The cause is in the log.
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
        """Answer a request. Async handlers are called on the running event loop, sync ones in a thread.

        Args:
            method: The HTTP method.
            headers: The headers, in any case.
            chunks: The body. Reading stops after `max_body_bytes`, at the end of a chunk.
            path: Where the request was sent, for the log.
            tool_scope: A context to run a tool in; it is entered in the tool's thread.

        Returns:
            Status, headers and body: 200 if a handler or tool ran; 401 for a bad signature or a stale event; 400 for a
            signed body that is not a webhook, or a tool that failed; 405 for another method than POST; 413 for too large
            a body; 500 if a handler of the event failed. The cause is in the log.
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
                failed = True  # the handler let one of its own tasks' cancellations out
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
