"""Divides the sandbox's time, so that requests are answered quickly and due steps are on time.

Everything shares one thread. In each round of the event loop, the sandbox runs calls, starts and stores deliveries, and
places new calls. If calls or events of their state are late, it places fewer calls in a round, and their requests wait.
While requests wait, it sends fewer transcripts, each with the whole conversation until then.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

_SECONDS_WHEN_BUSY = 0.004
_SECONDS_WHEN_IDLE = 0.008
_PLACED_IN_A_ROUND, _PLACED_WHEN_BEHIND = 8, 2
"""Maximum number of calls placed in one round of the event loop."""

T = TypeVar("T")


class Workload:
    """Divides a thread's time between requests, calls and deliveries."""

    def __init__(self) -> None:
        self.requests = 0
        """The number of requests in progress."""
        self.calls_are_behind = False
        """Whether steps of calls are overdue after a turn."""
        self.events_are_behind = False
        """Whether events of calls' states are waiting to be sent after a turn."""
        self._placed = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_round_planned = False

    def begin_request(self) -> "RequestInProgress":
        """Count a request until its `end` is called."""
        return RequestInProgress(self)

    def take_turn(self, things: Iterable[T]) -> Iterator[T]:
        """Yield at least one of the things, and more until the time of the turn is over."""
        ends = time.perf_counter() + (_SECONDS_WHEN_BUSY if self.requests else _SECONDS_WHEN_IDLE)
        for thing in things:
            yield thing
            if time.perf_counter() >= ends:
                return

    @property
    def has_calls_to_place(self) -> bool:
        """Whether a request waits to place a call."""
        return bool(self._waiting)

    async def wait_to_place(self) -> None:
        """Wait until one more call may be placed, in the order of requests."""
        if self._waiting or self._placed >= self._most_placed():
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            self._plan_round()
            await turn
        else:
            self._placed += 1
            self._plan_round()

    def _most_placed(self) -> int:
        return _PLACED_WHEN_BEHIND if self.calls_are_behind or self.events_are_behind else _PLACED_IN_A_ROUND

    def _plan_round(self) -> None:
        if not self._is_round_planned:
            self._is_round_planned = True
            asyncio.get_running_loop().call_soon(self._begin_round)

    def _begin_round(self) -> None:
        self._is_round_planned = False
        self._placed = 0
        while self._waiting and self._placed < self._most_placed():
            turn = self._waiting.popleft()
            if not turn.done():  # the request may have been cancelled
                turn.set_result(None)
                self._placed += 1
        if self._placed:
            self._plan_round()


class RequestInProgress:
    """A request in progress."""

    def __init__(self, workload: Workload) -> None:
        self._workload: Workload | None = workload
        workload.requests += 1

    def end(self) -> None:
        """Stop counting the request. A second call has no effect."""
        if self._workload is not None:
            self._workload.requests -= 1
            self._workload = None
