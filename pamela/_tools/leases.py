"""Extend the leases of running invocations."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .stores.protocol import InvocationStore

LEASE_SECONDS = 30.0
_EXTENSIONS_IN_A_LEASE = 3

logger = logging.getLogger("pamela.tools")


class InvocationClaim(NamedTuple):
    """An invocation that a run has claimed.

    Attributes:
        invocation_id: Its id in the store.
        owner: The token of the run.
        keep_seconds: How long to remember it, in seconds. None means the store's own setting.
        is_for_repeats: Whether the id is what the agent's repeats share, and not a correlation id.
    """

    invocation_id: str
    owner: str
    keep_seconds: float | None
    is_for_repeats: bool = False


class LeaseKeeper:
    """Extends the leases of all running invocations of one store, in one thread. The thread ends when none runs.

    Args:
        store: The store.
        lease_seconds: The duration of a lease, in seconds.

    Raises:
        ValueError: The duration is not a number above 0.
    """

    def __init__(self, store: InvocationStore, lease_seconds: float) -> None:
        if (
            isinstance(lease_seconds, bool)
            or not isinstance(lease_seconds, int | float)
            or not 0 < lease_seconds < 10**9
        ):
            raise ValueError(f"lease_seconds={lease_seconds!r} must be a number of seconds above 0, such as 30.")
        self.lease_seconds = float(lease_seconds)
        self._store = store
        self._held: set[InvocationClaim] = set()
        self._lock = threading.Lock()
        self._pid: int | None = None  # the process of the thread: threads do not survive a fork

    @contextmanager
    def hold(self, claims: Sequence[InvocationClaim]) -> Iterator[None]:
        """Extend the leases of claims until the end of the block."""
        with self._lock:
            if self._pid != os.getpid():
                self._pid = os.getpid()
                self._held = set()
                threading.Thread(target=self._extend_all, name="pamela-leases", daemon=True).start()
            self._held.update(claims)
        try:
            yield
        finally:
            with self._lock:
                self._held.difference_update(claims)

    def _extend_all(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(self.lease_seconds / _EXTENSIONS_IN_A_LEASE)
            with self._lock:
                if not self._held:
                    self._pid = None
                    return
                claims = list(self._held)
            for claim in claims:
                try:
                    is_held = self._store.extend(
                        claim.invocation_id, owner=claim.owner, lease_seconds=self.lease_seconds
                    )
                except Exception:
                    # Skip the others, which use the same store. All are tried again after the pause.
                    logger.warning("Could not extend the leases of running invocations.", exc_info=True)
                    break
                if not is_held:
                    with self._lock:
                        self._held.discard(claim)
