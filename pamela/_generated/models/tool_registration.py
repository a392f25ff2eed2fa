# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model, as_model
from .tool import Tool


class ToolRegistration(Model):
    """The result of registering a tool."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("success", "message", "tool_id", "tool")
    _required: ClassVar[tuple[str, ...]] = ("tool_id",)

    def __init__(self, source: Any = (), /, **fields: Any) -> None:
        self.update(source)
        if fields:
            self.update(fields)
        as_model(self, "tool", Tool)

    @property
    def success(self) -> bool | None:
        """Whether the tool was registered."""
        return self._get("success")

    @property
    def message(self) -> str | None:
        """What was done, in words."""
        return self._get("message")

    @property
    def tool_id(self) -> str:
        """The tool's `id`."""
        return self._get("tool_id")

    @property
    def tool(self) -> Tool | None:
        """The tool."""
        return as_model(self, "tool", Tool)
