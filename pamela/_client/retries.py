"""Decides whether a failed request is sent again, and after which pause. Without I/O.

An attempt fails in one of four ways. The next step depends on whether a repeat could act twice:

| the attempt                                | idempotent | no key  | key, honoured   | key, not known to be honoured |
|--------------------------------------------|------------|---------|-----------------|-------------------------------|
| UNSENT: it had no effect                   | retry      | retry   | retry           | retry                         |
| LOST: it may have acted, a repeat may work | retry      | raise * | retry           | look up, then retry *         |
| UNCERTAIN: may have acted, repeat is futile| raise      | raise * | look up, raise *| look up, then raise *         |
| REFUSED: the service decided               | raise      | raise   | raise           | raise                         |

*: the exception is ambiguous. "Look up" searches the service's calls for the key, for `create_call` only. Other
requests with a key are repeated if the service honours keys; otherwise the exception is raised. A look-up also comes
before a retry after UNSENT while an earlier attempt is unresolved, and after the last LOST attempt.
"""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any

from ..errors import APIConnectionError, PamelaError, UnexpectedResponseError

RETRIED_STATUSES = frozenset({408, 500, 502, 503, 504})
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 8.0
LONGEST_RETRY_AFTER = 60.0


class FailureKind(Enum):
    """The kind of a failure, for the decision about a repeat."""

    UNSENT = "the service did nothing, and a retry may succeed"
    LOST = "the service may have carried it out, and a retry may succeed"
    UNCERTAIN = "the service may have carried it out, and a retry would fail the same way"
    REFUSED = "the service refused it, and would refuse it again"


class Decision(Enum):
    """What to do after a failed attempt."""

    RAISE = "raise the exception"
    RETRY = "send the request again"
    LOOK_UP_AND_RAISE = "look up the call; if there is none, raise the exception"
    LOOK_UP_AND_RETRY = "look up the call; if there is none, send the request again"


def kind_of(error: PamelaError) -> FailureKind:
    """Return the kind of failure of an exception."""
    status = error.status_code
    if isinstance(error, APIConnectionError):
        return FailureKind.LOST if error.sent else FailureKind.UNSENT
    if status == 429:
        return FailureKind.UNSENT
    if status in RETRIED_STATUSES:
        return FailureKind.LOST
    if isinstance(error, UnexpectedResponseError) and status is not None:
        if 200 <= status < 300:
            return FailureKind.LOST
        return FailureKind.UNCERTAIN if error.ambiguous else FailureKind.REFUSED
    return FailureKind.LOST if error.ambiguous else FailureKind.REFUSED


def decide(
    kind: FailureKind,
    *,
    idempotent: bool,
    has_key: bool,
    keys_honoured: bool,
    can_look_up: bool,
    retries_left: bool,
    outcome_unknown: bool,
) -> Decision:
    """Return the next step after a failed attempt.

    Args:
        kind: The kind of failure.
        idempotent: Whether the operation may be repeated any number of times.
        has_key: Whether the request has an idempotency key.
        keys_honoured: Whether the service is known to honour such keys.
        can_look_up: Whether the effect of an attempt can be looked up by its key.
        retries_left: Whether another attempt is allowed.
        outcome_unknown: Whether the effect of this attempt or an earlier one is unknown.
    """
    if kind is FailureKind.REFUSED:
        return Decision.RAISE
    if idempotent:
        return Decision.RETRY if retries_left and kind is not FailureKind.UNCERTAIN else Decision.RAISE
    if kind is FailureKind.UNCERTAIN:
        return Decision.LOOK_UP_AND_RAISE if can_look_up else Decision.RAISE
    if not outcome_unknown:
        return Decision.RETRY if retries_left else Decision.RAISE
    if has_key and keys_honoured and retries_left:
        return Decision.RETRY
    if can_look_up:
        return Decision.LOOK_UP_AND_RETRY if retries_left else Decision.LOOK_UP_AND_RAISE
    return Decision.RAISE


def longest_backoff(attempts: int) -> float:
    """Return the longest pause after a number of attempts, in seconds."""
    doublings = min(attempts - 1, 32)  # more would overflow a float
    return min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**doublings)


def retry_after(header: str | None, details: Any) -> float | None:
    """Return the seconds that the service asks to wait, from `Retry-After` (seconds or a date) or the error's details."""
    for value in (header, details.get("retry_after") if isinstance(details, dict) else None):
        wait = _seconds(value)
        if wait is not None:
            return wait
    return None


def _seconds(value: Any) -> float | None:
    try:
        wait = float(value)
    except (OverflowError, TypeError, ValueError):
        wait = _until(value)
    return wait if 0 <= wait < float("inf") else None


def _until(date: Any) -> float:
    """Return the seconds until an HTTP date; NaN if it is invalid."""
    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (AttributeError, OverflowError, TypeError, ValueError):
        return float("nan")
