# Made by `make generate` from openapi.yaml. Do not edit.
from enum import StrEnum
from typing import Any


class Voice(StrEnum):
    """A voice for the agent. More may appear."""

    MALE = "male"
    FEMALE = "female"
    AUTO = "auto"

    @classmethod
    def _missing_(cls, value: object) -> Any:
        """Return a member for a value that the specification did not have when this was generated."""
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member
