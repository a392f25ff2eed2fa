"""Reading a list page by page, with one page in memory. Without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._generated.api.calls import list_calls
from .._generated.models.call import Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._core.operation import Request
    from .._generated.models.call_page import CallPage

LARGEST_PAGE = 100


class Pages:
    """The pages of `list_calls`: asks for each in turn and says which of its calls are new.

    Calls placed while the list is read move the earlier ones down, so that a page may begin with the end of the page
    before it.
    """

    def __init__(self, filters: Mapping[str, Any]) -> None:
        self._filters = {"limit": LARGEST_PAGE, **filters}
        self._offset: int = self._filters.pop("offset", None) or 0
        self._ids_before: set[str] = set()
        self.next: Request[CallPage] | None = self._request()

    def _request(self) -> Request[CallPage]:
        return list_calls.build_request(**self._filters, offset=self._offset)

    def take(self, page: CallPage) -> list[Call]:
        """Take a page, return its calls that were not on the page before, and prepare the next request."""
        items = page.items_
        calls = [call for call in items if isinstance(call, Call)] if isinstance(items, list) else []
        new = [call for call in calls if id_of(call) not in self._ids_before]
        self._ids_before = {call_id for call in calls if (call_id := id_of(call)) is not None}
        next_offset = page.get("next_offset")
        if not calls or not (page.get("has_more") or next_offset):
            self.next = None
            return new
        if isinstance(next_offset, int) and next_offset > self._offset:
            self._offset = next_offset
        else:
            self._offset += len(calls)
        self.next = self._request()
        return new


def id_of(call: Mapping[str, Any]) -> str | None:
    """Return the id of a call if it has one."""
    value = call.get("id")
    return value if isinstance(value, str) else None
