"""Reads a list page by page, with one page in memory. Without I/O. The clients' iterators use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .model import Model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .operation import Request

T = TypeVar("T")


MOST_REPEATS = 2


class Pages(Generic[T]):
    """The pages of a list: builds the request of each page, and returns its items without those of the previous page.

    Args:
        build_request: Returns the request of a page.
        arguments: The arguments of the request. Absent ones are omitted.
        start: The argument with the start of a page.
        items: The field of a page with its items.
        following: The field of a page with the start of the next one.
        size: The argument with the number of items of a page, and its default.
    """

    def __init__(
        self,
        build_request: Callable[..., Request[Any]],
        arguments: Mapping[str, Any],
        *,
        start: str,
        items: str,
        following: str,
        size: tuple[str, int] | None = None,
    ) -> None:
        self._build_request = build_request
        self._arguments = {name: value for name, value in arguments.items() if value is not None}
        self._start = start
        self._items = items
        self._following = following
        if size is not None:
            self._arguments.setdefault(*size)
        self._ids_before: set[str] = set()
        self._repeats = 0
        self.next: Request[Any] | None = self._request()

    def _request(self) -> Request[Any]:
        return self._build_request(**self._arguments)

    def take(self, page: Mapping[str, Any]) -> list[T]:
        """Take a page, return its items without those of the previous page, and prepare the next request."""
        found = page.get(self._items)
        items: list[Any] = [item for item in found if isinstance(item, Model)] if isinstance(found, list) else []
        new = [item for item in items if _id_of(item) not in self._ids_before]
        self._ids_before = {id_ for item in items if (id_ := _id_of(item)) is not None}
        # One page with only known items is normal if items were added meanwhile. Two in a row mean that the service returns
        # the same page again and again.
        self._repeats = 0 if new or not items else self._repeats + 1
        goes_on = self._advance(page, len(items)) and self._repeats < MOST_REPEATS
        self.next = self._request() if goes_on else None
        return new

    def _advance(self, page: Mapping[str, Any], count: int) -> bool:
        """Set the start of the next page; return whether it exists."""
        raise NotImplementedError


class OffsetPages(Pages[T]):
    """The pages of a list with offsets.

    Items that are added while the list is read move the others, so a page may begin with the end of the previous page.
    """

    def _advance(self, page: Mapping[str, Any], count: int) -> bool:
        here: int = self._arguments.get(self._start, 0)
        offset = next_offset(page, page.get(self._following), here, count)
        self._arguments[self._start] = offset
        return offset is not None


class CursorPages(Pages[T]):
    """The pages of a list with cursors. An empty page may still have a next one."""

    def _advance(self, page: Mapping[str, Any], count: int) -> bool:
        following = page.get(self._following)
        if not following or following == self._arguments.get(self._start) or page.get("has_more") is False:
            return False
        self._arguments[self._start] = following
        return True


def next_offset(page: Mapping[str, Any], following: Any, here: int, count: int) -> int | None:
    """Return the offset of the next page, None after the last.

    Args:
        page: The page.
        following: The next offset according to the page.
        here: The offset of the page.
        count: The number of items on the page.
    """
    if not count or not (page.get("has_more") or following):
        return None
    return following if isinstance(following, int) and following > here else here + count


def _id_of(item: Mapping[str, Any]) -> str | None:
    value = item.get("id")
    return value if isinstance(value, str) else None
