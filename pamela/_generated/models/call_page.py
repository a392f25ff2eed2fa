# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import as_models, nest_models
from ..._core.pages import PageModel
from .call import Call


class CallPage(PageModel[Call]):
    """A page of calls, newest first."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("items", "total", "limit", "offset", "has_more", "next_offset")
    _required: ClassVar[tuple[str, ...]] = ("items",)

    def __init__(self, source: Any = (), /, **fields: Any) -> None:
        self.update(source)
        if fields:
            self.update(fields)
        nest_models(self, "items", Call)

    @property
    def items_(self) -> list[Call]:
        """The calls of this page."""
        return as_models(self, "items", Call)

    @property
    def total(self) -> int | None:
        """Number of matching calls on all pages."""
        return self._get("total")

    @property
    def limit(self) -> int | None:
        """Maximum number of calls in a page."""
        return self._get("limit")

    @property
    def offset(self) -> int | None:
        """Number of calls before this page."""
        return self._get("offset")

    @property
    def has_more(self) -> bool | None:
        """Whether there is another page."""
        return self._get("has_more")

    @property
    def next_offset(self) -> int | None:
        """The `offset` of the next page. Null on the last page."""
        return self._get("next_offset")

    @property
    def calls(self) -> list[Call]:
        """The calls of this page."""
        return as_models(self, "items", Call)
