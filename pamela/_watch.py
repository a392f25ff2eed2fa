"""Following a call until it ends: what has changed, whether it is over, how long to pause. Without I/O."""

from __future__ import annotations

import time

from ._generated.models.call import Call
from ._generated.models.call_status import CallStatus
from ._options import seconds
from .errors import WaitTimeoutError


def has_ended(call: Call) -> bool:
    """Whether a call is over; by its end too, for statuses that we have never heard of."""
    return getattr(call.status, "is_final", False) or call.get("ended_at") is not None


class Watch:
    """The state of following one call."""

    def __init__(self, timeout: float | None, poll_interval: float, transcript_timeout: float | None) -> None:
        self.timeout = seconds("timeout", timeout, zero=True)
        self.poll_interval = seconds("poll_interval", poll_interval) or 0.0
        self.transcript_timeout = seconds("transcript_timeout", transcript_timeout, zero=True) or 0.0
        self.began = time.monotonic()
        self.ended: float | None = None
        self.seen: Call = Call()

    def changed(self, call: Call) -> bool:
        """Take the call as it is now and say whether that is news."""
        changed = call != self.seen
        self.seen = call
        return changed

    def over(self, call: Call) -> bool:
        """Whether there is nothing more to come. The transcript of a completed call can come seconds after its end."""
        if not has_ended(call):
            return False
        if call.status != CallStatus.COMPLETED or call.transcript:
            return True
        now = time.monotonic()
        self.ended = self.ended or now
        return now - self.ended >= self.transcript_timeout

    def pause(self, call: Call) -> float:
        """Give the seconds until the next look.

        Raises:
            WaitTimeoutError: The time is over, and the call is not.
        """
        if self.timeout is None:
            return self.poll_interval
        left = self.began + self.timeout - time.monotonic()
        if left <= 0:
            error = WaitTimeoutError(
                f"Call {call.get('id')} is still {call.get('status')} after {self.timeout:g} s. It goes on: wait again, "
                "give a longer timeout=, or end it with hangup_call()."
            )
            error.call = call
            raise error
        return min(self.poll_interval, left)
