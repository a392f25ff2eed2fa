"""Support for the method names of invocation stores from version 2.0. Version 3.0 removes it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from .protocol import InvocationRecord, InvocationState

if TYPE_CHECKING:
    from .protocol import AfterCrash, InvocationStore

_FOREVER = 10**9.0
"""The lease of claims that nobody extends, in seconds."""


class Version20Names:
    """The methods `begin`, `finish` and `recall`, for a store that has `claim`, `complete` and `get`."""

    def begin(self: InvocationStore, correlation_id: str) -> bool:
        """Claim an invocation, as in version 2.0. Use `claim`.

        Args:
            correlation_id: The id of the invocation.

        Returns:
            True for exactly one caller.
        """
        owner = f"begin:{uuid.uuid4().hex}"
        return self.claim(correlation_id, owner=owner, lease_seconds=_FOREVER).belongs_to(owner)

    def finish(self: InvocationStore, correlation_id: str, answer: str) -> None:
        """Store the response of a claimed invocation, as in version 2.0. Use `complete`.

        Args:
            correlation_id: The id of the invocation.
            answer: The response as text.
        """
        record = self.get(correlation_id)
        self.complete(correlation_id, answer, owner=record.owner if record else "finish")

    def recall(self: InvocationStore, correlation_id: str) -> str | None:
        """Return the response of an invocation, as in version 2.0. Use `get`.

        Args:
            correlation_id: The id of the invocation.

        Returns:
            The response as text, or None without a response.
        """
        record = self.get(correlation_id)
        return record.response if record else None


class Version20Store:
    """Adapts a store that has only the methods of version 2.0. It has no leases and no `keep_seconds`."""

    def __init__(self, store: Any) -> None:
        self._store = store

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
        """Claim an invocation, with `begin`."""
        if self._store.begin(invocation_id):
            return InvocationRecord(InvocationState.RUNNING, owner)
        return self.get(invocation_id)

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Do nothing: a claim never ends."""
        return True

    def complete(
        self,
        invocation_id: str,
        response: str,
        *,
        owner: str,
        state: InvocationState = InvocationState.DONE,
        keep_seconds: float | None = None,
    ) -> bool:
        """Store the response of an invocation, with `finish`."""
        self._store.finish(invocation_id, response)
        return True

    def get(self, invocation_id: str) -> InvocationRecord:
        """Return the record of an invocation, with `recall`."""
        answer = self._store.recall(invocation_id)
        if answer is None:
            return InvocationRecord(InvocationState.RUNNING, "another")
        return InvocationRecord(InvocationState.DONE, "another", answer)


def _is_of_version_2_0(store: Any) -> bool:
    """Return whether a store has only the old methods, or overrides them in a later class than the new ones."""
    old = min(_distance(store, name) for name in ("begin", "finish", "recall"))
    return old < _distance(store, "claim")


def _distance(store: Any, method: str) -> float:
    """Return the position of the class that defines a method among the bases of a store's class, or infinity."""
    if method in getattr(store, "__dict__", {}):
        return -1
    places = (index for index, cls in enumerate(type(store).__mro__) if method in vars(cls))
    return next(places, float("inf"))


def as_invocation_store(store: Any) -> InvocationStore:
    """Return a store with the current methods, also for a store with the methods of version 2.0.

    Raises:
        TypeError: The argument is not a store.
    """
    if _is_of_version_2_0(store):
        return Version20Store(store)
    for method in ("claim", "extend", "complete", "get"):
        if not callable(getattr(store, method, None)):
            raise TypeError(
                f"store={store!r} is not an invocation store: it has no method {method}. "
                "pamela.tools has MemoryInvocationStore, SQLiteInvocationStore, RedisInvocationStore and "
                "SQLInvocationStore."
            )
    found: InvocationStore = store
    return found
