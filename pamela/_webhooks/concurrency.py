"""Call sync functions from async code and async functions from sync code."""

from __future__ import annotations

import asyncio
import inspect
import os
import threading
from concurrent.futures import Future
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")

_loops: dict[int, asyncio.AbstractEventLoop] = {}
_loops_lock = threading.Lock()


def run_in_thread(function: Callable[[], T]) -> Future[T]:
    """Run a function in a new thread, in the caller's context.

    A pool of threads is not used: functions that hang would block all others, and would stop the interpreter from
    exiting.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # The caller may stop waiting. The function continues.
    context = copy_context()

    def run() -> None:
        try:
            future.set_result(context.run(function))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="pamela-tool", daemon=True).start()
    return future


def run_coroutine(coroutine: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop | None = None) -> T:
    """Run a coroutine on a loop in another thread, by default the package's own, and wait for its result."""
    return asyncio.run_coroutine_threadsafe(coroutine, loop or _own_loop()).result()


def resolve_blocking(result: Any) -> Any:
    """Return the result of a function. If it is awaitable, await it first, on a loop in another thread."""
    return run_coroutine(maybe_await(result)) if inspect.isawaitable(result) else result


async def maybe_await(result: Any) -> Any:
    """Return the result of a function. If it is awaitable, await it first."""
    return await result if inspect.isawaitable(result) else result


async def call_async(function: Callable[..., Any], *args: Any, **values: Any) -> Any:
    """Call an async function on the running loop, and any other function in a thread. Neither blocks the loop."""
    if is_async(function):
        return await function(*args, **values)
    return await maybe_await(await asyncio.to_thread(function, *args, **values))


def is_async(function: Callable[..., Any]) -> bool:
    """Return whether a call of the function always returns a coroutine. If false, it may still return an awaitable."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)


def _own_loop() -> asyncio.AbstractEventLoop:
    with _loops_lock:
        # The thread of a loop does not survive a fork, so each process has its own.
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="pamela-loop", daemon=True).start()
        return loop
