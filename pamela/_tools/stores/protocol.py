"""The interface of invocation stores, and the records that they return."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

AfterCrash = Literal["refuse", "run"]
"""What to do with a repeated invocation after the process of the first run died."""

KEEP_SECONDS = 3 * 86_400.0
"""How long an invocation is remembered by default, in seconds. Deliveries are repeated for hours."""


class InvocationState(StrEnum):
    """The state of an invocation."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class InvocationRecord(NamedTuple):
    """The record of an invocation in a store.

    Attributes:
        state: The state of the invocation.
        owner: The token of the run that claimed the invocation last, unchanged.
        response: The response as text. None while the invocation runs, after a crash, or if the store dropped it.
        is_abandoned: Whether the invocation is running but its lease has ended. Its process died or hangs.
    """

    state: InvocationState
    owner: str
    response: str | None = None
    is_abandoned: bool = False

    def belongs_to(self, owner: str) -> bool:
        """Return whether a run holds the claim. Only then it may start.

        Args:
            owner: The token of the run.
        """
        return self.state is InvocationState.RUNNING and self.owner == owner


class InvocationStore(Protocol):
    """The interface of a store that remembers invocations.

    An id has up to 128 characters of printable ASCII, without a space at either end. The methods are called in several
    threads at once. They may block. If the store cannot be reached, they may raise any exception; the tool then does
    not run. A store uses its own clock, so the clocks of its users may differ.
    """

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
        """Claim an invocation in one atomic step, unless another run has claimed it.

        Args:
            invocation_id: The id of the invocation.
            owner: The token of this run, up to 128 printable ASCII characters. A repeated claim with the same token is the
                same claim. The token ends with a fingerprint of the tool, the call and the arguments, which shows whether
                a correlation id is reused for another invocation.
            lease_seconds: How long the claim is valid unless it is extended, in seconds.
            after_crash: What to do if the invocation is running but its lease has ended. ``"run"`` passes the claim to
                this run. ``"refuse"`` sets the state to failed, without a response.
            keep_seconds: How long to remember the invocation after its lease, in seconds. None means the store's own
                setting.
            timeout_seconds: Maximum time to wait for other users of the store, in seconds. After it, raise an
                exception. The tool then does not start.

        Returns:
            The record after the claim. This run may start only if the record belongs to `owner`.
        """

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Extend the lease of a running invocation, and the time for which it is remembered.

        Args:
            invocation_id: The id of the invocation.
            owner: The token of the run.
            lease_seconds: The lease ends after this many seconds from now.

        Returns:
            Whether the run still held the claim.
        """

    def complete(
        self,
        invocation_id: str,
        response: str,
        *,
        owner: str,
        state: InvocationState = InvocationState.DONE,
        keep_seconds: float | None = None,
    ) -> bool:
        """Store the response of an invocation, unless another run has claimed it meanwhile.

        A stored response is not replaced. An invocation that the store has forgotten is stored again. If the invocation
        failed only because its lease had ended, the response of the late run is stored.

        Args:
            invocation_id: The id of the invocation.
            response: The response as text.
            owner: The token of the run.
            state: Done or failed.
            keep_seconds: How long to remember the invocation, in seconds. None means the store's own setting.

        Returns:
            Whether the store now has this response.
        """

    def get(self, invocation_id: str) -> InvocationRecord | None:
        """Return the record of an invocation, or None if the store does not know it.

        Args:
            invocation_id: The id of the invocation.
        """


def check_keep_seconds(seconds: float) -> float:
    """Check and return the seconds for which to remember invocations.

    Raises:
        ValueError: The value is not a number of seconds above 0.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 10**10:
        raise ValueError(
            f"keep_seconds={seconds!r} must be a number of seconds above 0, such as 259_200 for three days."
        )
    return float(seconds)
