# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import ClassVar

from ..._core.model import Model


class ToolFailure(Model):
    """A tool could not be run."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "error",
        "correlation_id",
    )
    _required: ClassVar[tuple[str, ...]] = ("error",)

    @property
    def error(self) -> str:
        """What to tell the agent."""
        return self._get("error")

    @property
    def correlation_id(self) -> str | None:
        """The invocation's `correlation_id`."""
        return self._get("correlation_id")
