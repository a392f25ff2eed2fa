"""The base of models that are pages of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

from ..errors import PamelaError
from .model import Model

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator

T = TypeVar("T")


class PageSource(Protocol):
    """The origin of a page."""

    def next_page(self, page: Any) -> Any:
        """Return the next page, or None after the last page. An async client returns an awaitable."""

    @property
    def is_async(self) -> bool:
        """Whether the client is async."""


class PageModel(Model, Generic[T]):
    """A page of a list. It is the JSON object of the response, but `for` and `len` use its items, not its keys."""

    __slots__ = ("_source",)
    _source: PageSource

    def __iter__(self) -> Iterator[T]:  # type: ignore[override]
        items = self.get("items")
        return iter(items if isinstance(items, list) else ())

    def __len__(self) -> int:
        """Return the number of items on the page."""
        items = self.get("items")
        return len(items) if isinstance(items, list) else 0

    def __bool__(self) -> bool:
        # A page without items is not false: `json` with an indent would write it as {}.
        return bool(self.keys())

    def next_page(self) -> Self | None:
        """Get the next page. Use it for pages of a `PamelaClient`.

        Returns:
            The next page, or None after the last page.

        Raises:
            PamelaError: The page could not be fetched. The subclass names the kind of error.
            TypeError: The page came from an `AsyncPamelaClient`.

        Example:
            >>> page = client.list_calls(limit=10)  # doctest: +SKIP
            >>> while page is not None:  # doctest: +SKIP
            ...     for call in page:
            ...         print(call.id)
            ...     page = page.next_page()
        """
        source = self._from()
        if source.is_async:
            raise TypeError("The page is from an AsyncPamelaClient: write `await page.next_page_async()`.")
        page: Self | None = source.next_page(self)
        return page

    async def next_page_async(self) -> Self | None:
        """Get the next page. Use it for pages of an `AsyncPamelaClient`.

        Returns:
            The next page, or None after the last page.

        Raises:
            PamelaError: The page could not be fetched. The subclass names the kind of error.
            TypeError: The page came from a `PamelaClient`.
        """
        source = self._from()
        if not source.is_async:
            raise TypeError("The page is from a PamelaClient: write `page.next_page()`.")
        following: Awaitable[Self | None] | None = source.next_page(self)
        return None if following is None else await following

    def _from(self) -> PageSource:
        source: PageSource | None = getattr(self, "_source", None)
        if source is None:
            raise PamelaError("The page was not fetched by a client, so there is no next one to fetch.")
        return source

    def __reduce__(self) -> Any:
        return type(self), (dict(self),)  # without the client, which can be neither copied nor pickled
