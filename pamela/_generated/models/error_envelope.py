# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model, as_models, nest_models
from .validation_issue import ValidationIssue


class ErrorEnvelope(Model):
    """A failure, wrapped as FastAPI wraps it."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("detail",)
    _required: ClassVar[tuple[str, ...]] = ("detail",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nest_models(self, "detail", ValidationIssue)

    @property
    def detail(self) -> list[ValidationIssue] | Any | Any | str:
        """A coded error, a text, or a list of what is wrong with the request."""
        return as_models(self, "detail", ValidationIssue)
