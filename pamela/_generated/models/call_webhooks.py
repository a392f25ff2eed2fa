# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, overload

from ..._core.model import Model


class CallWebhooks(Model):
    """Webhook addresses for one call."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("webhook_url", "tool_webhook_url")
    _required: ClassVar[tuple[str, ...]] = ()

    _defaults: ClassVar[dict[str, Any]] = {}

    @overload
    def __init__(self, source: Mapping[str, Any], /) -> None: ...

    @overload
    def __init__(self, *, webhook_url: str = ..., tool_webhook_url: str = ...) -> None: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @property
    def webhook_url(self) -> str | None:
        """Address for the call's events, as a URL."""
        return self._get("webhook_url")

    @property
    def tool_webhook_url(self) -> str | None:
        """Address for the call's tool invocations, as a URL."""
        return self._get("tool_webhook_url")
