"""What became of a call: the outcome, decided from what the API tells of it and from nothing else."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class CallOutcome(StrEnum):
    """What became of a call, as far as that can be known.

    The API gives no machine-readable reason for a failed call. Busy, unanswered and refused are all `NOT_REACHED`; the
    text in `call.summary` may say more, to a person.
    """

    COMPLETED = "completed"
    """The call connected and ended without a failure."""
    NOT_REACHED = "not_reached"
    """The call ended before it connected: nobody answered, the line was busy, the number does not exist."""
    BROKEN_OFF = "broken_off"
    """The call connected, and failed after that."""
    CANCELLED = "cancelled"
    """The call was cancelled."""
    ONGOING = "ongoing"
    """The call has not ended."""


def outcome_of(call: Mapping[str, Any]) -> CallOutcome:
    """Return what became of a call.

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

    Fields that are absent, null, blank or empty count as not there. Case, and the spellings `canceled` and `in-progress`,
    make no difference. Of an event, which lacks most fields of a call, the outcome cannot
    be known: get the call first.

    Args:
        call: The call, a `Call` or any JSON object with its fields.

    Returns:
        The outcome. It never raises.

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
    """Whether a field says something."""
    if isinstance(value, str):
        return bool(value.strip())
    return bool(value) and value is not True
