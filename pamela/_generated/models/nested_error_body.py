# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._model import Model, as_enum
from .error_code import ErrorCode


class NestedErrorBody(Model):
    """The inner part of a failure in its other shape."""

    _fields: ClassVar[tuple[str, ...]] = (
        "code",
        "message",
        "details",
    )
    _required: ClassVar[tuple[str, ...]] = ("message",)

    @property
    def code(self) -> ErrorCode | None:
        """What went wrong, as a number."""
        return as_enum(ErrorCode, self._get("code"))

    @property
    def message(self) -> str:
        """What went wrong, in words."""
        return self._get("message")

    @property
    def details(self) -> dict[str, Any] | None:
        """More about it."""
        return self._get("details")
