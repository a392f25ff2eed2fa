"""One run of a tool's function for one invocation: once for its correlation id, and no longer than it may take."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._webhooks.background import run_coroutine
from .._webhooks.receiver import Answer

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .._generated.models import ToolInvocation
    from ..tools import FunctionTool
    from .stores import InvocationMemory

ToolScope = Callable[[], AbstractContextManager[Any]]

logger = logging.getLogger("pamela.tools")

_PAUSES = (0.005, 0.1)
"""Seconds between two looks for another run's answer, at first and at most."""


class ToolError(Exception):
    """Raised by a tool to tell the agent what is wrong, in words that it can use: "There is no order 1042."."""


class InvalidArgumentsError(ValueError):
    """The arguments of an invocation do not fit; the message may be told to the agent."""


class _TooLateError(Exception):
    pass


@dataclass
class ToolRun:
    """A function with its arguments, ready to be called in a thread of its own."""

    tool: FunctionTool[..., Any]
    function: Callable[[], Any]
    invocation: ToolInvocation
    memory: InvocationMemory
    scope: ToolScope
    loop: asyncio.AbstractEventLoop | None
    is_late: bool = False

    @property
    def timeout_seconds(self) -> float:
        """How long to wait for the answer."""
        return self.tool.timeout_seconds

    def __call__(self) -> Answer:
        """Run the function, or wait for the answer of the run that came first."""
        correlation_id = self.invocation.correlation_id
        try:
            if not self.memory.begin(correlation_id):
                return self._recall()
        except Exception:
            # Without a memory there is no telling whether it ran before, and twice is worse than not at all.
            log_failure(self.invocation, "the memory of invocations failed", exc_info=True)
            return failure(self.invocation, "The tool failed")
        answer = self._answer()
        try:
            self.memory.finish(correlation_id, _to_text(answer))
        except Exception:
            log_failure(self.invocation, "the memory of invocations did not take its answer", exc_info=True)
        return answer

    def too_late(self) -> Answer:
        """Log that the function took too long, once, and give the answer."""
        if not self.is_late:
            self.is_late = True
            log_failure(self.invocation, f"no answer within {self.timeout_seconds:g} s")
        return failure(self.invocation, "The tool did not answer in time")

    def _answer(self) -> Answer:
        try:
            with self.scope():
                result = self._call()
            content = {"result": self.tool.result_as_json(result), "correlation_id": self.invocation.correlation_id}
            return Answer.of_json(200, content)
        except ToolError as error:
            log_failure(self.invocation, str(error))
            return failure(self.invocation, str(error))
        except _TooLateError:
            return self.too_late()
        except BaseException:
            # Also SystemExit and CancelledError: the thread is not the function's to end, and the caller waits.
            log_failure(self.invocation, "it raised an exception", exc_info=True)
            return failure(self.invocation, "The tool failed")

    def _call(self) -> Any:
        # Decorators and callable objects hide that a function is async; its result does not.
        result = self.function()
        if inspect.isawaitable(result):
            return run_coroutine(_within(result, self.timeout_seconds), self.loop)
        return result

    def _recall(self) -> Answer:
        deadline = time.monotonic() + self.timeout_seconds
        pause, longest = _PAUSES
        while (text := self.memory.recall(self.invocation.correlation_id)) is None:
            if time.monotonic() > deadline:
                return self.too_late()
            time.sleep(pause)
            pause = min(2 * pause, longest)
        return _from_text(text)


async def _within(work: Awaitable[Any], seconds: float) -> Any:
    try:
        async with asyncio.timeout(seconds) as scope:
            return await work
    except TimeoutError:
        if scope.expired():
            raise _TooLateError from None
        raise


def failure(invocation: ToolInvocation, error: str) -> Answer:
    """Give the answer that tells the agent of an error."""
    return Answer.of_json(400, {"error": error, "correlation_id": invocation.correlation_id})


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


def _to_text(answer: Answer) -> str:
    return json.dumps([answer.status, answer.headers, answer.body.decode()])


def _from_text(text: str) -> Answer:
    status, headers, body = json.loads(text)
    return Answer(status, headers, body.encode())
