# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._model import Model


class NestedError(Model):
    """A failure with a code, in its other shape."""

    _fields: ClassVar[tuple[str, ...]] = ("error",)
    _required: ClassVar[tuple[str, ...]] = ("error",)

    @property
    def error(self) -> dict[str, Any]:
        """The failure."""
        return self._get("error")
