"""Event handlers in a queue: the endpoint puts the event into the queue, and a worker calls the handler."""

from __future__ import annotations

import asyncio
from functools import wraps
from importlib import import_module
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from .concurrency import call_async, resolve_blocking
from .events import as_event
from .handlers import check_takes

if TYPE_CHECKING:
    from collections.abc import Callable

    from .events import WebhookEvent


class FunctionBackground:
    """A function that takes the handler and the event, such as the ``submit`` of an executor."""

    def __init__(self, function: Callable[[Callable[[Any], object], Any], object], handler: Callable[[Any], object]):
        self._function = function
        self._handler = handler

    def put(self, event: WebhookEvent) -> None:
        """Put an event into the queue."""
        resolve_blocking(self._function(self._handler, event))

    async def put_async(self, event: WebhookEvent) -> None:
        """Put an event into the queue, from an event loop."""
        await call_async(self._function, self._handler, event)


class CeleryBackground:
    """A Celery app. The handler becomes a task if it is not one."""

    def __init__(self, app: Any, handler: Any) -> None:
        is_task = hasattr(handler, "apply_async")
        # Without a result: nobody reads it, and events could not be queued while the result backend is down.
        self._task = handler if is_task else app.task(_taking_payload(handler), ignore_result=True)

    def put(self, event: WebhookEvent) -> None:
        """Put an event into the queue."""
        self._task.apply_async((dict(event),))

    async def put_async(self, event: WebhookEvent) -> None:
        """Put an event into the queue, from an event loop."""
        await asyncio.to_thread(self.put, event)


class RQBackground:
    """An RQ queue. Its workers import the handler by its name."""

    def __init__(self, queue: Any, handler: Callable[[Any], object]) -> None:
        self._queue = queue
        self._names = _importable_names(handler)

    def put(self, event: WebhookEvent) -> None:
        """Put an event into the queue."""
        self._queue.enqueue(run_handler, *self._names, dict(event))

    async def put_async(self, event: WebhookEvent) -> None:
        """Put an event into the queue, from an event loop."""
        await asyncio.to_thread(self.put, event)


class ProcrastinateBackground:
    """A Procrastinate app. The handler becomes a task with the argument ``event`` if it is not a task."""

    def __init__(self, app: Any, handler: Any) -> None:
        is_task = hasattr(handler, "defer_async")
        self._task = handler if is_task else app.task(_taking_payload(handler), name=_name(handler))

    def put(self, event: WebhookEvent) -> None:
        """Put an event into the queue."""
        self._task.defer(event=dict(event))

    async def put_async(self, event: WebhookEvent) -> None:
        """Put an event into the queue, from an event loop."""
        await self._task.defer_async(event=dict(event))


Background = FunctionBackground | CeleryBackground | RQBackground | ProcrastinateBackground

_KINDS: dict[tuple[str, str], Callable[[Any, Any], Background]] = {
    ("celery", "Celery"): CeleryBackground,
    ("rq", "Queue"): RQBackground,
    ("procrastinate", "App"): ProcrastinateBackground,
}
"""The class that uses a queue, by the package and the name of the queue's class or of one of its bases."""


def make_background(target: Any, handler: Any) -> Background:
    """Return an object that puts events into a queue for a handler.

    Args:
        target: A Celery app, an RQ queue, a Procrastinate app, or a function that takes the handler and the event.
        handler: The handler.

    Raises:
        TypeError: The target is none of these, or the workers of the queue cannot import the handler.
    """
    for cls in type(target).__mro__:
        kind = _KINDS.get((cls.__module__.partition(".")[0], cls.__name__))
        if kind is not None:
            return kind(target, handler)
    if isinstance(target, type):
        raise TypeError(
            f"background={target.__name__} is a class: it would be made for each event, and nothing would run. Give an object "
            "of it, or a function that takes the handler and the event, such as the submit method of an executor."
        )
    if not callable(target):
        raise TypeError(
            f"background={target!r} is not a Celery app, an RQ queue, a Procrastinate app, or a function that takes the "
            "handler and the event."
        )
    check_takes(target, "handler", "event", what="background")
    return FunctionBackground(target, handler)


def is_task(handler: Any) -> bool:
    """Return whether a handler is already a task of Celery or Procrastinate."""
    return hasattr(handler, "apply_async") or hasattr(handler, "defer_async")


def run_handler(module: str, name: str, payload: dict[str, Any]) -> None:
    """Call a handler in a worker, with an event."""
    handler = attrgetter(name)(import_module(module))
    resolve_blocking(handler(as_event(payload)))


def _taking_payload(handler: Callable[[Any], object]) -> Callable[[dict[str, Any]], None]:
    """Return a function that calls a handler with an event, made from the payload in the queue."""

    @wraps(handler)
    def run(event: dict[str, Any]) -> None:
        resolve_blocking(handler(as_event(event)))

    del run.__wrapped__  # A queue would follow it, and run an async handler itself.
    return run


def _name(handler: Any) -> str:
    return ".".join(_importable_names(handler))


def _importable_names(handler: Any) -> tuple[str, str]:
    module, name = getattr(handler, "__module__", None), getattr(handler, "__qualname__", None)
    if not module or not name or module == "__main__" or "<" in name:
        raise TypeError(
            f"The handler {handler!r} cannot be imported by a worker. Write it as a function at the top of a module."
        )
    return module, name
