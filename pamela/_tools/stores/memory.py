"""An invocation store in the memory of one process."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import attrs

from .protocol import KEEP_SECONDS, InvocationRecord, InvocationState, check_keep_seconds
from .version_2_0 import Version20Names

if TYPE_CHECKING:
    from .protocol import AfterCrash

MAX_ENTRIES = 10_000
MAX_BYTES = 16 * 1_048_576
_ENTRY_BYTES = 500
"""Approximate size of an entry without its texts, in bytes."""


@attrs.define
class _Entry:
    state: InvocationState
    owner: str
    keep_seconds: float
    response: str | None = None
    expires_at: float = float("inf")

    def record(self) -> InvocationRecord:
        return InvocationRecord(self.state, self.owner, self.response)


class MemoryInvocationStore(Version20Names):
    """Remembers the latest invocations of this process, in memory.

    A running invocation is never forgotten, and its lease never ends.

    Args:
        max_entries: Maximum number of invocations with a response. The oldest are forgotten first.
        max_bytes: Approximate maximum size of all invocations, in bytes. Above it, the responses of the oldest are
            dropped. A repeat of such an invocation is refused, but does not run again. If the ids alone are larger, the
            oldest invocations are forgotten.
        keep_seconds: How long to remember an invocation after its response, in seconds. The default is three days.

    Raises:
        ValueError: A limit is out of range.
    """

    def __init__(
        self, max_entries: int = MAX_ENTRIES, *, max_bytes: int = MAX_BYTES, keep_seconds: float = KEEP_SECONDS
    ) -> None:
        for name, number in (("max_entries", max_entries), ("max_bytes", max_bytes)):
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ValueError(f"{name}={number!r} must be a whole number, 1 or more.")
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._keep_seconds = check_keep_seconds(keep_seconds)
        self._running: dict[str, _Entry] = {}
        self._finished: dict[str, _Entry] = {}  # in the order of their responses
        self._undropped: dict[str, None] = {}  # finished invocations that still have a response
        self._bytes = 0
        self._lock = threading.Lock()

    def claim(
        self,
        invocation_id: str,
        *,
        owner: str,
        lease_seconds: float,
        after_crash: AfterCrash = "refuse",
        keep_seconds: float | None = None,
        timeout_seconds: float | None = None,
    ) -> InvocationRecord:
        """Claim an invocation. See `InvocationStore.claim`."""
        with self._lock:
            entry = self._find(invocation_id)
            if entry is None:
                keep = self._keep_seconds if keep_seconds is None else keep_seconds
                entry = self._running[invocation_id] = _Entry(InvocationState.RUNNING, owner, keep)
            return entry.record()

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Return whether the run still holds the claim. See `InvocationStore.extend`."""
        with self._lock:
            entry = self._running.get(invocation_id)
            return entry is not None and entry.owner == owner

    def complete(
        self,
        invocation_id: str,
        response: str,
        *,
        owner: str,
        state: InvocationState = InvocationState.DONE,
        keep_seconds: float | None = None,
    ) -> bool:
        """Store the response of an invocation. See `InvocationStore.complete`."""
        with self._lock:
            entry = self._find(invocation_id)
            if entry is not None and (entry.owner != owner or entry.state is not InvocationState.RUNNING):
                return entry.owner == owner and entry.response == response
            keep = self._keep_seconds if keep_seconds is None else keep_seconds
            self._forget(invocation_id)
            self._running.pop(invocation_id, None)
            self._finished[invocation_id] = _Entry(state, owner, keep, response, time.monotonic() + keep)
            self._undropped[invocation_id] = None
            self._bytes += _ENTRY_BYTES + len(invocation_id) + len(response)
            self._make_room()
            return True

    def get(self, invocation_id: str) -> InvocationRecord | None:
        """Return the record of an invocation, or None. See `InvocationStore.get`."""
        with self._lock:
            entry = self._find(invocation_id)
            return None if entry is None else entry.record()

    def _find(self, invocation_id: str) -> _Entry | None:
        running = self._running.get(invocation_id)
        if running is not None:
            return running
        finished = self._finished.get(invocation_id)
        if finished is not None and finished.expires_at <= time.monotonic():
            self._forget(invocation_id)
            return None
        return finished

    def _forget(self, invocation_id: str) -> None:
        entry = self._finished.pop(invocation_id, None)
        if entry is not None:
            self._undropped.pop(invocation_id, None)
            self._bytes -= _ENTRY_BYTES + len(invocation_id) + len(entry.response or "")

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes and self._undropped:
            oldest = next(iter(self._undropped))
            del self._undropped[oldest]
            entry = self._finished[oldest]
            self._bytes -= len(entry.response or "")
            entry.response = None
        while len(self._finished) > self._max_entries or (self._bytes > self._max_bytes and self._finished):
            self._forget(next(iter(self._finished)))
