# Made by `make generate` from openapi.yaml. Do not edit.
from __future__ import annotations

from typing import Any, ClassVar

from ..._core.model import as_models, nest_models
from ..._core.pages import PageModel
from .call import Call


class CallPage(PageModel[Call]):
    """A page of calls."""

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ("items", "total", "limit", "offset", "has_more", "next_offset")
    _required: ClassVar[tuple[str, ...]] = ("items",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        nest_models(self, "items", Call)

    @property
    def items_(self) -> list[Call]:
        """The page's calls."""
        return as_models(self, "items", Call)

    @property
    def total(self) -> int | None:
        """How many calls match in all."""
        return self._get("total")

    @property
    def limit(self) -> int | None:
        """How many calls a page has."""
        return self._get("limit")

    @property
    def offset(self) -> int | None:
        """How many calls were passed over."""
        return self._get("offset")

    @property
    def has_more(self) -> bool | None:
        """Whether there is another page."""
        return self._get("has_more")

    @property
    def next_offset(self) -> int | None:
        """The `offset` of the next page; null at the end."""
        return self._get("next_offset")

    @property
    def calls(self) -> list[Call]:
        """The page's calls."""
        return as_models(self, "items", Call)
