# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model, as_model
from .nested_error_body import NestedErrorBody


class NestedError(Model):
    """A failure with a code, in its other shape."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("error",)
    _required: ClassVar[tuple[str, ...]] = ("error",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        as_model(self, "error", NestedErrorBody)

    @property
    def error(self) -> NestedErrorBody:
        """The failure."""
        return as_model(self, "error", NestedErrorBody)
