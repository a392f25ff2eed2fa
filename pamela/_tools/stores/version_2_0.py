"""Invocation stores with the method names of version 2.0, until 3.0: their use, and those names for the built-in ones."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from .protocol import InvocationRecord, InvocationState

if TYPE_CHECKING:
    from .protocol import AfterCrash, InvocationStore

_FOREVER = 10**9.0
"""A lease, in seconds, for claims that nobody extends."""


class Version20Names:
    """The methods `begin`, `finish` and `recall` of a store that has `claim`, `complete` and `get`."""

    def begin(self: InvocationStore, correlation_id: str) -> bool:
        """Note that an invocation begins; return True to exactly one caller."""
        owner = f"begin:{uuid.uuid4().hex}"
        return self.claim(correlation_id, owner=owner, lease_seconds=_FOREVER).belongs_to(owner)

    def finish(self: InvocationStore, correlation_id: str, answer: str) -> None:
        """Keep the answer of an invocation that began."""
        record = self.get(correlation_id)
        self.complete(correlation_id, answer, owner=record.owner if record else "finish")

    def recall(self: InvocationStore, correlation_id: str) -> str | None:
        """Return the answer of an invocation, or None while there is none."""
        record = self.get(correlation_id)
        return record.response if record else None


class Version20Store:
    """An invocation store over one that has the methods of version 2.0 only: it knows no leases, and no time to keep."""

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
        """Begin an invocation."""
        if self._store.begin(invocation_id):
            return InvocationRecord(InvocationState.RUNNING, owner)
        return self.get(invocation_id)

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Do nothing: what began stays begun."""
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
        """Finish an invocation."""
        self._store.finish(invocation_id, response)
        return True

    def get(self, invocation_id: str) -> InvocationRecord:
        """Return whether an invocation has an answer."""
        answer = self._store.recall(invocation_id)
        if answer is None:
            return InvocationRecord(InvocationState.RUNNING, "another")
        return InvocationRecord(InvocationState.DONE, "another", answer)


def _is_of_version_2_0(store: Any) -> bool:
    """Return whether a store has the old methods only, or they were overridden later than the new ones."""
    old = min(_distance(store, name) for name in ("begin", "finish", "recall"))
    return old < _distance(store, "claim")


def _distance(store: Any, method: str) -> float:
    """Return how far up among the bases of a store's class a method is defined; infinity if nowhere."""
    if method in getattr(store, "__dict__", {}):
        return -1
    places = (index for index, cls in enumerate(type(store).__mro__) if method in vars(cls))
    return next(places, float("inf"))


def as_invocation_store(store: Any) -> InvocationStore:
    """Return a store with today's methods, also of one that has, or overrides, those of version 2.0.

    Raises:
        TypeError: It is not a store.
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
