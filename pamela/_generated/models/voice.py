# Made by `make generate` from openapi.yaml. Do not edit.
from enum import StrEnum
from typing import Any


class Voice(StrEnum):
    """The voice of the agent. The API may add values."""

    MALE = "male"
    FEMALE = "female"
    AUTO = "auto"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        """Return a member for a value that the specification does not have."""
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member
