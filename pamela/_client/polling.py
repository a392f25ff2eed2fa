"""Following a call until it ends: what has changed, whether it is over, how long to pause. Without I/O."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

from .._generated.models.call import Call
from .._generated.models.call_status import CallStatus
from .._http.attempt import SHORTEST_STEP
from ..errors import APIConnectionError, WaitTimeoutError
from .options import duration, seconds

LONG_AGO = timedelta(hours=1)
"""When a call has ended so long ago, by clocks that may differ, its transcript does not come any more."""


def has_ended(call: Call) -> bool:
    """Whether a call is over; by its end too, for statuses that we have never heard of."""
    return getattr(call.status, "is_final", False) or call.get("ended_at") is not None


class Watch:
    """The state of following one call."""

    def __init__(self, timeout: float | None, poll_interval: float, transcript_timeout: float) -> None:
        self.timeout = seconds("timeout", timeout, zero=True)
        self.poll_interval = duration("poll_interval", poll_interval)
        self.transcript_timeout = duration("transcript_timeout", transcript_timeout, zero=True)
        self.began = time.monotonic()
        self.ended: float | None = None
        self.seen = Call()
        self.shown = ""

    def left(self) -> float:
        """Give the seconds that are left to wait."""
        return float("inf") if self.timeout is None else self.began + self.timeout - time.monotonic()

    def deadline(self, deadline: float | None) -> float | None:
        """Give the deadline of the next look at the call: that of the client, or what is left of the time to wait."""
        # Without any time to wait, there is one look all the same.
        left = self.left() if self.timeout else float("inf")
        return deadline if left >= (deadline or float("inf")) else max(left, SHORTEST_STEP)

    def changed(self, call: Call) -> bool:
        """Take the call as it is now and say whether that is news."""
        before, self.shown = self.shown, json.dumps(call, sort_keys=True)
        self.seen = call
        return self.shown != before

    def over(self, call: Call) -> bool:
        """Whether there is nothing more to come. The transcript of a completed call can come seconds after its end."""
        if not has_ended(call):
            return False
        if call.status != CallStatus.COMPLETED or call.transcript or self.left() <= 0:
            return True
        if isinstance(call.ended_at, datetime) and datetime.now(UTC) - call.ended_at > LONG_AGO:
            return True
        now = time.monotonic()
        self.ended = self.ended or now
        return now - self.ended >= self.transcript_timeout

    def pause(self, call: Call) -> float:
        """Give the seconds until the next look.

        Raises:
            WaitTimeoutError: The time is over, and the call is not.
        """
        if self.ended is not None:
            left = min(self.left(), self.ended + self.transcript_timeout - time.monotonic())
            return max(0.0, min(self.poll_interval, left))
        if self.left() <= 0:
            raise self.timed_out(f"Call {call.get('id')} is still {call.get('status')}")
        return max(0.0, min(self.poll_interval, self.left()))

    def failed(self, error: APIConnectionError) -> None:
        """Take a look that failed. When the time was over for it, it does no harm to a call that has ended.

        Raises:
            WaitTimeoutError: The time is over, and the call is not.
            APIConnectionError: The time is not over.
        """
        if self.left() > 0:
            raise error
        if not has_ended(self.seen):
            raise self.timed_out("The call could not be looked at again") from error

    def timed_out(self, what: str) -> WaitTimeoutError:
        error = WaitTimeoutError(
            f"{what} after {self.timeout:g} s. It goes on: wait again, give a longer timeout=, or end it with "
            "hangup_call()."
        )
        error.call = self.seen or None
        return error
