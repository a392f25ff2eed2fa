# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model, as_models, nest_models
from .tool import Tool


class ToolList(Model):
    """The tools, in an object."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("tools",)
    _required: ClassVar[tuple[str, ...]] = ("tools",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nest_models(self, "tools", Tool)

    @property
    def tools(self) -> list[Tool]:
        """The tools."""
        return as_models(self, "tools", Tool)
