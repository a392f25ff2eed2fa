# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model


class ToolInvocation(Model):
    """The agent calls a tool."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "tool_name",
        "arguments",
        "call_id",
        "correlation_id",
        "call_session_id",
        "partner_id",
        "project_id",
    )
    _required: ClassVar[tuple[str, ...]] = ("tool_name", "arguments", "call_id", "correlation_id")

    @property
    def tool_name(self) -> str:
        """The function's name."""
        return self._get("tool_name")

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments, as the tool's `input_schema` describes them."""
        return self._get("arguments")

    @property
    def call_id(self) -> str:
        """The call's `id`."""
        return self._get("call_id")

    @property
    def correlation_id(self) -> str:
        """The id of this invocation. Send it back in the response."""
        return self._get("correlation_id")

    @property
    def call_session_id(self) -> str | None:
        """The id of the phone session."""
        return self._get("call_session_id")

    @property
    def partner_id(self) -> str | None:
        """The id of the account (the partner)."""
        return self._get("partner_id")

    @property
    def project_id(self) -> str | None:
        """The id of the project."""
        return self._get("project_id")
