"""How much the sandbox does at once beside answering requests, so that those are answered soon."""

import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

_SECONDS_WHEN_BUSY = 0.004
_SECONDS_WHEN_IDLE = 0.015
_SECONDS_WHEN_BEHIND = 0.002

T = TypeVar("T")


class Workload:
    """Counts the requests that wait for an answer."""

    def __init__(self) -> None:
        self.requests = 0
        self.deliveries_are_behind = False

    def begin_request(self) -> "RequestInProgress":
        """Count a request until it is said to have ended."""
        return RequestInProgress(self)

    def steps(self, calls: Iterable[T]) -> Iterator[T]:
        """Yield calls whose steps are due, one at least, until others have their turn.

        What they would tell of it comes later than ever when deliveries are behind already; what waits a little is told
        with what follows it.
        """
        return self._turn(calls, _SECONDS_WHEN_BEHIND if self.deliveries_are_behind else None)

    def results(self, deliveries: Iterable[T]) -> Iterator[T]:
        """Yield deliveries that are to be written down, one at least, until others have their turn."""
        return self._turn(deliveries)

    def _turn(self, things: Iterable[T], seconds: float | None = None) -> Iterator[T]:
        if seconds is None:
            seconds = _SECONDS_WHEN_BUSY if self.requests else _SECONDS_WHEN_IDLE
        ends = time.perf_counter() + seconds
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
