# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, overload

from ..._core.model import Model


class ToolDefinition(Model):
    """A function that the agent may call."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("name", "description", "input_schema", "output_schema", "timeout_ms")
    _required: ClassVar[tuple[str, ...]] = ("name", "description", "input_schema")

    _defaults: ClassVar[dict[str, Any]] = {"timeout_ms": 30000}

    @overload
    def __init__(self, source: Mapping[str, Any], /) -> None: ...

    @overload
    def __init__(
        self,
        *,
        name: str,
        description: str,
        input_schema: dict[str, Any],
        output_schema: dict[str, Any] = ...,
        timeout_ms: int = ...,
    ) -> None: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @property
    def name(self) -> str:
        """The function's name."""
        return self._get("name")

    @property
    def description(self) -> str:
        """What the function does and when to call it. The agent reads this text."""
        return self._get("description")

    @property
    def input_schema(self) -> dict[str, Any]:
        """The function's arguments, as a JSON Schema of type `object`."""
        return self._get("input_schema")

    @property
    def output_schema(self) -> dict[str, Any] | None:
        """The function's result, as a JSON Schema of type `object`."""
        return self._get("output_schema")

    @property
    def timeout_ms(self) -> int | None:
        """How long the agent waits for the response, in milliseconds. The default is 30000."""
        return self._get("timeout_ms")
