"""Going through the pages of a list, one page in memory at a time. Without I/O."""

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
        self.filters = {"limit": LARGEST_PAGE, **filters}
        self.offset: int = self.filters.pop("offset", None) or 0
        self.seen: set[str] = set()
        self.next: Request[CallPage] | None = self.request()

    def request(self) -> Request[CallPage]:
        return list_calls.build_request(**self.filters, offset=self.offset)

    def take(self, page: CallPage) -> list[Call]:
        """Take a page, give its calls that were not on the page before, and prepare the next request."""
        items = page.items_
        calls = [call for call in items if isinstance(call, Call)] if isinstance(items, list) else []
        new = [call for call in calls if id_of(call) not in self.seen]
        self.seen = {call_id for call in calls if (call_id := id_of(call)) is not None}
        told = page.get("next_offset")
        if not calls or not (page.get("has_more") or told):
            self.next = None
            return new
        self.offset = told if isinstance(told, int) and told > self.offset else self.offset + len(calls)
        self.next = self.request()
        return new


def id_of(call: Call) -> str | None:
    value = call.get("id")
    return value if isinstance(value, str) else None
