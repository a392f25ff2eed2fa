# Made by `make generate` from openapi.yaml. Do not edit.
from enum import IntEnum
from typing import Any


class ErrorCode(IntEnum):
    """The number of an error. The API may add values."""

    KEY_REQUIRED = 1001
    INVALID_KEY = 1002
    EXPIRED_KEY = 1003
    SUBSCRIPTION_REQUIRED = 1005
    VALIDATION_ERROR = 2001
    INVALID_PHONE_NUMBER = 2002
    RATE_LIMIT = 6001
    QUOTA = 6002
    PARTNER_NOT_FOUND = 7001
    PROJECT_NOT_FOUND = 7002
    CALL_NOT_FOUND = 7003
    NO_NUMBER_FOR_COUNTRY = 7004
    UNSUPPORTED_COUNTRY = 7005
    SUBSCRIPTION_EXPIRED = 7008

    @classmethod
    def _missing_(cls, value: object) -> Any:
        """Return a member for a value that the specification does not have."""
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_, member._value_ = str(value), value
        return member

    def __str__(self) -> str:
        return str(self.value)
