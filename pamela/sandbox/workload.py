"""How much the sandbox does at once, so that requests are answered soon and what is due happens in time.

Everything shares one thread. In each round of the event loop, calls go on for a while, deliveries are begun and written
down, and new calls are placed. If calls, or events that tell of their state, are behind, fewer calls are placed in a
round, and those who place them wait. While they wait, few transcripts are sent, each with all that was said until then.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

_SECONDS_WHEN_BUSY = 0.004
_SECONDS_WHEN_IDLE = 0.008
_PLACED_IN_A_ROUND, _PLACED_WHEN_BEHIND = 8, 2
"""How many calls are placed in one round of the event loop."""

T = TypeVar("T")


class Workload:
    """Shares a thread's time between requests, calls and deliveries."""

    def __init__(self) -> None:
        self.requests = 0
        """How many requests wait for an answer."""
        self.calls_are_behind = False
        """Whether more steps of calls are overdue than were taken in a turn."""
        self.events_are_behind = False
        """Whether more events that tell of a call's state could be sent than were begun in a turn."""
        self._placed = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._is_round_planned = False

    def begin_request(self) -> "RequestInProgress":
        """Count a request until it is said to have ended."""
        return RequestInProgress(self)

    def take_turn(self, things: Iterable[T]) -> Iterator[T]:
        """Yield things to do, one at least, until it is time that others have their turn."""
        ends = time.perf_counter() + (_SECONDS_WHEN_BUSY if self.requests else _SECONDS_WHEN_IDLE)
        for thing in things:
            yield thing
            if time.perf_counter() >= ends:
                return

    @property
    def has_calls_to_place(self) -> bool:
        """Whether somebody waits until a call of theirs is placed."""
        return bool(self._waiting)

    async def wait_to_place(self) -> None:
        """Wait until one more call may be placed, the longest waiting first."""
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
            if not turn.done():  # whoever waited may have given up
                turn.set_result(None)
                self._placed += 1
        if self._placed:
            self._plan_round()


class RequestInProgress:
    """A request that waits for an answer."""

    def __init__(self, workload: Workload) -> None:
        self._workload: Workload | None = workload
        workload.requests += 1

    def end(self) -> None:
        """Count it no longer. To say so twice does no harm."""
        if self._workload is not None:
            self._workload.requests -= 1
            self._workload = None
