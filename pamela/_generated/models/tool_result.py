# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model


class ToolResult(Model):
    """What a tool returned."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "result",
        "correlation_id",
    )
    _required: ClassVar[tuple[str, ...]] = ("result",)

    @property
    def result(self) -> Any:
        """Any JSON value, as the tool's `output_schema` says."""
        return self._get("result")

    @property
    def correlation_id(self) -> str | None:
        """The invocation's `correlation_id`."""
        return self._get("correlation_id")
