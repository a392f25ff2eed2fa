"""The log of refused requests: at most one line a minute for each path and reason."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from .log import log_escaped

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger("pamela.webhooks")

SECONDS_BETWEEN_LINES = 60.0
MOST_KINDS = 256
"""Maximum number of pairs of path and reason to count. It bounds the memory that requests to random paths can use."""


class RefusalLog:
    """Logs refused requests.

    Args:
        monotonic: Returns the seconds of a clock that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], tuple[float, int]] = {}
        """When a kind of refusal was last logged, and how many there were since then, by path and reason."""

    def write(self, path: str, reason: str, message: str) -> None:
        """Log a refusal, if none with the same path and reason was logged in the last minute.

        Args:
            path: The path of the request, or "" if it is not known.
            reason: The reason, in one or two words.
            message: The reason, in a sentence.
        """
        suppressed = self._count(path, reason)
        if suppressed is None:
            return
        where = f" to {path:.200}" if path else ""
        more = f" {suppressed} more were refused for this reason since the last line." if suppressed else ""
        log_escaped(logger, logging.WARNING, "Refused a webhook%s (%s): %s%s", where, reason, message, more)

    def _count(self, path: str, reason: str) -> int | None:
        """Return how many refusals were not logged since the last line, or None if this one is not logged either."""
        now, kind = self._monotonic(), (path, reason)
        with self._lock:
            logged_at, suppressed = self._last.pop(kind, (None, 0))
            if logged_at is not None and now - logged_at < SECONDS_BETWEEN_LINES:
                self._last[kind] = (logged_at, suppressed + 1)
                return None
            if len(self._last) >= MOST_KINDS:
                del self._last[next(iter(self._last))]
            self._last[kind] = (now, 0)
            return suppressed
