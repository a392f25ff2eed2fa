# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import ClassVar

from ..._core.model import Model


class ErrorDetails(Model):
    """Values that belong to the failure."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("retry_after",)
    _required: ClassVar[tuple[str, ...]] = ()

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait before the next request."""
        return self._get("retry_after")
