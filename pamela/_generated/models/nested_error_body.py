# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model, as_enum, as_model
from .error_code import ErrorCode
from .error_details import ErrorDetails


class NestedErrorBody(Model):
    """The inner part of a failure in its other shape."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "code",
        "message",
        "details",
    )
    _required: ClassVar[tuple[str, ...]] = ("message",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        as_model(self, "details", ErrorDetails)

    @property
    def code(self) -> ErrorCode | None:
        """What went wrong, as a number."""
        return as_enum(ErrorCode, self._get("code"))

    @property
    def message(self) -> str:
        """What went wrong, in words."""
        return self._get("message")

    @property
    def details(self) -> ErrorDetails | None:
        """More about it."""
        return as_model(self, "details", ErrorDetails)
