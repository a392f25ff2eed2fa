# Made by `make generate` from openapi.yaml. Do not edit.
from enum import StrEnum
from typing import Any


class CallStatus(StrEnum):
    """The status of a call: `queued`, `ringing`, `in_progress`, and at the end `completed`, `failed` or `cancelled`.
    The API may add values."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        """Return a member for a value that the specification does not have."""
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    @property
    def is_final(self) -> bool:
        """Whether this value is final: it never changes again."""
        return self in _FINAL


_FINAL = frozenset({CallStatus.COMPLETED, CallStatus.FAILED, CallStatus.CANCELLED})
