"""The run of a tool for one invocation: once for its correlation id, and within its timeout."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._webhooks.concurrency import run_coroutine
from .errors import ToolError
from .responses import ToolResponse

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .._generated.models import ToolInvocation
    from .function_tools import FunctionTool
    from .stores import InvocationStore

ToolScope = Callable[[], AbstractContextManager[Any]]

logger = logging.getLogger("pamela.tools")

_PAUSES = (0.005, 0.1)
"""Seconds between two looks for another run's response, at first and at most."""


class _TooLateError(Exception):
    pass


@dataclass
class ToolRun:
    """A function with its arguments, ready to be called in a thread of its own."""

    tool: FunctionTool[..., Any]
    function: Callable[[], Any]
    invocation: ToolInvocation
    store: InvocationStore
    scope: ToolScope
    loop: asyncio.AbstractEventLoop | None
    is_late: bool = False

    @property
    def timeout_seconds(self) -> float:
        """How long to wait for the response."""
        return self.tool.timeout_seconds

    def __call__(self) -> ToolResponse:
        """Run the function, or wait for the response of the run that came first."""
        correlation_id = self.invocation.correlation_id
        try:
            if not self.store.claim(correlation_id):
                return self._await_other_run()
        except Exception:
            # Without a store nobody knows whether it ran before, and twice is worse than not at all.
            log_failure(self.invocation, "the invocation store failed", exc_info=True)
            return ToolResponse.of_error(self.invocation, "The tool failed")
        response = self._run()
        try:
            self.store.complete(correlation_id, response.to_text())
        except Exception:
            log_failure(self.invocation, "the invocation store did not take its response", exc_info=True)
        return response

    def respond_too_late(self) -> ToolResponse:
        """Log once that the function took too long, and return the response."""
        if not self.is_late:
            self.is_late = True
            log_failure(self.invocation, f"no answer within {self.timeout_seconds:g} s")
        return ToolResponse.of_error(self.invocation, "The tool did not answer in time")

    def _run(self) -> ToolResponse:
        try:
            with self.scope():
                result = self._call()
            return ToolResponse.of_result(self.invocation, self.tool.result_as_json(result))
        except ToolError as error:
            log_failure(self.invocation, str(error))
            return ToolResponse.of_error(self.invocation, str(error))
        except _TooLateError:
            return self.respond_too_late()
        except BaseException:
            # Also SystemExit and CancelledError: the thread is not the function's to end, and the caller waits.
            log_failure(self.invocation, "it raised an exception", exc_info=True)
            return ToolResponse.of_error(self.invocation, "The tool failed")

    def _call(self) -> Any:
        # Decorators and callable objects may hide that a function is async, but its result shows it.
        result = self.function()
        if inspect.isawaitable(result):
            return run_coroutine(_within(result, self.timeout_seconds), self.loop)
        return result

    def _await_other_run(self) -> ToolResponse:
        deadline = time.monotonic() + self.timeout_seconds
        pause, longest = _PAUSES
        while (text := self.store.get(self.invocation.correlation_id)) is None:
            if time.monotonic() > deadline:
                return self.respond_too_late()
            time.sleep(pause)
            pause = min(2 * pause, longest)
        return ToolResponse.from_text(text)


async def _within(work: Awaitable[Any], seconds: float) -> Any:
    try:
        async with asyncio.timeout(seconds) as scope:
            return await work
    except TimeoutError:
        if scope.expired():
            raise _TooLateError from None
        raise


def log_failure(invocation: ToolInvocation, problem: str, *, exc_info: bool = False) -> None:
    """Log why a tool was not run or had no result."""
    logger.warning(
        "Tool %.100r failed for correlation id %.100r: %s",
        invocation.tool_name,
        invocation.correlation_id,
        problem,
        exc_info=exc_info,
        extra={"correlation_id": invocation.correlation_id},
    )
