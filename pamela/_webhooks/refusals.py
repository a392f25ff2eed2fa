"""The log of refused requests: for each path and reason a line a minute, however many requests there are."""

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
"""How many paths and reasons are told apart; whoever sends to ever new paths must not fill the memory."""


class RefusalLog:
    """Logs refused requests.

    Args:
        monotonic: Returns seconds of a clock that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], tuple[float, int]] = {}
        """When a kind of refusal was last logged, and how many there were since then, by path and reason."""

    def write(self, path: str, reason: str, message: str) -> None:
        """Log a refusal, unless one of the same path and reason was logged less than a minute ago.

        Args:
            path: Where the request was sent, "" if that is not known.
            reason: Why it was refused, in a word or two.
            message: Why it was refused, in a sentence.
        """
        suppressed = self._count(path, reason)
        if suppressed is None:
            return
        where = f" to {path:.200}" if path else ""
        more = f" {suppressed} more of the kind were refused since the last such line." if suppressed else ""
        log_escaped(logger, logging.WARNING, "Refused a webhook%s (%s): %s%s", where, reason, message, more)

    def _count(self, path: str, reason: str) -> int | None:
        """Return how many refusals of a kind were not logged, None if this one is not to be logged either."""
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
