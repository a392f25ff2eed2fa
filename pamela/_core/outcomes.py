"""The outcome of a call, derived from the fields of the call."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class CallOutcome(StrEnum):
    """The known outcome of a call.

    The API gives no machine-readable reason for a failed call. Busy, unanswered and refused calls are all
    `NOT_REACHED`. The text in `call.summary` may say more.
    """

    COMPLETED = "completed"
    """The call connected and ended normally."""
    NOT_REACHED = "not_reached"
    """The call ended before it connected: nobody answered, the line was busy, the number does not exist."""
    BROKEN_OFF = "broken_off"
    """The call connected and failed later."""
    CANCELLED = "cancelled"
    """The call was cancelled."""
    ONGOING = "ongoing"
    """The call has not ended."""


def outcome_of(call: Mapping[str, Any]) -> CallOutcome:
    """Return the outcome of a call.

    A call has *ended* when its status is `completed`, `failed` or `cancelled`, or when it has an `ended_at`. It has
    *connected* when it has a `started_at`, a `duration_seconds` above 0, or a transcript.

    | status | ended | connected | outcome |
    |---|---|---|---|
    | `completed` | | | `COMPLETED` |
    | `cancelled` | | | `CANCELLED` |
    | `failed` | | yes | `BROKEN_OFF` |
    | `failed` | | no | `NOT_REACHED` |
    | `queued`, `ringing`, `in_progress`, another, none | no | | `ONGOING` |
    | `queued`, `ringing`, `in_progress`, another, none | yes | yes | `COMPLETED`: nothing says that it failed |
    | `queued`, `ringing`, `in_progress`, another, none | yes | no | `NOT_REACHED` |

    A field that is null, blank or empty counts as absent. Upper and lower case make no difference, and `canceled` and
    `in-progress` are accepted too. An event has too few fields: get the call first.

    Args:
        call: The call: a `Call` or any mapping with its fields.

    Returns:
        The outcome. The function never raises.

    Example:
        >>> outcome_of({"status": "failed", "started_at": None})
        <CallOutcome.NOT_REACHED: 'not_reached'>
        >>> outcome_of({"status": "failed", "started_at": "2026-03-14T15:09:31Z"})
        <CallOutcome.BROKEN_OFF: 'broken_off'>
    """
    status = _normalized(call.get("status"))
    if status == "completed":
        return CallOutcome.COMPLETED
    if status == "cancelled":
        return CallOutcome.CANCELLED
    if status == "failed":
        return CallOutcome.BROKEN_OFF if _connected(call) else CallOutcome.NOT_REACHED
    if not _present(call.get("ended_at")):
        return CallOutcome.ONGOING
    return CallOutcome.COMPLETED if _connected(call) else CallOutcome.NOT_REACHED


def _normalized(status: Any) -> str:
    if not isinstance(status, str):
        return ""
    name = status.strip().lower().replace("-", "_")
    return "cancelled" if name == "canceled" else name


def _connected(call: Mapping[str, Any]) -> bool:
    duration = call.get("duration_seconds")
    has_duration = isinstance(duration, int | float) and not isinstance(duration, bool) and duration > 0
    return has_duration or _present(call.get("started_at")) or _present(call.get("transcript"))


def _present(value: Any) -> bool:
    """Return whether a field has a value."""
    if isinstance(value, str):
        return bool(value.strip())
    return bool(value) and value is not True
