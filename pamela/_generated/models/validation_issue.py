# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import Model


class ValidationIssue(Model):
    """One thing that is wrong with a request."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = (
        "loc",
        "msg",
        "type",
    )
    _required: ClassVar[tuple[str, ...]] = (
        "loc",
        "msg",
        "type",
    )

    @property
    def loc(self) -> list[Any]:
        """The way to the value, from `body` or `query` on."""
        return self._get("loc")

    @property
    def msg(self) -> str:
        """What is wrong with it."""
        return self._get("msg")

    @property
    def type_(self) -> str:
        """The kind of fault."""
        return self._get("type")
