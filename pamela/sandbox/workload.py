"""How much the sandbox does at once beside answering requests, so that those are answered soon."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

_SECONDS_WHEN_BUSY = 0.004
_SECONDS_WHEN_IDLE = 0.008

T = TypeVar("T")


class Workload:
    """Counts the requests that wait for an answer."""

    def __init__(self) -> None:
        self.requests = 0
        self.calls_are_behind = False
        """Whether more steps of calls are overdue than were taken in a turn."""

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
