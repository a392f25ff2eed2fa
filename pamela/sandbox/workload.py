"""How much the sandbox does at once beside answering requests, so that those are answered soon."""

_MOST_WHEN_BUSY = 8
_MOST_WHEN_IDLE = 100


class Workload:
    """Counts the requests that wait for an answer."""

    def __init__(self) -> None:
        self.requests = 0

    def begin_request(self) -> "RequestInProgress":
        """Count a request until it is said to have ended."""
        return RequestInProgress(self)

    @property
    def batch(self) -> int:
        """How many steps of calls or results of deliveries are taken before others have their turn."""
        return _MOST_WHEN_BUSY if self.requests else _MOST_WHEN_IDLE


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
