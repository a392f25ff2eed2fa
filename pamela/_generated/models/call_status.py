# Made by `make generate` from openapi.yaml. Do not edit.
from enum import StrEnum
from typing import Any


class CallStatus(StrEnum):
    """Where a call stands: `queued`, `ringing`, `in_progress`, then one of `completed`, `failed` and `cancelled`. More
    may appear."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        """Return a member for a value that the specification did not have when this was generated."""
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    @property
    def is_final(self) -> bool:
        """Whether nothing changes any more after this."""
        return self in _FINAL


_FINAL = frozenset({CallStatus.COMPLETED, CallStatus.FAILED, CallStatus.CANCELLED})
