"""The origin of a page, with which it gets the next page."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from .._core.pagination import next_offset

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.operation import AsyncExecutor, Executor, Request


class PageOrigin:
    """The client and the request from which a page came.

    Attributes:
        is_async: Whether the client is async.
    """

    def __init__(self, client: Executor | AsyncExecutor, request: Request[Any], *, is_async: bool) -> None:
        self._client = client
        self._request = request
        self.is_async = is_async

    def next_page(self, page: Mapping[str, Any]) -> Any:
        """Return the page after a page, or None after the last page. An async client returns an awaitable."""
        parameters = dict(self._request.query)
        items = page.get("items")
        count = len(items) if isinstance(items, list) else 0
        offset = next_offset(page, page.get("next_offset"), int(parameters.get("offset", 0)), count)
        if offset is None:
            return None
        request = copy(self._request)
        request.query = [*{**parameters, "offset": str(offset)}.items()]
        return self._client._execute(request)


def set_origin(page: Any, client: Executor | AsyncExecutor, request: Request[Any], *, is_async: bool) -> None:
    """Set the origin of a page."""
    page._source = PageOrigin(client, request, is_async=is_async)
