# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import ClassVar

from ..._core.model import Model


class ToolDeletion(Model):
    """The result of deleting a tool."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("success", "message", "tool_id")
    _required: ClassVar[tuple[str, ...]] = ()

    @property
    def success(self) -> bool | None:
        """Whether the tool was deactivated."""
        return self._get("success")

    @property
    def message(self) -> str | None:
        """What was done, in words."""
        return self._get("message")

    @property
    def tool_id(self) -> str | None:
        """The tool's `id`."""
        return self._get("tool_id")
