# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..._core.model import Model, as_datetime

if TYPE_CHECKING:
    from datetime import datetime


class Tool(Model):
    """A registered tool."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "id",
        "name",
        "description",
        "active",
        "input_schema",
        "output_schema",
        "timeout_ms",
        "created_at",
        "updated_at",
    )
    _required: ClassVar[tuple[str, ...]] = ("id", "name")

    @property
    def id(self) -> str:
        """The unique id of the tool."""
        return self._get("id")

    @property
    def name(self) -> str:
        """The function's name."""
        return self._get("name")

    @property
    def description(self) -> str | None:
        """What the function does and when to call it."""
        return self._get("description")

    @property
    def active(self) -> bool | None:
        """Whether the agent may call it."""
        return self._get("active")

    @property
    def input_schema(self) -> dict[str, Any] | None:
        """The function's arguments, as a JSON Schema."""
        return self._get("input_schema")

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """The function's result, as a JSON Schema."""
        return self._get("output_schema")

    @property
    def timeout_ms(self) -> int | None:
        """How long the agent waits for the response, in milliseconds."""
        return self._get("timeout_ms")

    @property
    def created_at(self) -> datetime | None:
        """When the tool was registered."""
        return as_datetime(self._get("created_at"))

    @property
    def updated_at(self) -> datetime | None:
        """When the tool last changed."""
        return as_datetime(self._get("updated_at"))
