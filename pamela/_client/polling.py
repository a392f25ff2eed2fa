"""Follow a call until it ends: has it changed, has it ended, how long to pause. Without I/O."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .._generated.models.call import Call
from .._generated.models.call_status import CallStatus
from .._http.attempt import SHORTEST_STEP
from .._http.redaction import printable
from ..errors import APIConnectionError, WaitTimeoutError
from .options import duration, seconds

if TYPE_CHECKING:
    from .clock import Clock

LONG_AGO = timedelta(hours=1)
"""The transcript of a call that ended earlier than this is not awaited. The clocks of both sides may differ."""


def has_ended(call: Call) -> bool:
    """Return whether a call has ended. For a status that this version does not know, `ended_at` decides."""
    return getattr(call.status, "is_final", False) or call.get("ended_at") is not None


class Watch:
    """The state of following one call.

    Attributes:
        last_call: The last known state of the call, or an empty `Call`.
    """

    def __init__(self, timeout: float | None, poll_interval: float, transcript_timeout: float, clock: Clock) -> None:
        self.timeout = seconds("timeout", timeout, zero=True)
        self.poll_interval = duration("poll_interval", poll_interval)
        self.transcript_timeout = duration("transcript_timeout", transcript_timeout, zero=True)
        self.last_call = Call()
        self._clock = clock
        self._began = clock.monotonic()
        self._ended: float | None = None
        self._last_snapshot = ""

    def remaining(self) -> float:
        """Return the remaining seconds to wait."""
        return float("inf") if self.timeout is None else self._began + self.timeout - self._clock.monotonic()

    def deadline(self, deadline: float | None) -> float | None:
        """Return the deadline of the next request in seconds: the client's, or the remaining time if that is less."""
        # With a timeout of 0 the call is still fetched once.
        remaining = self.remaining() if self.timeout else float("inf")
        return deadline if remaining >= (deadline or float("inf")) else max(remaining, SHORTEST_STEP)

    def update(self, call: Call) -> bool:
        """Store the current state of the call, and return whether it changed."""
        before, self._last_snapshot = self._last_snapshot, json.dumps(call, sort_keys=True)
        self.last_call = call
        if has_ended(call) and self._ended is None:
            self._ended = self._clock.monotonic()
        return self._last_snapshot != before

    def is_over(self) -> bool:
        """Return whether the call has ended and its transcript is there or no longer awaited."""
        call = self.last_call
        if self._ended is None:
            return False
        if call.status != CallStatus.COMPLETED or call.transcript or self.remaining() <= 0:
            return True
        if isinstance(call.ended_at, datetime) and self._clock.now() - call.ended_at > LONG_AGO:
            return True
        return self._clock.monotonic() - self._ended >= self.transcript_timeout

    def pause(self) -> float:
        """Return the seconds until the next request.

        Raises:
            WaitTimeoutError: The time is over, but the call has not ended.
        """
        remaining = self.remaining()
        if self._ended is not None:
            remaining = min(remaining, self._ended + self.transcript_timeout - self._clock.monotonic())
        elif remaining <= 0:
            call = self.last_call
            problem = f"Call {call.get('id')} is still {call.get('status')} after {self.timeout:g} s"
            raise self._timeout_error(printable(problem))
        return max(0.0, min(self.poll_interval, remaining))

    def check_failure(self, error: APIConnectionError) -> None:
        """Ignore the failure of a request if the time is over and the call has ended.

        Raises:
            WaitTimeoutError: The time is over, but the call has not ended.
            APIConnectionError: The time is not over.
        """
        if self.remaining() > 0:
            raise error
        if self._ended is None:
            raise self._timeout_error(
                f"Could not fetch the call within {self.timeout:g} s{self._last_status()}"
            ) from error

    def _last_status(self) -> str:
        status = self.last_call.get("status")
        return printable(f"; its last known status is {status}") if status else ""

    def _timeout_error(self, problem: str) -> WaitTimeoutError:
        error = WaitTimeoutError(
            f"{problem}. The call continues: wait again, give a longer timeout=, or end it with hangup_call()."
        )
        error.call = self.last_call or None
        return error
