"""What an invocation store does, and what it says of an invocation."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

AfterCrash = Literal["refuse", "run"]
"""What becomes of a repeat whose first run broke off with its process."""

KEEP_SECONDS = 3 * 86_400.0
"""How long an invocation is remembered, unless the store is told otherwise: deliveries are repeated for hours."""


class InvocationState(StrEnum):
    """How far an invocation is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class InvocationRecord(NamedTuple):
    """What a store knows of an invocation.

    Attributes:
        state: How far it is.
        owner: The token of the run that claimed it last.
        response: Its response as text; None while it runs, if its run broke off, or if the store had to drop it.
        is_abandoned: Whether it is running and its lease has ended: its process died or hangs.
    """

    state: InvocationState
    owner: str
    response: str | None = None
    is_abandoned: bool = False

    def belongs_to(self, owner: str) -> bool:
        """Return whether a run holds the claim and so may start."""
        return self.state is InvocationState.RUNNING and self.owner == owner


class InvocationStore(Protocol):
    """Remembers invocations by their id: up to 128 characters of printable ASCII, no blank at its ends.

    The methods are called in threads, several at a time. They may block, and raise what they like if the store cannot be
    reached; then nothing runs. Time is the store's own, so that the clocks of its users need not agree.
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
        """Claim an invocation, in one atomic step, unless it is claimed already.

        Args:
            invocation_id: The id.
            owner: The token of this run. A claim that is repeated with the same token, because the answer to the first
                was lost, is the same claim.
            lease_seconds: How long the claim holds unless it is extended.
            after_crash: What to do if the invocation is running and its lease has ended: ``"run"`` passes the claim on to
                this run, ``"refuse"`` makes the invocation failed, without a response.
            keep_seconds: How long to remember the invocation after its lease, instead of the store's own setting.
            timeout_seconds: When to give up waiting for other users of the store and raise. A claim that takes longer
                is too late for its tool, which then does not start.

        Returns:
            The record after the claim. It belongs to `owner` if and only if this run may start.
        """

    def extend(self, invocation_id: str, *, owner: str, lease_seconds: float) -> bool:
        """Let the lease of a running invocation end that many seconds from now, and the time to keep it so much later.

        Returns:
            Whether the claim still belonged to the run.
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
        """Keep the response of an invocation, unless another run has claimed it meanwhile.

        A response that is kept is not replaced. An invocation that the store has forgotten is remembered again. A run
        whose invocation failed because its lease had ended, and which completes after all, is believed.

        Returns:
            Whether this response is the one that is kept.
        """

    def get(self, invocation_id: str) -> InvocationRecord | None:
        """Return what is known of an invocation, or None."""


def check_keep_seconds(seconds: float) -> float:
    """Return a time to keep invocations.

    Raises:
        ValueError: It is not a number of seconds above 0.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds <= 10**10:
        raise ValueError(
            f"keep_seconds={seconds!r} must be a number of seconds above 0, such as 259_200 for three days."
        )
    return float(seconds)
